import Desk
import Ledger
import Relay
import Rules
import Sealing
import Statements
import TestKit
import Testing
import Transport

/// Who holds a message, and what is said of it.
@Suite("Cheats: custody", .serialized, .timeLimit(.minutes(1)))
struct CustodyCheats {
    static let family = Family("Custody", delays + words)

    @Test("the log says who had it, not what was thought of it", arguments: family.rows)
    func holds(cheat: Cheat) async throws { try await cheat.hold() }

    private static let delays: [Cheat] = [
        Cheat(
            "held-back", .intermediary, what: "carries a message no further, and does not say so",
            .noticed(.originator, "expired", .expiry)
        ) {
            try await Stage.play { scene in
                let (message, desk) = (try await scene.send(), try scene.envoy)
                return await .by([
                    Look(.originator) { try await desk.expectOpen(message) },
                    Look(.originator, .expiry) {
                        scene.pass(Scene.proposal.lifetime)
                        try await desk.expectOpen(message)
                    },
                ])
            }
        },
        Cheat(
            "read-and-not-confirmed", .recipient, what: "retrieves a message and never says what came of it",
            .noticed(.originator, "unconfirmed", .grace)
        ) {
            try await Stage.play { scene in
                let (message, desk) = (try await scene.delivered(), try scene.envoy)
                try await scene.box.tell(message, by: FixtureWorld.hezbollah) { .receipt($0, .retrieved) }
                return await .by([
                    Look(.originator) { try await desk.expectOpen(message) },
                    Look(.originator, .expiry) {
                        scene.pass(.hours(48))
                        try await desk.expectOpen(message)
                    },
                    Look(.originator, .grace) {
                        scene.pass(scene.box.world.charter.charter.limits.confirmGrace)
                        try await desk.expectOpen(message)
                    },
                ])
            }
        },
        Cheat(
            "expiry-not-logged", .relay, what: "logs no notice when a leg runs out of time",
            .noticed(.follower, "notice-missing", .twoTicks)
        ) {
            try await Stage.play { scene in
                var brief = Scene.proposal
                brief.lifetime = .hours(1)
                try await scene.send(brief)
                let desk = try scene.envoy
                scene.lies.tell { $0.due = { _ in [] } }
                await scene.intervals(6)
                let party = FixtureWorld.envoy.party
                let follower = try scene.follower()
                return await .by([
                    Look(.originator) {
                        let charged = scene.box.server.log.snapshot.standing.counters[party]?.unsettledMessages
                        try need(charged == 1, "the quota is given back")
                        try await desk.expectCalm()
                    },
                    scene.replay, Look(.follower) { try await follower.look() },
                    Look(.follower, .nextTick) {
                        await scene.interval()
                        try await follower.look()
                    },
                    Look(.follower, .twoTicks) {
                        await scene.interval()
                        try await follower.look()
                    },
                ])
            }
        },
    ]

    private static let words: [Cheat] = [
        Cheat(
            "falsely-unreadable", .recipient, what: "says that a message cannot be opened, and has read it",
            .unnoticed("only who can open the same payload could tell; in a dispute its bytes can be shown")
        ) {
            try await Stage.play { scene in
                let (message, desk) = (try await scene.delivered(), try scene.envoy)
                try await scene.box.tell(message, by: FixtureWorld.hezbollah) { .receipt($0, .retrieved) }
                try await scene.box.tell(message, by: FixtureWorld.hezbollah) { .receipt($0, .unreadable(.wrap)) }
                return await .by([
                    Look(.originator) {
                        try need(try await desk.message(message).state.legs[0].stage == .unreadable(.wrap), "not said")
                        try await desk.expectCalm()
                    },
                    scene.replay,
                ])
            }
        },
        Cheat(
            "restated-falsely", .intermediary,
            what: "passes on other words than a message had, as those of that message",
            .unnoticed("a restatement is the intermediary's own word; only the two texts side by side tell")
        ) {
            try await Stage.play { scene in
                let (source, desk) = (try await scene.direct(), try scene.hezbollah)
                _ = try await scene.speaker.read(source)
                var words = Scene.proposal
                words.legs = [Leg(intermediaries: [], recipient: FixtureWorld.hezbollah.party)]
                words.text = Array("pine".utf8)
                words.source = .named(source)
                words.manner = .translated
                let message = try await scene.speaker.send(words).message
                return await .by([
                    Look(.recipient) {
                        let read = try await desk.read(message)
                        try need(read.fields.contains(.source(.named(source))), "no source is named")
                        try await desk.expectCalm()
                    },
                    scene.replay,
                ])
            }
        },
        revealed(
            "revealed-and-never-read", "reveals a source that it carried blind, as if it had read it",
            "source-not-opened"
        ) { opening in opening.commitment() },
        revealed(
            "revealed-another", "reveals another source than it had committed to", "commitment-mismatch"
        ) { _ in Hash.sha256([1]) },
    ]

    /// The speaker reveals the source of words whose source it had withheld: a proposal that it carried.
    private static func revealed(
        _ id: String, _ what: String, _ code: String, _ committed: @escaping @Sendable (SourceOpening) -> Hash
    ) -> Cheat {
        Cheat(id, [.intermediary], what, .noticed(.recipient, code, .atOnce)) {
            try await Stage.play { scene in
                let source = try await scene.delivered()
                let carried = try await scene.speaker.message(source)
                guard let nonce = Nonce(SealedLetter.random(Nonce.byteCount)),
                    let opening = SourceOpening(secret: SealedLetter.random(32), source: source, nonce: nonce)
                else { throw NotPlayed("no random bytes") }
                let head = try await scene.speaker.relay.head()
                let chain = try await scene.speaker.relay.message(source)
                try need(chain.head == head && chain.chain.count == carried.chain.count, "the log went on")
                let restatement = Restatement(
                    message: MessageID(Hash.sha256([2])), originator: FixtureWorld.speaker.party, nonce: nonce,
                    index: LogIndex(head.head.size.rawValue), attribution: .withheld(committed(opening)))
                let reveal = Reveal(
                    charter: scene.box.world.charter.id, restatement: restatement.message, opening: opening,
                    entries: chain.chain.map(\.proven), checkpoint: head.note)
                let charter = try scene.hezbollah.charter.signed
                return await .by(.recipient) { _ = try reveal.verify(by: charter, of: restatement) }
            }
        }
    }
}
