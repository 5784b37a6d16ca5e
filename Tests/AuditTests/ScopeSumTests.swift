import Audit
import Ledger
import Statements
import Store
import Testing
import TestKit

@Suite("What a full auditor counts for limited ones")
struct ScopeSumTests {
    private static let pair = PartyPair(FixtureWorld.envoy.party, FixtureWorld.speaker.party)

    /// Submissions over two channels, ticks between them, and acts on the watched one.
    private static func log() throws -> LogFixture {
        var log = try LogFixture(world: FixtureWorld(observes: [pair]))
        _ = try log.batch([log.publishKey(FixtureWorld.hezbollah), log.publishKey(FixtureWorld.speaker)])
        let toHezbollah = Leg(intermediaries: [], recipient: FixtureWorld.hezbollah.party)
        for number in 0..<300 {
            log.wait(.seconds(1))
            let isWatched = number.isMultiple(of: 3)
            let item = try log.submit(
                by: isWatched ? FixtureWorld.envoy : FixtureWorld.speaker, legs: [isWatched ? Talks.leg : toHezbollah])
            _ = try log.batch([item])
            guard number.isMultiple(of: 6), let leg = LegNumber(0) else { continue }
            let reference = LegReference(message: item.message, leg: leg)
            _ = try log.batch([
                log.sign(.conveyance(reference), by: FixtureWorld.speaker), log.tick(FixtureWorld.speaker.party),
            ])
        }
        return log
    }

    /// Counted from the entries by their routes alone.
    private static func expected(_ log: LogFixture, _ size: Int) -> ScopeSum {
        var sum = ScopeSum(party: FixtureWorld.observer.party)
        for (index, entry) in log.entries.prefix(size).enumerated() {
            guard let statement = entry.entry.signed?.statement else { continue }
            let isWatched =
                statement.act.kind == .conveyance
                || (statement.act.kind == .submission && statement.party == FixtureWorld.envoy.party)
            if isWatched { sum.add(LogIndex(UInt64(index)), leaf: Merkle.leafHash(entry.bytes)) }
        }
        return sum
    }

    @Test("the count is that of the entries, and the same when the replay goes on from a kept state")
    func counted() async throws {
        let bench = try Bench()
        let log = try Self.log()
        let charter = try TrustedCharter(log.world.charter.derBytes())
        let memory = AuditMemory(folder: MirrorFolder(path: bench.mirror()), key: try AuditKey.kept(in: bench.path))
        var forge = LogForge(log)
        let whole = log.entries.count
        for (size, resumed) in [(100, nil), (whole, TreeSize(100))] as [(Int, TreeSize?)] {
            forge.entries = Array(LogForge(log).entries.prefix(size))
            try forge.write(to: bench.mirror())
            let report = try await Verification(
                folder: MirrorFolder(path: bench.mirror()), charter: charter, workers: 2, memory: memory
            ).run()
            #expect(report.isGood && report.resumedFrom == resumed, "\(report.findings) \(report.remarks)")
            let verdict = try report.verdict(by: FixtureWorld.envoy, at: log.now)
            #expect(verdict.scopes == [Self.expected(log, size)])
        }
        #expect(Self.expected(log, whole).entries == 150)
    }

    @Test("a charter without limited auditors has none counted")
    func none() async throws {
        let report = try await Bench().audit(LogForge(try Talks().log))
        #expect(try report.verdict(by: FixtureWorld.envoy, at: FixtureWorld.standardStart).scopes.isEmpty)
    }
}
