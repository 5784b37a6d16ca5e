import Audit
import Ledger
import Rules
import Statements
import TestKit
import Testing

/// A log under a charter that wants contents kept for three days: five letters to the speaker, opened one after the
/// other on the first day.
private struct Letters {
    var log: LogFixture
    let messages: [MessageID]

    static let retention = TimeSpan.days(3)
    static let relay = DelegateID(party: .relay, name: .act)
    private static let zero = LegNumber(0).unsafelyUnwrapped

    init() throws {
        var limits = Limits.standard
        limits.retention = Self.retention
        var log = try LogFixture(world: FixtureWorld(limits: limits))
        _ = try log.batch(FixtureWorld.delegates.map { try log.publishKey($0) })
        let leg = Leg(intermediaries: [], recipient: FixtureWorld.speaker.party)
        messages = try (0..<5).map { _ in
            log.wait(.minutes(1))
            let item = try log.submit(by: FixtureWorld.envoy, legs: [leg])
            _ = try log.batch([item])
            return item.message
        }
        for message in messages {
            for outcome in [ReceiptOutcome.retrieved, .opened] {
                log.wait(.hours(1))
                let reference = LegReference(message: message, leg: Self.zero)
                _ = try log.batch([log.sign(.receipt(reference, outcome), by: FixtureWorld.speaker)])
            }
        }
        self.log = log
    }

    mutating func erase(_ messages: [MessageID]) throws {
        _ = try log.batch([log.sign(.erasure(messages), by: Self.relay)])
    }

    /// The log with one more erasure that nobody has decided.
    func forged(_ messages: [MessageID], after span: TimeSpan = .seconds(0)) throws -> LogForge {
        var forge = LogForge(log)
        let time = log.now + span
        let signed = try LogForge.sign(.erasure(messages), by: Self.relay, in: log.world, at: time, seen: log.head)
        try forge.append(signed, LogForge.Frame(at: time))
        return forge
    }
}

@Suite("An auditor replays erasures")
struct ErasureAuditTests {
    @Test("erasures by the rules are content, from the beginning and from every state")
    func honest() async throws {
        var letters = try Letters()
        letters.log.wait(Letters.retention + .hours(-4))
        try letters.erase([letters.messages[1], letters.messages[0]])
        letters.log.wait(.days(1))
        try letters.erase(Array(letters.messages[2...]))
        let forge = LogForge(letters.log)
        let charter = try TrustedCharter(letters.log.world.charter.derBytes())
        for split in 1..<forge.entries.count {
            let bench = try Bench()
            try forge.write(to: bench.mirror(), split)
            #expect(try await bench.audit(charter, memory: bench.memory()).isGood)
            try forge.write(to: bench.mirror())
            let full = try await bench.audit(charter, memory: nil)
            #expect(full.isGood, "\(full.findings)")
            let resumed = try await bench.audit(charter, memory: bench.memory())
            #expect(resumed.resumedFrom == TreeSize(UInt64(split)))
            #expect(resumed.whole == full.whole, "\(split)")
        }
    }

    @Test("an erasure before the retention is over is found, also from a state")
    func early() async throws {
        var letters = try Letters()
        // The last one was opened now; a moment before its time.
        letters.log.wait(Letters.retention + TimeSpan(milliseconds: -1))
        let message = try #require(letters.messages.last)
        try await expect("rule-broken(not-due)", letters.forged([message]))
        try await expect(nil, letters.forged([message], after: TimeSpan(milliseconds: 1)))
        try await expect("rule-broken(not-due)", letters.forged(letters.messages))
    }

    @Test("an erasure of what is not settled, of nothing, and a second one are found")
    func wrong() async throws {
        var letters = try Letters()
        let leg = Leg(intermediaries: [], recipient: FixtureWorld.speaker.party)
        let open = try letters.log.submit(by: FixtureWorld.envoy, legs: [leg])
        _ = try letters.log.batch([open])
        letters.log.wait(.days(30))
        try await expect("rule-broken(wrong-state)", letters.forged([open.message]))
        try await expect("rule-broken(unknown-message)", letters.forged([MessageID(.zero)]))
        try await expect("rule-broken(wrong-state)", letters.forged([letters.messages[0], letters.messages[0]]))
        try letters.erase([letters.messages[0]])
        try await expect("rule-broken(wrong-state)", letters.forged([letters.messages[0]]))
    }

    /// The last entry is what is found, from the beginning and from a state before it.
    private func expect(_ finding: String?, _ forge: LogForge) async throws {
        let bench = try Bench()
        let charter = try TrustedCharter(forge.world.charter.derBytes())
        let last = forge.entries.count - 1
        try forge.write(to: bench.mirror(), last)
        #expect(try await bench.audit(charter, memory: bench.memory()).isGood)
        try forge.write(to: bench.mirror())
        let wanted = finding.map { "\($0)@\(last)" }
        #expect(try await bench.audit(charter, memory: nil).firstFinding == wanted)
        #expect(try await bench.audit(charter, memory: bench.memory()).firstFinding == wanted)
    }
}
