import Audit
import Logging
import Statements
import Synchronization
import TestKit
import Watch

/// An auditor who follows a relay with `valise-audit follow --once`, each look a process of its own: what it knows is
/// on its disk.
struct FollowingAuditor: Sendable {
    let stage: Stage
    let source: any LogSource

    /// One round.
    /// - Throws: an ``Alarm`` with the code of the first one that is told.
    func look() async throws {
        let folder = stage.site.folder.path
        let alarms = Alarms()
        let truth = stage.truth
        let follower = Follower(
            folder: MirrorFolder(path: "\(folder)/followed"),
            charter: try TrustedCharter(stage.site.world.charter.derBytes()), source: source,
            key: try AuditKey.kept(in: "\(folder)/auditor"), settings: Follower.Settings(), now: { truth.now },
            logger: Logger(label: "follower") { _ in SwiftLogNoOpLogHandler() }
        ) { event in
            if case .alarm(let alarm) = event { alarms.add(alarm.code) }
        }
        _ = try await follower.round()
        if let first = alarms.first { throw Alarm(first) }
    }

    private final class Alarms: Sendable {
        private let codes = Mutex<[String]>([])
        var first: String? { codes.withLock { $0.first } }
        func add(_ code: String) { codes.withLock { $0.append(code) } }
    }
}

extension Scene {
    func follower() throws -> FollowingAuditor { FollowingAuditor(stage: stage, source: ServedLog(box: box)) }
}

/// The log as a running relay serves it to an auditor.
private struct ServedLog: LogSource {
    let box: RelayInABox

    func fetch(path: String, limit: Int) async throws -> [UInt8] {
        let reading = try await LoadConnection.reading(
            "/\(path)", port: box.site.port, as: FixtureWorld.envoy, at: box.clock.now
        ) { try box.world.sign($0, by: FixtureWorld.envoy) }
        let answer = try await box.exchange(reading)
        guard answer.status == 200 else { throw AuditError(.notServed, "\(path): \(answer.status)", hint: "none") }
        return answer.body
    }
}

/// The first answer to each path, for ever.
actor FrozenLog: LogSource {
    private let source: any LogSource
    private var known: [String: [UInt8]] = [:]
    init(_ source: any LogSource) { self.source = source }

    func fetch(path: String, limit: Int) async throws -> [UInt8] {
        if let bytes = known[path] { return bytes }
        let bytes = try await source.fetch(path: path, limit: limit)
        known[path] = bytes
        return bytes
    }
}
