import Audit
import Crypto
import Foundation
import Ledger
import Statements
import TestKit
import Testing

@Suite("A kept state is used only when it is the auditor's own, and of this log")
struct KeptStateTests {
    private static let log = Result { try BusyLog(seed: 4, count: 300) }
    private static let name = AuditMemory.file

    /// A folder with the first entries, replayed, and the state of that.
    private func kept(_ count: Int, _ log: BusyLog) async throws -> Bench {
        let bench = try Bench()
        try bench.put(log.files(count))
        #expect(try await bench.audit(log.charter, memory: bench.memory()).isGood)
        return bench
    }

    /// The replay began at entry 0, says that and why, and found nothing wrong.
    private func expectFresh(
        _ report: AuditReport, _ why: String, at location: SourceLocation = #_sourceLocation
    ) {
        #expect(report.resumedFrom == nil, sourceLocation: location)
        #expect(report.isGood, sourceLocation: location)
        #expect(report.remarks.map(\.code) == [.unusableState], "\(report.remarks)", sourceLocation: location)
        #expect(report.remarks.first?.path == Self.name, sourceLocation: location)
        #expect(report.remarks.first?.message.contains(why) == true, "\(report.remarks)", sourceLocation: location)
    }

    @Test("every single byte of it counts, and every length")
    func damaged() async throws {
        let log = try Self.log.get()
        let bench = try await kept(3, log)
        let state = try #require(try bench.state())
        for place in state.indices {
            var bytes = state
            bytes[place] ^= 1 << UInt8(place % 8)
            try bench.put([Self.name: bytes])
            expectFresh(try await bench.audit(log.charter, memory: bench.memory()), "damaged")
        }
        for changed in [[], Array(state.dropLast()), state + [0], state + state, Array(state.prefix(40))] {
            try bench.put([Self.name: changed])
            expectFresh(try await bench.audit(log.charter, memory: bench.memory()), "damaged")
        }
        try bench.put([Self.name: [UInt8](repeating: 0, count: 200_000)])
        expectFresh(try await bench.audit(log.charter, memory: bench.memory()), "is larger than")
        try bench.put([Self.name: state])
        #expect(try await bench.audit(log.charter, memory: bench.memory()).resumedFrom == 3)
    }

    @Test("what another auditor has kept is not believed")
    func foreign() async throws {
        let log = try Self.log.get()
        let bench = try await kept(100, log)
        expectFresh(
            try await bench.audit(log.charter, memory: bench.memory(key: "another")), "not made by this auditor")
        // It was replaced by an own one.
        #expect(try await bench.audit(log.charter, memory: bench.memory(key: "another")).resumedFrom == 100)
    }

    @Test("it is of one charter, one log and not of more than there is")
    func otherLog() async throws {
        let log = try Self.log.get()
        let bench = try await kept(300, log)
        try FileManager.default.removeItem(atPath: bench.mirror() + "/tile")
        try bench.put(log.files(250))
        expectFresh(try await bench.audit(log.charter, memory: bench.memory()), "speaks of 300 entries")

        let fork = try BusyLog(seed: 5, count: 310)
        try FileManager.default.removeItem(atPath: bench.mirror() + "/tile")
        try bench.put(fork.files())
        expectFresh(try await bench.audit(log.charter, memory: bench.memory()), "does not fit the tiles")

        // The same relay and parties under another title page: the state has the right form for it.
        let talks = try Talks()
        let other = try TrustedCharter(FixtureWorld(publication: .always).charter.derBytes())
        let same = try Bench()
        try LogForge(talks.log).write(to: same.mirror())
        #expect(try await same.audit(talks.charter, memory: same.memory()).isGood)
        let report = try await same.audit(other, memory: same.memory())
        #expect(report.resumedFrom == nil)
        #expect(report.remarks.first?.message.contains("of another charter") == true, "\(report.remarks)")
        #expect(report.firstFinding == "charter-mismatch@0")
    }

    @Test("a replay that finds something wrong keeps nothing, and one that is asked to starts over")
    func kept() async throws {
        let log = try Self.log.get()
        let bench = try Bench()
        var entries = Array(log.entries.prefix(100))
        entries.append([0x30, 0])
        try bench.put(log.files(of: entries))
        #expect(try await !bench.audit(log.charter, memory: bench.memory()).isGood)
        #expect(try bench.state() == nil)

        let good = try await kept(100, log)
        let state = try good.state()
        let again = try await good.audit(log.charter, memory: good.memory(startsOver: true))
        #expect(again.resumedFrom == nil)
        #expect(again.remarks.isEmpty)
        let replaced = try good.state()
        #expect(replaced != nil && replaced != state, "another key for the nonces was drawn")
        #expect(try await good.audit(log.charter, memory: good.memory()).resumedFrom == 100)
        #expect(try good.state() == replaced, "nothing new, nothing written")
    }

    @Test("a folder that cannot be written into is verified all the same")
    func unwritable() async throws {
        let log = try Self.log.get()
        let bench = try Bench()
        try bench.put(log.files(10))
        // A folder has the name of the file that is written first.
        try FileManager.default.createDirectory(
            atPath: "\(bench.mirror())/\(Self.name).part", withIntermediateDirectories: true)
        let report = try await bench.audit(log.charter, memory: bench.memory())
        #expect(report.isGood)
        #expect(report.remarks.contains { $0.code == .unusableState && $0.message.contains("could not be kept") })
    }

    /// The entries of a log, and a last one by somebody who saw it when it was small.
    private func seenEarly(_ log: BusyLog, _ size: Int) throws -> [[UInt8]] {
        let count = log.entries.count
        let now = log.moments[count - 1].now
        let key = KeyPublication(
            sealingKey: FixtureWorld.bytes("late", 1_216), sealFrom: now, sealUntil: now + .days(1),
            keepUntil: now + .days(60))
        let delegate = try #require(log.world.delegates.first)
        return log.entries
            + [try log.forged(.keyPublication(key), by: delegate, at: count, seen: log.moments[size - 1].head)]
    }

    /// Alters the hash of an entry in a tile below the split, and replays what came after the split.
    private func damageBelow(_ log: BusyLog, _ path: String, hash: Int, seen: Int) async throws -> AuditReport {
        let entries = try seenEarly(log, seen)
        let bench = try await kept(560, log)
        let files = try log.files(of: entries)
        var bytes = try #require(files[path])
        bytes[32 * hash] ^= 1
        try bench.put(files)
        try bench.put([path: bytes])
        let report = try await bench.audit(log.charter, memory: bench.memory())
        #expect(report.findings.map(\.code) == [.tileMismatch], "\(report.findings)")
        #expect(report.findings.first?.path == path)
        return report
    }

    @Test("a tile below the split is proven before it is used")
    func tileBelow() async throws {
        // Nothing but ticks after the first hour: no entry of the second tile has to be read again.
        let log = try BusyLog(seed: 6, count: 600, pause: .days(100))
        let bench = try await kept(560, log)
        try bench.put(log.files(of: seenEarly(log, 300)))
        let honest = try await bench.audit(log.charter, memory: bench.memory())
        #expect(honest.isGood, "\(honest.findings)")
        #expect(honest.resumedFrom == 560)
        let damaged = try await damageBelow(log, "tile/0/001", hash: 3, seen: 300)
        #expect(damaged.resumedFrom == 560)
    }

    @Test("what has to be read again is proven too, and everything replayed when it cannot be")
    func entriesBelow() async throws {
        let log = try BusyLog(seed: 6, count: 600)
        let tick = try log.last(.tick, before: 100).index
        for (path, hash) in [("tile/0/000", tick), ("tile/1/000.p/2", 1)] {
            let report = try await damageBelow(log, path, hash: hash, seen: 100)
            #expect(report.resumedFrom == nil)
            #expect(report.remarks.contains { $0.code == .unusableState }, "\(report.remarks)")
        }
        // A bundle whose entries are wanted, and are others.
        let bench = try await kept(560, log)
        try bench.put(log.files())
        var entries = Array(log.entries.prefix(256))
        entries.swapAt(1, 2)
        try bench.put(["tile/entries/000": EntryBundle.encode(entries)])
        let report = try await bench.audit(log.charter, memory: bench.memory())
        #expect(report.resumedFrom == nil)
        #expect(report.firstFinding == "tile-mismatch@1")
    }

    @Test("a nonce that looks like another one is read again")
    func alike() async throws {
        let log = try Self.log.get()
        let split = 200
        let next = try #require(
            try (split..<300).first { try log.entry($0).signed?.statement.act.kind == .submission })
        let statement = try #require(try log.entry(next).signed).statement
        guard case .submission(let submission) = statement.act else { return }
        let bench = try await kept(split, log)
        // Two more words, ahead of those that are there: one names a receipt, one an honest submission.
        let state = try KeptState(try #require(try bench.state()))
        let receipt = try log.last(.receipt, before: split).index
        let other = try log.last(.submission, before: split).index
        let words = [receipt, other].map { state.word(statement.party, submission.nonce, at: $0) }
        let key = try #require(FileManager.default.contents(atPath: "\(bench.path)/auditor/\(AuditKey.file)"))
        try bench.put([Self.name: state.with(words, key: SymmetricKey(data: key))])
        try bench.put(log.files())
        let report = try await bench.audit(log.charter, memory: bench.memory())
        #expect(report.resumedFrom == TreeSize(UInt64(split)))
        #expect(report.isGood, "\(report.findings)")

        // The same with the words that are true: the message was there, and is found when it comes again.
        var entries = log.entries
        let again = try log.forged(
            statement.act, by: statement.delegate(statement.signers[0]), at: next + 1)
        entries.insert(again, at: next + 1)
        try bench.put(log.files(of: entries))
        try bench.put([Self.name: state.with(words, key: SymmetricKey(data: key))])
        #expect(
            try await bench.audit(log.charter, memory: bench.memory()).firstFinding == "duplicate-statement@\(next + 1)"
        )
    }
}

/// The end of a state as `Docs/Specification.md#audit-state` has it: the nonces, and the code over everything.
private struct KeptState {
    private let head: [UInt8]
    private let nonceKey: [UInt8]
    private let words: [UInt64]

    /// Finds the nonces from the end: their count says where they begin.
    init(_ bytes: [UInt8]) throws {
        let body = Array(bytes.dropLast(32))
        var count = 0
        while body.count >= 8 * (count + 1) {
            let start = body.count - 8 * (count + 1)
            if Self.number(body[start..<start + 8]) == UInt64(count) { break }
            count += 1
        }
        let start = body.count - 8 * (count + 1)
        try #require(start >= 32)
        head = Array(body[..<start])
        nonceKey = Array(head.suffix(32))
        words = (0..<count).map { Self.number(body[start + 8 + 8 * $0..<start + 16 + 8 * $0]) }
        try #require(count > 0)
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

    func word(_ party: PartyID, _ nonce: Nonce, at index: Int) -> UInt64 {
        let digest = SHA256.hash(data: nonceKey + Array(party.description.utf8) + [0] + nonce.bytes)
        return (Self.number(Array(digest)[..<8]) >> 33) << 33 | UInt64(index)
    }

    func with(_ more: [UInt64], key: SymmetricKey) -> [UInt8] {
        let all = (words + more).sorted()
        var body = head
        for number in [UInt64(all.count)] + all {
            withUnsafeBytes(of: number.bigEndian) { body.append(contentsOf: $0) }
        }
        return body + HMAC<SHA256>.authenticationCode(for: body, using: key)
    }
}
