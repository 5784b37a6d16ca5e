import Desk
import Rules
import Statements
import TestKit
import Testing
import Transport
import Wire

/// What a party is shown of its inbox.
@Suite("Cheats: inboxes", .serialized, .timeLimit(.minutes(1)))
struct InboxCheats {
    static let family = Family("Inboxes", hidden + filled)

    @Test("what is hidden under a tick is missed", arguments: family.rows)
    func holds(cheat: Cheat) async throws { try await cheat.hold() }

    private static let party = FixtureWorld.hezbollah.party

    /// Three proposals that reached Hezbollah, counted by a tick.
    private static func counted(
        _ scene: Scene, _ lie: @escaping @Sendable ([Arrival]) -> [Arrival]
    ) async throws -> Desk {
        for _ in 0..<3 { _ = try await scene.delivered() }
        await scene.interval()
        scene.lies.tell { $0.inbox = { $0 == party ? lie($1) : $1 } }
        return try scene.hezbollah
    }

    private static let hidden: [Cheat] = [
        Cheat(
            "arrival-left-out", .relay, what: "leaves an arrival out of the middle of an inbox",
            .noticed(.recipient, "withheld", .atOnce)
        ) {
            try await Stage.play { scene in
                let desk = try await counted(scene) { arrivals in arrivals.filter { $0.number.value != 2 } }
                return await .by(.recipient) { _ = try await desk.inbox() }
            }
        },
        Cheat(
            "arrival-hidden-under-tick", .relay, what: "hides the newest arrival, which a tick has counted",
            .noticed(.recipient, "withheld", .atOnce)
        ) {
            try await Stage.play { scene in
                let desk = try await counted(scene) { arrivals in arrivals.filter { $0.number.value < 3 } }
                return await .by(.recipient) { _ = try await desk.inbox() }
            }
        },
        Cheat(
            "arrival-delayed", .relay, what: "hides an arrival, and goes on ticking",
            .noticed(.recipient, "withheld", .nextTick)
        ) {
            try await Stage.play { scene in
                let desk = try scene.hezbollah
                _ = try await scene.delivered()
                scene.lies.tell { $0.inbox = { _, _ in [] } }
                return await .by([
                    Look(.recipient) { _ = try await desk.inbox() },
                    Look(.recipient, .nextTick) {
                        await scene.interval()
                        _ = try await desk.inbox()
                    },
                ])
            }
        },
        Cheat(
            "arrival-hidden-for-ever", .relay, what: "hides an arrival, and every tick since",
            .noticed(.recipient, "tick-stale", .freshness)
        ) {
            try await Stage.play { scene in
                let desk = try scene.hezbollah
                let old = try await scene.box.store.latestTick(party)
                _ = try await scene.delivered()
                scene.lies.tell {
                    $0.inbox = { _, _ in [] }
                    $0.latestTick = { asked, honest in asked == party ? old : honest }
                }
                return await .by([
                    Look(.recipient) { try await desk.expectCalm() },
                    Look(.recipient, .nextTick) {
                        await scene.intervals(5)
                        try await desk.expectCalm()
                    },
                    Look(.recipient, .freshness) {
                        await scene.intervals(1)
                        try await desk.expectCalm()
                    },
                ])
            }
        },
        Cheat(
            "stale-view", .relay, what: "answers one party as it did before, for ever",
            .noticed(.recipient, "tick-stale", .freshness)
        ) {
            try await Stage.play { scene in
                let desk = try scene.hezbollah
                let answers = Answers()
                scene.proxy.tell { request, relay in
                    guard request.asker == FixtureWorld.hezbollah || request.route == .charter else {
                        return try await relay(request)
                    }
                    return try await answers.first(request, relay)
                }
                try await desk.expectCalm()
                _ = try await scene.delivered()
                return await .by([
                    Look(.recipient) { try await desk.expectCalm() },
                    Look(.recipient, .nextTick) {
                        await scene.intervals(5)
                        try await desk.expectCalm()
                    },
                    Look(.recipient, .freshness) {
                        await scene.interval()
                        try await desk.expectCalm()
                    },
                ])
            }
        },
    ]

    private static let filled: [Cheat] = [
        Cheat(
            "arrivals-renumbered-later", .relay, what: "shows an arrival under another number than in an earlier run",
            .noticed(.recipient, "withheld", .nextRun)
        ) {
            try await Stage.play { scene in
                for _ in 0..<2 { _ = try await scene.delivered() }
                // No tick has counted them yet: the second alone looks like a whole inbox.
                scene.lies.tell { $0.inbox = { $1.isEmpty ? [] : [$1[0].showing($1[$1.count - 1].message)] } }
                let desk = try scene.hezbollah
                return await .by([
                    Look(.recipient) {
                        try need(try await desk.inbox().rows.count == 1, "nothing is hidden")
                        try await desk.expectCalm()
                    },
                    Look(.recipient, .nextRun) {
                        scene.lies.stop()
                        _ = try await scene.stage.desks.reopened(FixtureWorld.hezbollah).inbox()
                    },
                ])
            }
        },
        Cheat(
            "arrival-of-another", .relay, what: "puts a message that is not for the party in the place of an arrival",
            .noticed(.recipient, "proof-wrong", .atOnce)
        ) {
            try await Stage.play { scene in
                let other = try await scene.direct()
                let desk = try await counted(scene) { arrivals in
                    arrivals.map { $0.number.value == 2 ? $0.showing(other) : $0 }
                }
                return await .by(.recipient) { _ = try await desk.inbox() }
            }
        },
        Cheat(
            "arrival-repeated", .relay, what: "fills the place of a hidden arrival with an arrival that was before it",
            .noticed(.recipient, "withheld", .atOnce)
        ) {
            try await Stage.play { scene in
                let desk = try await counted(scene) { arrivals in
                    arrivals.map { $0.number.value == 3 ? $0.showing(arrivals[0].message) : $0 }
                }
                return await .by([
                    Look(.recipient) {
                        let rows = try await desk.inbox().rows
                        try need(rows.count == 3 && rows[2].arrival.message == rows[0].arrival.message, "not repeated")
                    },
                    scene.replay,
                ])
            }
        },
        Cheat(
            "arrivals-renumbered", .relay, what: "shows arrivals under each other's numbers",
            .noticed(.recipient, "withheld", .atOnce)
        ) {
            try await Stage.play { scene in
                let desk = try await counted(scene) { arrivals in
                    zip(arrivals, [1, 0, 2]).map { arrival, place in arrival.showing(arrivals[place].message) }
                }
                return await .by([
                    Look(.recipient) {
                        let indices = try await desk.inbox().rows.map(\.tracked.state.firstIndex)
                        try need(indices != indices.sorted(), "they are in their order")
                    },
                    scene.replay,
                ])
            }
        },
        Cheat(
            "arrival-too-early", .relay,
            what: "fills the place of a hidden arrival with a message that has not reached the party",
            .noticed(.recipient, "withheld", .atOnce)
        ) {
            try await Stage.play { scene in
                let waiting = MessageID(try await scene.box.accept(scene.box.envelope()).statement)
                let desk = try await counted(scene) { arrivals in
                    arrivals.map { $0.number.value == 3 ? $0.showing(waiting) : $0 }
                }
                return await .by([
                    Look(.recipient) {
                        let rows = try await desk.inbox().rows
                        try need(rows.last?.arrival.message == waiting, "it is not shown")
                    },
                    scene.replay,
                ])
            }
        },
    ]
}

extension Arrival {
    /// The same place in an inbox with another message.
    func showing(_ message: MessageID) -> Arrival {
        Arrival(party: party, number: number, message: message, leg: leg)
    }
}
