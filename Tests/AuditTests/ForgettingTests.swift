import Audit
import Ledger
import Statements
import Testing
import TestKit

@Suite("A long replay forgets what can no longer matter, and nothing else")
struct ForgettingTests {
    /// One settled message, its key at its end, and more than 4,096 ticks over two months.
    private static let longPast = Result { () throws -> Talks in
        var talks = try Talks()
        try talks.fill(ticks: 4_200, over: .days(60))
        return talks
    }

    @Test("an honest log stays good")
    func honest() async throws {
        let talks = try Self.longPast.get()
        let report = try await Bench().audit(LogForge(talks.log))
        #expect(report.isGood, "\(report.findings)")
        #expect(report.replayed == 4_208)
    }

    @Test("a statement that was kept, and a message signed again, are still found")
    func again() async throws {
        let talks = try Self.longPast.get()
        let old = try #require(talks.log.entry(2).signed)
        var kept = LogForge(talks.log)
        let conveyance = try #require(talks.log.entry(3).signed)
        try kept.append(conveyance, LogForge.Frame(at: talks.log.now, previous: talks.last))
        #expect(try await Bench().audit(kept).firstFinding == "rule-broken(too-late)@4208")

        var signedAgain = LogForge(talks.log)
        let fresh = try LogForge.sign(
            old.statement.act, by: FixtureWorld.envoy, in: talks.world, at: talks.log.now, seen: talks.log.head)
        try signedAgain.append(fresh, LogForge.Frame(at: talks.log.now))
        #expect(try await Bench().audit(signedAgain).firstFinding == "duplicate-statement@4208")
    }

    @Test("an act on a message that ended long ago is still found")
    func ended() async throws {
        let talks = try Self.longPast.get()
        var forge = LogForge(talks.log)
        let act = try LogForge.sign(
            .conveyance(talks.reference), by: FixtureWorld.speaker, in: talks.world, at: talks.log.now,
            seen: talks.log.head)
        try forge.append(act, LogForge.Frame(at: talks.log.now, previous: talks.last))
        #expect(try await Bench().audit(forge).firstFinding == "rule-broken(unknown-message)@4208")
    }
}
