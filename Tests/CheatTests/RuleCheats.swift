import Statements
import TestKit
import Testing

/// What the rules forbid, in the log all the same: the operator appends it, mostly together with whoever gains by it.
@Suite("Cheats: acts against the rules", .serialized, .timeLimit(.minutes(1)))
struct RuleCheats {
    static let family = Family("Acts against the rules", messages + parties)

    @Test("the replay stops at it", arguments: family.rows)
    func holds(cheat: Cheat) async throws { try await cheat.hold() }

    private static let envoy = ForgedTalks.envoy
    private static let speaker = ForgedTalks.speaker
    private static let hezbollah = ForgedTalks.hezbollah

    private static let messages: [Cheat] = [
        .forged(
            "direct-over-bar", [.relay, .originator], "logs a message straight between two barred parties",
            "rule-broken(barred)"
        ) { talks in
            let direct = Leg(intermediaries: [], recipient: hezbollah.party)
            return try talks.put(talks.submission(legs: [direct]), by: envoy)
        },
        .forged(
            "carried-over-bar", [.relay, .originator, .intermediary],
            "logs a message whose route has two barred parties in a row in its middle", "rule-broken(barred)"
        ) { talks in
            let around = Leg(intermediaries: [envoy.party], recipient: hezbollah.party)
            return try talks.put(talks.submission(by: speaker, legs: [around]), by: speaker)
        },
        .forged(
            "closed-channel", [.relay, .originator], "logs a message over a channel that is closed",
            "rule-broken(channel-closed)"
        ) { talks in
            let act = try talks.submission()
            talks.log.wait(.days(3_651))
            return try talks.put(act, by: envoy)
        },
        .forged(
            "over-the-channel", [.relay, .originator], "logs a larger payload than the channel takes",
            "rule-broken(over-limit)"
        ) { talks in
            try talks.put(talks.submission { $0.changed(payloadSize: 1 << 30 + 1) }, by: envoy)
        },
        .forged(
            "over-quota", [.relay, .originator], "logs one unsettled message more than the quota",
            "rule-broken(quota-exceeded)", after: .submitted, limits: oneMessage
        ) { talks in try talks.put(talks.submission(), by: envoy) },
        .forged(
            "past-expiry", [.relay, .originator], "logs a message at its expiry", "rule-broken(expired)"
        ) { talks in
            let now = talks.now
            return try talks.put(talks.submission { $0.changed(expiry: now) }, by: envoy)
        },
        .forged(
            "sealed-to-bystander", [.relay, .originator], "logs a message that is also sealed to a party on no route",
            "rule-broken(sealed-to-bystander)"
        ) { talks in
            let keys = try [talks.publication(by: hezbollah, number: 0), talks.publication(number: 0)].map(\.keyID)
            return try talks.put(
                talks.submission(legs: [RelayInABox.toSpeaker]) { $0.changed(sealedTo: keys.sorted()) }, by: envoy)
        },
        .forged(
            "not-sealed-to-recipient", [.relay, .originator], "logs a message that its recipient cannot open",
            "rule-broken(not-sealed-to-recipient)"
        ) { talks in
            let key = try talks.publication(number: 0).keyID
            return try talks.put(talks.submission { $0.changed(sealedTo: [key]) }, by: envoy)
        },
        .forged(
            "sealed-to-expired-key", [.relay, .originator], "logs a message to a key that is past its `sealUntil`",
            "rule-broken(not-sealed-to-recipient)"
        ) { talks in
            let later = talks.now + .days(8)
            let act = try talks.submission { $0.changed(expiry: later + .hours(48)) }
            talks.log.wait(.days(8))
            return try talks.put(act, by: envoy)
        },
        .forged(
            "stale-revisions", [.relay, .originator], "logs a message under other revisions than those in force",
            "rule-broken(stale-charter)"
        ) { talks in
            let other = WrittenUnder(constitution: Revision(1), rosters: [])
            return try talks.put(talks.submission { $0.changed(writtenUnder: other) }, by: envoy)
        },
    ]

    private static let oneMessage = {
        var limits = Limits.standard
        limits.unsettledMessages = 1
        return limits
    }()

    private static let parties: [Cheat] = [
        .forged(
            "conveyed-by-stranger", [.relay], "logs a conveyance by a party that is no intermediary of the leg",
            "rule-broken(not-holder)", after: .submitted
        ) { talks in try talks.put(.conveyance(talks.reference), by: hezbollah, previous: talks.last) },
        .forged(
            "conveyed-twice", [.relay, .intermediary], "logs a second conveyance of a leg that was passed on",
            "rule-broken(wrong-state)"
        ) { talks in try talks.put(.conveyance(talks.reference), by: speaker, previous: talks.last) },
        .forged(
            "conveyed-after-expiry", [.relay, .intermediary], "logs a conveyance after the expiry",
            "rule-broken(wrong-state)", after: .submitted
        ) { talks in
            talks.log.wait(.hours(49))
            return try talks.put(.conveyance(talks.reference), by: speaker, previous: talks.last)
        },
        .forged(
            "receipt-for-another", [.relay], "logs a receipt by a party that is not on the leg",
            "rule-broken(not-holder)", after: .conveyed
        ) { talks in try talks.put(.receipt(talks.reference, .retrieved), by: envoy, previous: talks.last) },
        .forged(
            "receipt-of-blind-hop", [.relay, .intermediary],
            "logs a receipt of a hop that the content is not sealed to",
            "rule-broken(not-holder)", after: .submitted
        ) { talks in try talks.put(.receipt(talks.reference, .retrieved), by: speaker, previous: talks.last) },
        .forged(
            "opened-before-retrieved", [.relay, .recipient], "logs `opened` before `retrieved`",
            "rule-broken(wrong-state)", after: .conveyed
        ) { talks in try talks.put(.receipt(talks.reference, .opened), by: hezbollah, previous: talks.last) },
        .forged(
            "refused-after-opening", [.relay, .recipient], "logs the refusal of a message that was opened",
            "rule-broken(wrong-state)"
        ) { talks in try talks.put(.refusal(talks.reference, .declined), by: hezbollah, previous: talks.last) },
        .forged(
            "recalled-after-retrieval", [.relay, .originator], "logs a recall of what was retrieved",
            "rule-broken(wrong-state)", after: .retrieved
        ) { talks in
            try talks.put(.recall(talks.message, legs: [talks.reference.leg]), by: envoy, previous: talks.last)
        },
        .forged(
            "recalled-by-another", [.relay, .intermediary], "logs a recall by another party than the originator",
            "rule-broken(not-holder)", after: .submitted
        ) { talks in
            try talks.put(.recall(talks.message, legs: [talks.reference.leg]), by: speaker, previous: talks.last)
        },
        .forged(
            "forged-expiry", [.relay], "logs a notice of expiry before the time is over", "rule-broken(not-due)",
            after: .conveyed
        ) { talks in try talks.put(.expiry(talks.reference), by: ForgedTalks.relay, previous: talks.last) },
        .forged(
            "party-speaks-as-relay", [.relay], "logs a notice of expiry that a party signed",
            "rule-broken(not-in-office)", after: .submitted
        ) { talks in
            talks.log.wait(.hours(49))
            return try talks.put(.expiry(talks.reference), by: envoy, previous: talks.last)
        },
    ]
}
