import Ledger
import Statements
import TestKit
import Testing

/// Statements and sealing keys that the rules forbid, in the log all the same.
@Suite("Cheats: statements and keys", .serialized, .timeLimit(.minutes(1)))
struct StatementCheats {
    static let family = Family("Statements and keys", statements)

    @Test("the replay stops at it", arguments: family.rows)
    func holds(cheat: Cheat) async throws { try await cheat.hold() }

    private static let speaker = ForgedTalks.speaker

    private static let statements: [Cheat] = [
        .forged(
            "logged-late", [.relay], "keeps a statement and logs it after its `submitBy`", "rule-broken(too-late)"
        ) { talks in
            let signed = try talks.log.publishKey(speaker, number: 1).signed
            let late = signed.statement.submitBy + TimeSpan(milliseconds: 1)
            return try talks.append(signed, LogForge.Frame(at: late))
        },
        .forged(
            "window-too-long", [.relay, .originator], "logs a statement that may be submitted for longer than allowed",
            "rule-broken(too-late)"
        ) { talks in
            let late = talks.now + .days(7) + TimeSpan(milliseconds: 1)
            return try talks.put(.keyPublication(talks.publication()), by: speaker, submitBy: late)
        },
        .forged(
            "backdated", [.relay], "gives an entry a time more than 5 min before its statement was made",
            "rule-broken(clock)"
        ) { talks in
            let made = talks.now + .minutes(5) + TimeSpan(milliseconds: 1)
            return try talks.put(.keyPublication(talks.publication()), by: speaker, madeAt: made)
        },
        .forged(
            "other-charter", [.relay], "logs a statement that was made under another charter",
            "rule-broken(wrong-charter)"
        ) { talks in
            try talks.put(.keyPublication(talks.publication()), by: speaker, charter: CharterID(.zero))
        },
        .forged(
            "not-in-office", [.relay], "logs a statement of somebody who is no delegate", "rule-broken(not-in-office)"
        ) { talks in
            guard let ghost = DelegateID("lebanon-speaker/ghost") else { throw NotPlayed("no name") }
            return try talks.put(.keyPublication(talks.publication()), by: ghost, signer: speaker)
        },
        .forged(
            "key-twice", [.relay, .recipient], "logs a sealing key again, for another time", "rule-broken(key-twice)"
        ) { talks in
            talks.log.wait(.days(1))
            return try talks.put(.keyPublication(talks.publication(number: 0)), by: speaker)
        },
        .forged(
            "key-destroyed-early", [.relay, .recipient], "logs a sealing key that is kept for less time than allowed",
            "rule-broken(bad-key-window)"
        ) { talks in
            let key = try talks.publication()
            let short = KeyPublication(
                sealingKey: key.sealingKey, sealFrom: key.sealFrom, sealUntil: key.sealUntil, keepUntil: key.sealUntil)
            return try talks.put(.keyPublication(short), by: speaker)
        },
        .forged(
            "too-many-keys", [.relay, .recipient], "logs a delegate's seventeenth sealing key",
            "rule-broken(over-limit)"
        ) { talks in
            var index = talks.end
            for number in 1...16 {
                index = try talks.put(.keyPublication(talks.publication(number: number)), by: speaker)
            }
            return index
        },
    ]
}
