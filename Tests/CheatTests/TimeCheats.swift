import Desk
import Ledger
import Rules
import Statements
import TestKit
import Testing
import Transport
import Wire

/// Times that are not the true ones.
@Suite("Cheats: times", .serialized, .timeLimit(.minutes(1)))
struct TimeCheats {
    static let family = Family("Times", rows)

    @Test("a wrong time is bounded by those of others", arguments: family.rows)
    func holds(cheat: Cheat) async throws { try await cheat.hold() }

    /// The relay's clock is wrong while it takes a statement, and right at all other times.
    private static func shifted(by seconds: Int64, _ scene: Scene) -> LyingProxy.Lie {
        { request, relay in
            guard request.route == .submitStatement else { return try await relay(request) }
            scene.box.clock.set(by: .seconds(seconds))
            let answer = try await relay(request)
            scene.box.clock.set(by: .seconds(-seconds))
            return answer
        }
    }

    private static let rows: [Cheat] = [
        Cheat(
            "clock-ahead", .relay, what: "gives its ticks a time more than 5 min ahead",
            .noticed(.originator, "tick-ahead", .atOnce)
        ) {
            try await Stage.play { scene in
                scene.pass(.minutes(10))
                scene.box.clock.set(by: .seconds(360))
                await scene.box.round()
                scene.box.clock.set(by: .seconds(-360))
                return await .by(.originator) { try await scene.send() }
            }
        },
        Cheat(
            "entry-ahead", .relay, what: "gives one entry a time that is still to come",
            .noticed(.intermediary, "entry-ahead", .atOnce)
        ) {
            try await Stage.play { scene in
                let (message, speaker) = (try await scene.send(), try scene.speaker)
                scene.proxy.tell(shifted(by: 540, scene))
                return await .by([
                    scene.replay,
                    Look(.intermediary) { _ = try await speaker.say(.conveyance(scene.reference(message))) },
                ])
            }
        },
        Cheat(
            "entry-ahead-of-another", .relay, what: "gives the entry of another's act a time that is still to come",
            .noticed(.originator, "entry-ahead", .nextRequest)
        ) {
            try await Stage.play { scene in
                let (message, desk) = (try await scene.send(), try scene.envoy)
                scene.box.clock.set(by: .seconds(540))
                try await scene.box.tell(message, by: FixtureWorld.speaker) { .conveyance($0) }
                scene.box.clock.set(by: .seconds(-540))
                return await .by([
                    scene.replay,
                    Look(.originator, .nextRequest) { _ = try await desk.message(message) },
                ])
            }
        },
        Cheat(
            "entry-late", .relay, what: "gives an entry a time up to 5 min before its statement was made",
            .unnoticed("clocks of honest parties differ by as much")
        ) {
            try await Stage.play { scene in
                let message = try await scene.send()
                let (speaker, desk) = (try scene.speaker, try scene.envoy)
                scene.pass(.minutes(9))
                scene.proxy.tell(shifted(by: -290, scene))
                let accepted = try await speaker.say(.conveyance(scene.reference(message)))
                try need(accepted.entry.entry.acceptedAt < scene.stage.truth.now - .seconds(289), "the time is true")
                return await .by([
                    Look(.intermediary) { try await speaker.expectCalm() },
                    Look(.originator) {
                        _ = try await desk.message(message)
                        try await desk.expectCalm()
                    },
                    scene.replay,
                ])
            }
        },
        Cheat(
            "statement-backdated", .originator, what: "dates a statement back, within the longest submit window",
            .unnoticed("it may have been written then, without a network; its entry has the relay's time beside it")
        ) {
            try await Stage.play { scene in
                let message = try await scene.delivered()
                let desk = try scene.hezbollah
                let made = scene.box.clock.now - .days(6)
                try await scene.box.accept(
                    scene.box.site.sign(
                        .receipt(scene.reference(message), .retrieved), by: FixtureWorld.hezbollah,
                        seen: scene.box.head,
                        madeAt: made, submitBy: made + .days(7)))
                return await .by([Look(.recipient) { _ = try await desk.inbox() }, scene.replay])
            }
        },
        Cheat(
            "seen-too-little", .originator, what: "says that it had seen less of the log than it had",
            .unnoticed("`seen` is what its signer chose to be bound by")
        ) {
            try await Stage.play { scene in
                let (message, desk) = (try await scene.send(), try scene.envoy)
                let beginning = try await LogForge(of: scene.box).head(1)
                try await scene.box.accept(
                    scene.box.site.sign(
                        .recall(message, legs: [scene.reference(message).leg]), by: FixtureWorld.envoy,
                        seen: beginning))
                return await .by([Look(.originator) { try await desk.expectCalm() }, scene.replay])
            }
        },
    ]
}
