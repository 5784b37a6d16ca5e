import Audit
import Ledger
import Statements
import Testing
import TestKit

/// The log key signs all of these: only the replay can tell.
@Suite("The audit finds what a dishonest operator signed")
struct ForgedLogTests {
    /// Changes an honest log of eight entries; what is appended becomes entry 8.
    struct Forgery: Sendable, CustomTestStringConvertible {
        let name: String
        let finding: String
        let forge: @Sendable (Talks, inout LogForge) throws -> Void
        var testDescription: String { name }

        init(_ name: String, _ finding: String, _ forge: @escaping @Sendable (Talks, inout LogForge) throws -> Void) {
            self.name = name
            self.finding = finding
            self.forge = forge
        }
    }

    @Test("the first bad entry is named with what is wrong", arguments: againstRules + aboutSigners + aboutFields)
    func found(forgery: Forgery) async throws {
        let bench = try Bench()
        let talks = try Talks()
        var forge = LogForge(talks.log)
        try forgery.forge(talks, &forge)
        let report = try await bench.audit(forge)
        #expect(report.firstFinding == forgery.finding, "\(report.findings)")
        #expect(report.findings.count == 1)
    }

    static let envoy = FixtureWorld.envoy
    static let hezbollah = FixtureWorld.hezbollah
    static let speaker = FixtureWorld.speaker

    /// Signs an act on the honest head and puts it in as the relay would.
    static func put(
        _ act: Act, by delegate: DelegateID, _ talks: Talks, _ forge: inout LogForge, previous: LogIndex? = nil,
        signer: DelegateID? = nil, change: (inout LogForge.Frame) -> Void = { _ in }
    ) throws {
        let signed = try LogForge.sign(
            act, by: delegate, in: talks.world, at: talks.log.now, seen: talks.log.head, signer: signer)
        var frame = LogForge.Frame(at: talks.log.now, previous: previous)
        change(&frame)
        try forge.append(signed, frame)
    }

    static func submission(_ talks: Talks, legs: [Leg], expiresIn span: TimeSpan = .hours(48)) throws -> Act {
        var log = talks.log
        _ = try log.submit(by: envoy, legs: [Talks.leg])
        return try log.submit(by: envoy, legs: legs, expiresIn: span).signed.statement.act
    }

    static let againstRules = [
        Forgery("a barred route", "rule-broken(barred)@8") { talks, forge in
            let direct = Leg(intermediaries: [], recipient: hezbollah.party)
            try put(submission(talks, legs: [direct]), by: envoy, talks, &forge)
        },
        Forgery("a receipt by one who is not on the leg", "rule-broken(not-holder)@8") { talks, forge in
            try put(
                .receipt(talks.reference, .retrieved), by: envoy, talks, &forge, previous: talks.last)
        },
        Forgery("a conveyance by one who is no intermediary", "rule-broken(not-holder)@8") { talks, forge in
            try put(.conveyance(talks.reference), by: hezbollah, talks, &forge, previous: talks.last)
        },
        Forgery("a conveyance of what was passed on already", "rule-broken(wrong-state)@8") { talks, forge in
            try put(.conveyance(talks.reference), by: speaker, talks, &forge, previous: talks.last)
        },
        Forgery("a message past its expiry", "rule-broken(expired)@8") { talks, forge in
            try put(submission(talks, legs: [Talks.leg], expiresIn: .seconds(0)), by: envoy, talks, &forge)
        },
        Forgery("a statement past its submitBy", "rule-broken(too-late)@8") { talks, forge in
            let signed = try talks.log.publishKey(speaker).signed
            try forge.append(signed, LogForge.Frame(at: signed.statement.submitBy + TimeSpan(milliseconds: 1)))
        },
        Forgery("the same statement twice", "duplicate-statement@8") { talks, forge in
            let entry = talks.log.entry(2)
            let signed = try #require(entry.signed)
            try forge.append(signed, LogForge.Frame(at: talks.log.now))
        },
        Forgery("the same message signed again", "duplicate-statement@8") { talks, forge in
            let signed = try #require(talks.log.entry(2).signed)
            try put(signed.statement.act, by: FixtureWorld.deputy, talks, &forge)
        },
        Forgery("a statement under another charter", "rule-broken(wrong-charter)@8") { talks, forge in
            let signed = try LogForge.sign(
                .keyPublication(publication(talks)), by: speaker, in: talks.world, at: talks.log.now,
                seen: talks.log.head, charter: CharterID(.zero))
            try forge.append(signed, LogForge.Frame(at: talks.log.now))
        },
        Forgery("a tick that counts wrong", "tick-wrong@8") { talks, forge in
            try put(tick(talks) { ($0.arrivals + 1, $0.charterInForce, $0.keys) }, by: relay, talks, &forge)
        },
        Forgery("a tick that hides an amendment", "tick-wrong@8") { talks, forge in
            try put(tick(talks) { ($0.arrivals, .zero, $0.keys) }, by: relay, talks, &forge)
        },
        Forgery("a tick that hides a key", "tick-wrong@8") { talks, forge in
            try put(tick(talks) { ($0.arrivals, $0.charterInForce, .zero) }, by: relay, talks, &forge)
        },
        Forgery("a statement of one who saw another history", "rule-broken(other-log)@8") { talks, forge in
            let other = LogHead(size: 5, root: Merkle.leafHash([1]))
            let signed = try LogForge.sign(
                .keyPublication(publication(talks)), by: speaker, in: talks.world, at: talks.log.now, seen: other)
            try forge.append(signed, LogForge.Frame(at: talks.log.now))
        },
        Forgery("a statement of one who saw more than there was", "rule-broken(other-log)@8") { talks, forge in
            let later = try LogForge.sign(
                .keyPublication(publication(talks)), by: speaker, in: talks.world, at: talks.log.now,
                seen: LogHead(size: 9, root: .zero))
            try forge.append(later, LogForge.Frame(at: talks.log.now))
        },
    ]

    static let aboutSigners = [
        Forgery("another's signature", "signature-bad@8") { talks, forge in
            try put(.keyPublication(publication(talks)), by: speaker, talks, &forge, signer: hezbollah)
        },
        Forgery("the relay's own act without its act key", "signature-bad@8") { talks, forge in
            try put(talks.log.tick(envoy.party).signed.statement.act, by: relay, talks, &forge, signer: hezbollah)
        },
        Forgery("one who is no delegate", "rule-broken(not-in-office)@8") { talks, forge in
            let ghost = try #require(DelegateID("lebanon-speaker/ghost"))
            try put(.keyPublication(publication(talks)), by: ghost, talks, &forge, signer: speaker)
        },
    ]

    static let aboutFields = [
        Forgery("a time that goes back", "time-went-back@8") { talks, forge in
            try put(.keyPublication(publication(talks)), by: speaker, talks, &forge) {
                $0.acceptedAt = $0.acceptedAt - TimeSpan(milliseconds: 1)
            }
        },
        Forgery("an entry that skips one of its message", "recomputed-field@4") { talks, forge in
            forge.entries.removeLast(4)
            let signed = try #require(talks.log.entry(4).signed)
            try forge.append(signed, LogForge.Frame(at: talks.log.entry(4).acceptedAt, previous: 2))
        },
        Forgery("an entry that names none before it", "recomputed-field@4") { talks, forge in
            forge.entries.removeLast(4)
            let signed = try #require(talks.log.entry(4).signed)
            try forge.append(signed, LogForge.Frame(at: talks.log.entry(4).acceptedAt))
        },
        Forgery("a constitution that was not in force", "recomputed-field@8") { talks, forge in
            try put(.keyPublication(publication(talks)), by: speaker, talks, &forge) { $0.constitution = Revision(1) }
        },
        Forgery("a roster that was not in force", "recomputed-field@8") { talks, forge in
            try put(.keyPublication(publication(talks)), by: speaker, talks, &forge) { $0.roster = Revision(1) }
        },
        Forgery("a second charter", "entry-malformed@8") { talks, forge in
            try forge.append(.charter(talks.world.charter), LogForge.Frame(at: talks.log.now))
        },
        Forgery("bytes that are no entry", "entry-malformed@8") { _, forge in forge.entries.append([0x30, 0]) },
        Forgery("no bytes at all", "entry-malformed@8") { _, forge in forge.entries.append([]) },
    ]

    static let relay = DelegateID(party: .relay, name: .act)

    static func publication(_ talks: Talks) throws -> KeyPublication {
        guard case .keyPublication(let found) = try talks.log.publishKey(speaker).signed.statement.act else {
            throw FormError("KeyPublication", expected: "one")
        }
        return found
    }

    static func tick(_ talks: Talks, _ change: (Tick) -> (UInt64, Hash, Hash)) throws -> Act {
        guard case .tick(let tick) = try talks.log.tick(hezbollah.party).signed.statement.act else {
            throw FormError("Tick", expected: "one")
        }
        let (arrivals, charter, keys) = change(tick)
        return .tick(Tick(party: tick.party, arrivals: arrivals, charterInForce: charter, keys: keys))
    }
}
