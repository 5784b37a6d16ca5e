import Ledger
import Statements
import TestKit
import Testing

/// What an entry says besides its statement, and which entries there are.
@Suite("Cheats: entries", .serialized, .timeLimit(.minutes(1)))
struct EntryCheats {
    static let family = Family("Entries", fields + repeated + signatures + history)

    @Test("the replay stops at it", arguments: family.rows)
    func holds(cheat: Cheat) async throws { try await cheat.hold() }

    @Test("a log in which nothing was forged yet is good", arguments: ForgedTalks.Course.allCases)
    func honest(course: ForgedTalks.Course) async throws {
        #expect(try await ForgedTalks(course).audit() == [])
    }

    private static let speaker = ForgedTalks.speaker

    private static let fields: [Cheat] = [
        .forged(
            "previous-skipped", [.relay], "names an earlier entry of the message as the one before", "recomputed-field",
            after: .conveyed
        ) { talks in
            try talks.put(.receipt(talks.reference, .retrieved), by: ForgedTalks.hezbollah, previous: 3)
        },
        .forged(
            "previous-left-out", [.relay], "names no entry of the message as the one before", "recomputed-field",
            after: .conveyed
        ) { talks in try talks.put(.receipt(talks.reference, .retrieved), by: ForgedTalks.hezbollah) },
        .forged(
            "wrong-constitution", [.relay], "names a revision of the constitution that is not in force",
            "recomputed-field"
        ) { talks in
            try talks.put(.keyPublication(talks.publication()), by: speaker) { $0.constitution = Revision(1) }
        },
        .forged(
            "wrong-roster", [.relay], "names a revision of the roster that is not in force", "recomputed-field"
        ) { talks in try talks.put(.keyPublication(talks.publication()), by: speaker) { $0.roster = Revision(1) } },
        .forged(
            "time-back", [.relay], "gives an entry an earlier time than the one before it has", "time-went-back"
        ) { talks in
            let before = talks.log.entry(6).acceptedAt - TimeSpan(milliseconds: 1)
            return try talks.put(.keyPublication(talks.publication()), by: speaker) { $0.acceptedAt = before }
        },
    ]

    private static let repeated: [Cheat] = [
        .forged("entry-twice", [.relay], "logs a statement a second time", "duplicate-statement") { talks in
            try talks.append(talks.statement(3), LogForge.Frame(at: talks.now))
        },
        .forged(
            "message-twice", [.relay, .originator], "logs a message a second time, signed by another delegate",
            "duplicate-statement"
        ) { talks in try talks.put(talks.statement(3).statement.act, by: FixtureWorld.deputy) },
    ]

    private static let signatures: [Cheat] = [
        .forged(
            "signature-of-another", [.relay], "puts a party's name to what another key signed", "signature-bad"
        ) { talks in
            try talks.put(.keyPublication(talks.publication()), by: speaker, signer: ForgedTalks.hezbollah)
        },
        .forged(
            "relay-without-act-key", [.relay], "says something as the relay without its act key", "signature-bad"
        ) { talks in
            try talks.put(.tick(talks.tick(speaker.party)), by: ForgedTalks.relay, signer: ForgedTalks.hezbollah)
        },
        .forged(
            "signature-left-out", [.relay], "leaves out one of the signatures of a statement", "entry-malformed"
        ) { talks in
            let index = talks.end
            try talks.forge.entries.append(SignerDropper.entry(talks))
            return index
        },
    ]

    private static let history: [Cheat] = [
        .forged(
            "charter-exchanged", [.relay], "puts another charter in entry 0", "charter-mismatch", .first
        ) { talks in
            let other = try FixtureWorld(start: talks.world.start + .seconds(1)).charter
            let entry = Entry(
                acceptedAt: talks.world.start, salt: FixtureWorld.bytes("other", 16), constitution: Revision(0),
                roster: Revision(0), previous: nil, body: .charter(other))
            talks.forge.entries[0] = try entry.derBytes()
            return 0
        },
        .forged("second-charter", [.relay], "logs a charter behind entry 0", "entry-malformed") { talks in
            let index = talks.end
            try talks.forge.append(.charter(talks.world.charter), LogForge.Frame(at: talks.now))
            return index
        },
        .forged("no-entry", [.relay], "logs bytes that are no entry", "entry-malformed") { talks in
            let index = talks.end
            talks.forge.entries.append([0x30, 0])
            return index
        },
        .forged(
            "entry-removed", [.relay], "leaves out an entry that others have seen", "rule-broken(other-log)", .gap
        ) { talks in
            talks.forge.entries.remove(at: 4)
            return 4
        },
        .forged(
            "entries-exchanged", [.relay], "changes the order of entries that others have seen",
            "rule-broken(other-log)", .witness
        ) { talks in
            talks.forge.entries.swapAt(1, 2)
            return 3
        },
        .forged(
            "other-salt", [.relay], "logs the same again with other random bytes, after others have seen it",
            "rule-broken(other-log)", .witness
        ) { talks in
            let old = talks.log.entry(2)
            let new = Entry(
                acceptedAt: old.acceptedAt, salt: FixtureWorld.bytes("other", 16), constitution: old.constitution,
                roster: old.roster, previous: old.previous, body: old.body)
            talks.forge.entries[2] = try new.derBytes()
            return 3
        },
        .forged(
            "seen-too-much", [.relay], "logs a statement whose signer had seen more of the log than there was",
            "rule-broken(other-log)"
        ) { talks in
            let later = LogHead(size: TreeSize(talks.end.rawValue + 1), root: .zero)
            return try talks.put(.keyPublication(talks.publication()), by: speaker, seen: later)
        },
        Cheat(
            "unseen-rewritten", .relay,
            what: "signs another history of entries that nobody had seen, in whose place nobody holds a checkpoint",
            .unnoticed("what nobody has seen binds nobody; every acceptance and every statement's `seen` ends that")
        ) {
            var talks = try ForgedTalks(.submitted)
            // Both keys were signed on the same head, so either order is a history.
            talks.forge.entries.removeLast()
            let shown = talks.forge.head()
            talks.forge.entries.swapAt(1, 2)
            try need(talks.forge.head() != shown, "the history is the same")
            let rewritten = talks
            return await .by(.replay) {
                if let found = try await rewritten.audit().first { throw Alarm(found) }
            }
        },
    ]
}

/// A statement of two signers with the signature of one, which no program of this project can write.
private enum SignerDropper {
    static func entry(_ talks: ForgedTalks) throws -> [UInt8] {
        let statement = Statement(
            charter: talks.world.charter.id, party: FixtureWorld.envoy.party,
            signers: [FixtureWorld.envoy.name, FixtureWorld.deputy.name], madeAt: talks.now,
            submitBy: talks.now + .hours(1), seen: talks.log.head, act: try talks.submission())
        let bytes = try statement.derBytes()
        let message = SignedStatement.message(statementBytes: bytes)
        let signatures = try [FixtureWorld.envoy, FixtureWorld.deputy].map { try talks.world.sign(message, by: $0) }
        let whole = Entry(
            acceptedAt: talks.now, salt: FixtureWorld.bytes("two signers", 16), constitution: Revision(0),
            roster: Revision(0), previous: nil,
            body: .statement(try SignedStatement(statementBytes: bytes, signatures: signatures)))
        let list = { (signatures: [[UInt8]]) in der(0x30, signatures.flatMap { der(0x04, $0) }) }
        let (full, cut) = (der(0x30, bytes + list(signatures)), der(0x30, bytes + list([signatures[0]])))
        let entry = try whole.derBytes()
        let tail = der(0xa2, full)
        try need(entry.suffix(tail.count) == tail[...], "the entry does not end with its statement")
        return der(0x30, Array(contents(of: entry).dropLast(tail.count)) + der(0xa2, cut))
    }

    /// A DER value with its tag and its length.
    private static func der(_ tag: UInt8, _ contents: [UInt8]) -> [UInt8] {
        let count = contents.count
        if count < 0x80 { return [tag, UInt8(count)] + contents }
        if count < 0x100 { return [tag, 0x81, UInt8(count)] + contents }
        return [tag, 0x82, UInt8(count >> 8), UInt8(count & 0xff)] + contents
    }

    /// What stands behind tag and length of a value of 256 bytes and more.
    private static func contents(of value: [UInt8]) -> ArraySlice<UInt8> { value[4...] }
}
