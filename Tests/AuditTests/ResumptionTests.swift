import Audit
import Ledger
import Rules
import Statements
import TestKit
import Testing

@Suite("A replay that goes on from a kept state says what a full one says")
struct ResumptionTests {
    private static let count = 600
    private static let splits = [1, 2, 3, 74, 255, 256, 257, 400, 511, 512, 513, 599, 600]
    private static let log = Result { try BusyLog(seed: 20_261_127, count: count) }

    /// Replays the first entries and keeps the state, then all of them: from the state, and from the beginning.
    private func compare(
        _ log: BusyLog, _ entries: [[UInt8]], split: Int, in bench: Bench
    ) async throws -> (resumed: AuditReport, full: AuditReport) {
        let charter = try log.charter
        try bench.put(log.files(of: Array(entries.prefix(split))))
        _ = try await bench.audit(charter, memory: bench.memory())
        try bench.put(log.files(of: entries))
        let full = try await bench.audit(charter, memory: nil)
        return (try await bench.audit(charter, memory: bench.memory()), full)
    }

    @Test("an honest log, whatever was replayed before", arguments: splits)
    func honest(split: Int) async throws {
        let log = try Self.log.get()
        let (resumed, full) = try await compare(log, log.entries, split: split, in: Bench())
        #expect(full.isGood, "\(full.findings)")
        #expect(full.replayed == UInt64(Self.count))
        #expect(resumed.resumedFrom == TreeSize(UInt64(split)))
        #expect(resumed.whole == full.whole)
    }

    @Test("other logs, at drawn places", arguments: [UInt64(1), 2, 3, 4])
    func drawn(seed: UInt64) async throws {
        var random = LogNumbers(seed: seed)
        // Little time between messages: most of them are under way at any place.
        let log = try BusyLog(seed: seed, count: 420, pause: .seconds(5))
        for _ in 0..<3 {
            let split = Int.random(in: 80..<420, using: &random)
            let (resumed, full) = try await compare(log, log.entries, split: split, in: Bench())
            #expect(full.isGood, "seed \(seed): \(full.findings)")
            #expect(resumed.resumedFrom == TreeSize(UInt64(split)))
            #expect(resumed.whole == full.whole, "seed \(seed), split \(split)")
        }
    }

    @Test("states on states")
    func chain() async throws {
        let log = try Self.log.get()
        let bench = try Bench()
        var before: TreeSize?
        for count in [1, 2, 255, 256, 257, 300, 512, 600] {
            try bench.put(log.files(count))
            let resumed = try await bench.audit(log.charter, memory: bench.memory())
            #expect(resumed.resumedFrom == before)
            #expect(resumed.isGood, "\(count): \(resumed.findings)")
            let full = try await bench.audit(log.charter, memory: nil)
            #expect(resumed.whole == full.whole, "\(count)")
            before = TreeSize(UInt64(count))
        }
    }

    @Test("around the moment at which the replay forgets", arguments: [4_095, 4_096, 4_097])
    func forgetting(split: Int) async throws {
        let talks = try Self.longPast.get()
        let bench = try Bench()
        var forge = LogForge(talks.log)
        let act = try LogForge.sign(
            .conveyance(talks.reference), by: FixtureWorld.speaker, in: talks.world, at: talks.log.now,
            seen: talks.log.head)
        try forge.append(act, LogForge.Frame(at: talks.log.now, previous: talks.last))
        try forge.write(to: bench.mirror(), split)
        #expect(try await bench.audit(talks.charter, memory: bench.memory()).isGood)
        try forge.write(to: bench.mirror())
        let full = try await bench.audit(talks.charter, memory: nil)
        #expect(full.firstFinding == "rule-broken(unknown-message)@4108")
        let resumed = try await bench.audit(talks.charter, memory: bench.memory())
        #expect(resumed.resumedFrom == TreeSize(UInt64(split)))
        #expect(resumed.whole == full.whole)
    }

    /// One settled message, then ticks over two months: 4,108 entries.
    private static let longPast = Result { () throws -> Talks in
        var talks = try Talks()
        try talks.fill(ticks: 4_100, over: .days(60))
        return talks
    }

    @Test("a broken rule before, at and behind the split", arguments: BrokenEntry.all)
    func broken(entry: BrokenEntry) async throws {
        let log = try Self.log.get()
        let place = 310
        var entries = Array(log.entries.prefix(330))
        entries.insert(try entry.make(log, place), at: place)
        let charter = try log.charter
        let whole = try log.files(of: entries)
        var full: AuditReport?
        for split in [256, place - 1, place, place + 1] {
            let bench = try Bench()
            try bench.put(log.files(of: Array(entries.prefix(split))))
            _ = try await bench.audit(charter, memory: bench.memory())
            try bench.put(whole)
            let resumed = try await bench.audit(charter, memory: bench.memory())
            // What was found to be broken is never a state to go on from.
            #expect(resumed.resumedFrom == (split <= place ? TreeSize(UInt64(split)) : nil))
            if full == nil { full = try await bench.audit(charter, memory: nil) }
            #expect(resumed.whole == full?.whole, "split \(split)")
        }
        #expect(full?.firstFinding == "\(entry.finding)@\(place)", "\(full?.findings ?? [])")
        #expect(full?.findings.count == 1)
    }

    @Test("an entry is shown once, in order, when it was found right")
    func observer() async throws {
        final class Seen: EntryObserver {
            var indices: [UInt64] = []
            var kinds: [Act.Kind?] = []
            func see(_ entry: Entry, at index: LogIndex) {
                indices.append(index.rawValue)
                kinds.append(entry.signed?.statement.act.kind)
            }
        }
        let log = try Self.log.get()
        let bench = try Bench()
        try bench.put(log.files(300))
        let first = Seen()
        _ = try await bench.audit(log.charter, memory: bench.memory(), observer: first)
        #expect(first.indices == Array(0..<300))
        var entries = Array(log.entries.prefix(400))
        entries[380] = try log.framed(log.last(.receipt, before: 200).signed, at: 380)
        try bench.put(log.files(of: entries))
        let second = Seen()
        let report = try await bench.audit(log.charter, memory: bench.memory(), observer: second)
        #expect(report.firstFinding == "duplicate-statement@380")
        #expect(second.indices == Array(300..<380))
        #expect(try second.kinds.last == .some(log.entry(379).signed?.statement.act.kind))
    }
}
