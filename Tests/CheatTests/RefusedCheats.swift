import Ledger
import Statements
import TestKit
import Testing
import Wire

/// What parties try at an honest relay. Together with a dishonest one they are found by the replay.
@Suite("Cheats: what the relay refuses", .serialized, .timeLimit(.minutes(1)))
struct RefusedCheats {
    static let family = Family("At an honest relay", rows)

    @Test("the relay says no", arguments: family.rows)
    func holds(cheat: Cheat) async throws { try await cheat.hold() }

    private static func refused(
        _ id: String, _ who: Cheater, _ what: String, _ code: String, limits: Limits = .standard,
        _ hand: @escaping @Sendable (Scene) async throws -> LoadConnection.Answer
    ) -> Cheat {
        Cheat(id, [who], what, .noticed(.relay, code, .atOnce)) {
            try await Stage.play(limits: limits) { scene in
                await .by(.relay) {
                    let answer = try await hand(scene)
                    if answer.status != 200 { throw Alarm(try Problem(parsing: answer.body).code) }
                }
            }
        }
    }

    /// A message of the envoy's to the speaker, with a change in how it is signed.
    private static func handIn(
        _ scene: Scene, legs: [Leg] = [RelayInABox.toSpeaker], madeAt: Timestamp? = nil, submitBy: Timestamp? = nil,
        signer: DelegateID? = nil, charter: CharterID? = nil, _ spoil: ([UInt8]) -> [UInt8] = { $0 }
    ) async throws -> LoadConnection.Answer {
        let letter = try scene.box.letter(legs: legs)
        let signed = try scene.box.site.sign(
            scene.box.submission(letter), by: FixtureWorld.envoy, seen: scene.box.head, madeAt: madeAt,
            submitBy: submitBy, signer: signer, charter: charter)
        return try await scene.box.post(.submitEnvelope, spoil(RealEnvelope(letter, signed: signed).bytes))
    }

    private static let rows = [
        refused("sent-over-bar", .originator, "sends a message straight to a party it is barred from", "barred") {
            try await handIn($0, legs: [Leg(intermediaries: [], recipient: FixtureWorld.hezbollah.party)])
        },
        refused(
            "sent-over-quota", .originator, "sends more messages than may be unsettled", "quota-exceeded",
            limits: {
                var limits = Limits.standard
                limits.unsettledMessages = 1
                return limits
            }()
        ) { scene in
            _ = try scene.box.accepted(await handIn(scene))
            return try await handIn(scene)
        },
        refused("dated-ahead", .originator, "dates a statement more than 5 min ahead", "clock") { scene in
            try await handIn(scene, madeAt: scene.box.clock.now + .minutes(5) + TimeSpan(milliseconds: 1))
        },
        refused(
            "handed-in-late", .originator, "keeps a signed statement and hands it in after its `submitBy`", "too-late"
        ) { scene in
            try await handIn(
                scene, madeAt: scene.box.clock.now - .hours(2),
                submitBy: scene.box.clock.now - TimeSpan(milliseconds: 1))
        },
        refused(
            "replayed-elsewhere", .originator, "hands in what was signed under another charter", "wrong-charter"
        ) { try await handIn($0, charter: CharterID(.zero)) },
        refused(
            "signed-for-another", .intermediary, "signs a message in the name of another party", "not-authenticated"
        ) { try await handIn($0, signer: FixtureWorld.speaker) },
        refused(
            "other-payload", .originator, "hands in another payload than the one whose digest it signed",
            "digest-mismatch"
        ) { try await handIn($0) { $0.dropLast() + [($0.last ?? 0) ^ 1] } },
        refused(
            "asked-without-receipt", .recipient, "asks for content before it has logged its receipt", "not-released"
        ) { scene in
            try await scene.box.get(.envelope(scene.delivered()), as: FixtureWorld.hezbollah)
        },
        refused(
            "asked-by-blind-hop", .intermediary, "asks for content that it carries blind", "not-released"
        ) { scene in
            try await scene.box.get(.envelope(scene.delivered()), as: FixtureWorld.speaker)
        },
    ]
}
