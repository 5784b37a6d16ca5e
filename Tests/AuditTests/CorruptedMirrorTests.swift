import Audit
import Foundation
import Ledger
import Statements
import TestKit
import Testing

/// `VALISE_CORRUPTIONS` says how many are drawn, `VALISE_SEED` draws the same ones again.
@Suite("Every corruption of a mirror is reported with its place")
struct CorruptedMirrorTests {
    /// Most of them are of small mirrors: those are quick.
    private static let sizes = [1, 1, 2, 2, 2, 2, 255, 255, 256, 256, 257, 257, 700]
    private static let log = Result { try BusyLog(seed: 77, count: 700, pause: .seconds(20)) }

    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    /// The mirrors of one task, one for each size, in a folder of its own.
    private struct Mirrors {
        let bench: Bench
        let charter: TrustedCharter
        private var files: [Int: [String: [UInt8]]] = [:]
        private var corruptions: [Int: LogCorruptions] = [:]

        init(_ log: BusyLog) throws {
            bench = try Bench()
            charter = try log.charter
            for size in Set(CorruptedMirrorTests.sizes) {
                let files = try log.files(size)
                let entries = Array(log.entries.prefix(size))
                let other = LogHead(size: TreeSize(UInt64(size)), root: Merkle.leafHash([1]))
                self.files[size] = files
                corruptions[size] = LogCorruptions(
                    entries: entries, files: files, otherNote: try log.world.checkpoint(other))
                try bench.put(files, in: "\(size)")
            }
        }

        func audit(_ size: Int) async throws -> AuditReport {
            try await Verification(
                folder: MirrorFolder(path: bench.mirror("\(size)")), charter: charter, workers: 1
            ).run()
        }

        /// Draws a corruption, and says what is missing of what has to be found.
        func run(_ random: inout LogNumbers) async throws -> String? {
            let size = CorruptedMirrorTests.sizes[Int(random.next() % UInt64(CorruptedMirrorTests.sizes.count))]
            guard let corruption = try corruptions[size]?.draw(&random), let honest = files[size] else { return nil }
            for (path, bytes) in corruption.changes { try set(path, bytes, size) }
            let report = try await audit(size)
            for path in corruption.changes.keys { try set(path, honest[path], size) }
            return Self.missing(report, corruption).map { "\(size) entries, \(corruption): \($0)" }
        }

        private func set(_ path: String, _ bytes: [UInt8]?, _ size: Int) throws {
            let whole = "\(bench.mirror("\(size)"))/\(path)"
            if let bytes {
                try LogForge.write(bytes, to: whole)
            } else if FileManager.default.fileExists(atPath: whole) {
                try FileManager.default.removeItem(atPath: whole)
            }
        }

        private static func missing(_ report: AuditReport, _ corruption: LogCorruption) -> String? {
            guard let first = report.findings.first else { return "nothing was found" }
            let paths = report.findings.compactMap(\.path)
            guard paths.contains(where: { corruption.places.contains($0) }) else { return "only \(paths) were named" }
            guard let entry = corruption.entry else { return nil }
            return first.index == entry ? nil : "\(first) was found first, not entry \(entry)"
        }
    }

    @Test("bits, lengths, truncations, files exchanged, notes, and orders")
    func drawn() async throws {
        let log = try Self.log.get()
        let count = Int(Self.number("VALISE_CORRUPTIONS") ?? 1_000)
        let seed = Self.number("VALISE_SEED") ?? UInt64.random(in: 1...999_999)
        print("\(count) corruptions, seed \(seed)")
        let tasks = 2
        let missed = try await withThrowingTaskGroup(of: [String].self) { group in
            for task in 0..<tasks {
                group.addTask {
                    let mirrors = try Mirrors(log)
                    var random = LogNumbers(seed: seed &* 1_000_003 &+ UInt64(task))
                    var missed: [String] = []
                    for _ in stride(from: task, to: count, by: tasks) {
                        if let miss = try await mirrors.run(&random) { missed.append(miss) }
                    }
                    // Put back as they were, they are good: each finding came from its corruption.
                    for size in Set(Self.sizes) { #expect(try await mirrors.audit(size).isGood, "\(size)") }
                    return missed
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(missed.isEmpty, "seed \(seed): \(missed.count) of \(count): \(missed.prefix(5))")
    }
}
