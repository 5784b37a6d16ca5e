import Audit
import Foundation
import Ledger
import Statements
import TestKit

/// A log of one proposal through the speaker, and what tests need to know of it.
struct Talks: Sendable {
    static let leg = Leg(
        intermediaries: [FixtureWorld.speaker.party], recipient: FixtureWorld.hezbollah.party)

    let world: FixtureWorld
    var log: LogFixture
    private(set) var message: MessageID
    /// The entry of the message that came last.
    private(set) var last: LogIndex

    /// Charter, sealing key, submission, and the acts asked for, each in a batch of its own.
    init(_ steps: [Step] = Step.allCases) throws {
        world = try FixtureWorld()
        log = try LogFixture(world: world)
        _ = try log.batch([log.publishKey(FixtureWorld.hezbollah)])
        log.wait(.seconds(1))
        let item = try log.submit(by: FixtureWorld.envoy, legs: [Self.leg])
        _ = try log.batch([item])
        message = item.message
        last = 2
        for step in steps { try take(step) }
    }

    enum Step: CaseIterable { case convey, retrieve, open, tick }

    private mutating func take(_ step: Step) throws {
        log.wait(.seconds(1))
        let items: [LogFixture.Item]
        switch step {
        case .convey: items = [try log.sign(.conveyance(reference), by: FixtureWorld.speaker)]
        case .retrieve: items = [try log.sign(.receipt(reference, .retrieved), by: FixtureWorld.hezbollah)]
        case .open: items = [try log.sign(.receipt(reference, .opened), by: FixtureWorld.hezbollah)]
        case .tick: items = [try log.tick(FixtureWorld.hezbollah.party), try log.tick(FixtureWorld.envoy.party)]
        }
        let size = log.head.size.rawValue
        _ = try log.batch(items)
        if step != .tick { last = LogIndex(size) }
    }

    /// Ticks at equal distances, a hundred to a batch.
    mutating func fill(ticks: Int, over span: TimeSpan) throws {
        for _ in 0..<ticks / 100 {
            log.wait(TimeSpan(milliseconds: span.milliseconds * 100 / Int64(ticks)))
            _ = try log.batch((0..<100).map { try log.fillerTick($0) })
        }
    }

    var reference: LegReference {
        get throws {
            guard let leg = LegNumber(0) else { throw FormError("Leg", expected: "0") }
            return LegReference(message: message, leg: leg)
        }
    }

    var charter: TrustedCharter {
        get throws { try TrustedCharter(world.charter.derBytes()) }
    }

    /// A log of more than `count` entries: many keys' worth of submissions, with ticks between them.
    static func long(_ count: Int) throws -> LogFixture {
        var log = try LogFixture(world: FixtureWorld())
        _ = try log.batch([log.publishKey(FixtureWorld.hezbollah), log.publishKey(FixtureWorld.speaker)])
        while log.entries.count < count {
            log.wait(.seconds(1))
            var items: [LogFixture.Item] = []
            for _ in 0..<20 { items.append(try log.submit(by: FixtureWorld.envoy, legs: [leg])) }
            _ = try log.batch(items)
            _ = try log.batch([log.tick(FixtureWorld.speaker.party)])
        }
        return log
    }
}

/// A folder of its own, gone with the value that holds it.
final class Bench: Sendable {
    let path: String

    init() throws {
        // In memory where there is such a folder: some tests write and read very often.
        let shared = FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : nil
        path = "\(shared ?? FileManager.default.temporaryDirectory.path)/valise-audit-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func mirror(_ name: String = "mirror") -> String { "\(path)/\(name)" }

    /// Every file below a folder, by its path.
    func files(_ name: String = "mirror") throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: mirror(name)) {
            guard let bytes = FileManager.default.contents(atPath: "\(mirror(name))/\(path)") else { continue }
            files[path] = Array(bytes)
        }
        return files
    }

    /// Audits what a forged log looks like from outside.
    func audit(_ forge: LogForge, against: [Verification.KeptCheckpoint] = []) async throws -> AuditReport {
        try forge.write(to: mirror())
        return try await audit(TrustedCharter(forge.world.charter.derBytes()), against: against)
    }

    func audit(
        _ charter: TrustedCharter, against: [Verification.KeptCheckpoint] = []
    ) async throws -> AuditReport {
        try await Verification(
            folder: MirrorFolder(path: mirror()), charter: charter, against: against, workers: 2
        ).run()
    }
}

extension AuditReport {
    /// The first finding as scripts see it: `code@entry`, or the code alone.
    var firstFinding: String? {
        findings.first.map { finding in
            finding.index.map { "\(finding.label)@\($0)" } ?? finding.label
        }
    }
}
