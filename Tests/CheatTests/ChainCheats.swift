import Desk
import Statements
import TestKit
import Testing
import Wire

/// What a party is shown of its messages.
@Suite("Cheats: custody chains", .serialized, .timeLimit(.minutes(1)))
struct ChainCheats {
    static let family = Family("Custody chains", chains)

    @Test("a chain with something else in it is refused", arguments: family.rows)
    func holds(cheat: Cheat) async throws { try await cheat.hold() }

    private static let chains: [Cheat] = [
        Cheat(
            "chain-with-a-gap", .relay, what: "leaves an entry out of the middle of a custody chain",
            .noticed(.originator, "withheld", .atOnce)
        ) {
            try await Stage.play { scene in
                let (message, desk) = (try await scene.delivered(), try scene.envoy)
                try await scene.box.tell(message, by: FixtureWorld.hezbollah) { .receipt($0, .retrieved) }
                scene.proxy.tell { request, relay in
                    let answer = try await relay(request)
                    guard case .message = request.route else { return answer }
                    let view = try MessageView(parsing: answer.body)
                    let cut = MessageView(checkpoint: view.checkpoint, chain: [view.chain[0], view.chain[2]])
                    return answer.saying(try cut.encoded())
                }
                return await .by(.originator) { _ = try await desk.message(message) }
            }
        },
        Cheat(
            "chain-of-another", .relay, what: "shows the custody chain of another message",
            .noticed(.originator, "proof-wrong", .atOnce)
        ) {
            try await Stage.play { scene in
                let (message, desk) = (try await scene.delivered(), try scene.envoy)
                let other = try await scene.box.store.chain(scene.direct())
                scene.lies.tell { $0.chain = { _, _ in other } }
                return await .by(.originator) { _ = try await desk.message(message) }
            }
        },
        Cheat(
            "proof-of-another", .relay, what: "proves an entry with the proof of another",
            .noticed(.originator, "proof-wrong", .atOnce)
        ) {
            try await Stage.play { scene in
                let (message, desk) = (try await scene.delivered(), try scene.envoy)
                scene.proxy.tell { request, relay in
                    let answer = try await relay(request)
                    guard case .message = request.route else { return answer }
                    let view = try MessageView(parsing: answer.body)
                    let (first, second) = (view.chain[0], view.chain[1])
                    let moved = ProvenEntry(index: first.index, entryBytes: first.entryBytes, proof: second.proof)
                    return answer.saying(
                        try MessageView(checkpoint: view.checkpoint, chain: [moved, second]).encoded())
                }
                return await .by(.originator) { _ = try await desk.message(message) }
            }
        },
        Cheat(
            "message-denied", .relay, what: "denies a message that it has acknowledged",
            .noticed(.originator, "not-found", .atOnce)
        ) {
            try await Stage.play { scene in
                let (message, desk) = (try await scene.send(), try scene.envoy)
                scene.lies.tell { $0.chain = { _, _ in [] } }
                return await .by(.originator) { _ = try await desk.message(message) }
            }
        },
        Cheat(
            "chain-cut-short", .relay, what: "hides the newest acts on a message, which it has shown before",
            .noticed(.originator, "withheld", .nextRun)
        ) {
            try await Stage.play { scene in
                let (message, desk) = (try await scene.delivered(), try scene.envoy)
                try await scene.box.tell(message, by: FixtureWorld.hezbollah) { .receipt($0, .retrieved) }
                try await scene.box.tell(message, by: FixtureWorld.hezbollah) { .receipt($0, .opened) }
                let before = try await desk.message(message).steps.count
                await scene.interval()
                try need(before == 4, "nothing was shown before")
                scene.lies.tell { $0.chain = { _, chain in Array(chain.dropLast(2)) } }
                // Who sees the chain for the first time has nothing to compare it with.
                let (deputy, later) = (
                    try scene.stage.desks.desk(FixtureWorld.deputy),
                    try await scene.stage.desks.reopened(FixtureWorld.envoy)
                )
                return await .by([
                    Look(.releaser) {
                        let shown = try await deputy.message(message).steps.count
                        try need(shown == 2, "nothing is hidden")
                    },
                    scene.replay, Look(.originator, .nextRun) { _ = try await later.message(message) },
                ])
            }
        },
        Cheat(
            "accepted-and-hidden", .relay, what: "hides an act on a message from the office whose act it has accepted",
            .noticed(.intermediary, "withheld", .nextRequest)
        ) {
            try await Stage.play { scene in
                let (message, desk) = (try await scene.send(), try scene.speaker)
                _ = try await desk.say(.conveyance(scene.reference(message)))
                scene.lies.tell { $0.chain = { _, chain in [chain[0]] } }
                return await .by([
                    scene.replay, Look(.intermediary, .nextRequest) { _ = try await desk.message(message) },
                ])
            }
        },
        Cheat(
            "sent-hidden", .relay, what: "leaves a message out of the list of what an office has sent",
            .unnoticed("no tick counts submissions; an auditor has them, the desk that sent it knows its own")
        ) {
            try await Stage.play { scene in
                let desk = try scene.envoy
                for _ in 0..<3 { try await scene.send() }
                scene.lies.tell { $0.submissions = { [$0[0], $0[2]] } }
                return await .by([
                    Look(.originator) {
                        try need(try await desk.officeSent().count == 2, "nothing is hidden")
                        try await desk.expectCalm()
                    },
                    scene.replay,
                ])
            }
        },
    ]
}
