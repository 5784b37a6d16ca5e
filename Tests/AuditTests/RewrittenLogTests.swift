import Audit
import Ledger
import Statements
import Testing
import TestKit

@Suite("The audit finds a history that was rewritten and signed again")
struct RewrittenLogTests {
    /// An honest log of which nobody had seen more than the charter: no statement binds it further.
    private func unseen() throws -> LogFixture {
        let world = try FixtureWorld()
        var log = try LogFixture(world: world)
        let founding = log.head
        let resign = { (item: LogFixture.Item, log: LogFixture) throws -> LogFixture.Item in
            let statement = item.signed.statement
            let delegate = statement.delegate(statement.signers[0])
            return try LogFixture.Item(
                LogForge.sign(statement.act, by: delegate, in: world, at: log.now, seen: founding))
        }
        _ = try log.batch([resign(log.publishKey(FixtureWorld.hezbollah), log)])
        let submitted = try resign(log.submit(by: FixtureWorld.envoy, legs: [Talks.leg]), log)
        _ = try log.batch([submitted])
        let leg = LegReference(message: submitted.message, leg: try #require(LegNumber(0)))
        for (act, delegate) in [
            (Act.conveyance(leg), FixtureWorld.speaker), (.receipt(leg, .retrieved), FixtureWorld.hezbollah),
            (.receipt(leg, .opened), FixtureWorld.hezbollah),
        ] {
            _ = try log.batch([resign(log.sign(act, by: delegate), log)])
        }
        return log
    }

    @Test("the log they start from is good")
    func honest() async throws {
        let report = try await Bench().audit(LogForge(unseen()))
        #expect(report.isGood, "\(report.findings)")
    }

    @Test(
        "a removed entry leaves a hole in what follows",
        arguments: [
            (0, "charter-mismatch@0"), (1, "rule-broken(not-sealed-to-recipient)@1"),
            (2, "rule-broken(unknown-message)@2"), (3, "rule-broken(wrong-state)@3"),
            (4, "rule-broken(wrong-state)@4"),
        ])
    func removed(index: Int, finding: String) async throws {
        var forge = LogForge(try unseen())
        forge.entries.remove(at: index)
        #expect(try await Bench().audit(forge).firstFinding == finding)
    }

    @Test(
        "entries in another order break the rules",
        arguments: [
            (0, "charter-mismatch@0"), (1, "rule-broken(not-sealed-to-recipient)@1"),
            (2, "rule-broken(unknown-message)@2"), (3, "rule-broken(wrong-state)@3"),
            (4, "rule-broken(wrong-state)@4"),
        ])
    func reordered(index: Int, finding: String) async throws {
        var forge = LogForge(try unseen())
        forge.entries.swapAt(index, index + 1)
        #expect(try await Bench().audit(forge).firstFinding == finding)
    }

    @Test("what a delegate has seen can never be taken back", arguments: 1..<6)
    func seen(index: Int) async throws {
        var forge = LogForge(try Talks().log)
        forge.entries.remove(at: index)
        #expect(try await Bench().audit(forge).firstFinding == "rule-broken(other-log)@\(index)")
    }

    @Test("the same entries with fresh random bytes are another log")
    func fresh() async throws {
        let log = try Talks().log
        var forge = LogForge(log)
        let old = log.entry(1)
        let new = Entry(
            acceptedAt: old.acceptedAt, salt: FixtureWorld.bytes("other", 16), constitution: old.constitution,
            roster: old.roster, previous: nil, body: old.body)
        forge.entries[1] = try new.derBytes()
        #expect(try await Bench().audit(forge).firstFinding == "rule-broken(other-log)@2")
    }
}
