import Desk
import Keyring
import Ledger
import Statements
import TestKit
import Testing
import Transport
import Wire

/// What becomes of a statement that a party hands in.
@Suite("Cheats: intake", .serialized, .timeLimit(.minutes(1)))
struct IntakeCheats {
    static let family = Family("Intake", silences + acceptances + orders)

    @Test("a sender knows what the relay answers for", arguments: family.rows)
    func holds(cheat: Cheat) async throws { try await cheat.hold() }

    private static let silences: [Cheat] = [
        Cheat(
            "statement-dropped", .relay, .network, what: "drops a message that is handed in, and says nothing",
            .noticed(.originator, "relay-unavailable", .atOnce)
        ) {
            try await Stage.play { scene in
                scene.proxy.tell { request, relay in
                    if request.route == .submitEnvelope { throw NotPlayed("nothing is answered") }
                    return try await relay(request)
                }
                return await .by(.originator) { try await scene.send() }
            }
        },
        Cheat(
            "statement-delayed", .relay, what: "says that it cannot take a message, keeps it, and logs it hours later",
            .noticed(.originator, "unavailable", .atOnce)
        ) {
            try await Stage.play { scene in
                let kept = Kept()
                scene.proxy.tell { request, relay in
                    guard request.route == .submitEnvelope else { return try await relay(request) }
                    await kept.keep(request.body)
                    return LyingProxy.Answer(Problem(.unavailable, "The relay could not make it durable."))
                }
                let seen = await Seen.by(.originator) { try await scene.send() }
                scene.pass(.hours(6))
                _ = try scene.box.accepted(await scene.box.post(.submitEnvelope, kept.bytes))
                try need(try await scene.audit().isEmpty, "an audit finds it")
                return seen
            }
        },
        Cheat(
            "other-machine", .network, what: "stands in the relay's place with another certificate",
            .noticed(.originator, "relay-untrusted", .atOnce)
        ) {
            try await Stage.set { stage in
                let now = stage.truth.now.milliseconds
                let root = try TLSRoot.make(commonName: "another", now: now)
                let leaf = try root.issueLeaf(for: [ServerName(host: "localhost")], now: now)
                return try await stage.run(leaf: leaf) { scene in
                    await .by(.originator) { try await scene.send() }
                }
            }
        },
    ]

    private static let acceptances: [Cheat] = [
        Cheat(
            "accepted-for-another", .relay, what: "answers a message with the acceptance of another one",
            .noticed(.originator, "proof-wrong", .atOnce)
        ) {
            try await Stage.play { scene in
                let answers = Answers()
                scene.proxy.tell { request, relay in
                    guard request.route == .submitEnvelope else { return try await relay(request) }
                    return try await answers.first(request, relay)
                }
                try await scene.send()
                return await .by(.originator) { try await scene.send() }
            }
        },
        Cheat(
            "accepted-and-not-logged", .relay, what: "accepts a message that it does not log",
            .noticed(.originator, "proof-wrong", .atOnce)
        ) {
            try await Stage.play { scene in
                let first = try await scene.box.store.entries(0..<1)
                scene.proxy.tell { request, relay in
                    guard request.route == .submitEnvelope else { return try await relay(request) }
                    let signed = try Handed.submission(request.body)
                    let entry = Entry(
                        acceptedAt: scene.box.clock.now, salt: FixtureWorld.bytes("salt", 16),
                        constitution: Revision(0), roster: Revision(0), previous: nil, body: .statement(signed))
                    var forge = LogForge(world: scene.box.world, entries: first)
                    forge.entries.append(try entry.derBytes())
                    let note = try scene.box.world.checkpoint(scene.box.head)
                    let acceptance = Acceptance(entry: try forge.proven(1), checkpoint: note)
                    return LyingProxy.Answer(
                        status: 200, mediaType: "application/octet-stream", body: try acceptance.derBytes())
                }
                return await .by(.originator) { try await scene.send() }
            }
        },
    ]

    private static let orders: [Cheat] = [
        Cheat(
            "statements-reordered", .relay, what: "decides a recall before a receipt that came first",
            .unnoticed("nobody can show in which order statements came; the log bears the rejection out")
        ) {
            try await Stage.play { scene in
                let message = try await scene.delivered()
                let (originator, recipient) = (try scene.envoy, try scene.hezbollah)
                let gate = Gate()
                scene.proxy.tell { request, relay in
                    guard request.route == .submitStatement else { return try await relay(request) }
                    let signed = try SignedStatement(der: request.body, limit: Bounds.signedStatement)
                    if signed.statement.act.kind == .receipt { await gate.pass() }
                    return try await relay(request)
                }
                let receipt = Task { try await recipient.say(.receipt(scene.reference(message), .retrieved)) }
                await gate.reached()
                _ = try await originator.recall(message)
                gate.open()
                let result = await receipt.result
                guard case .failure(let error as TransportError) = result, error.reportedCode == "wrong-state" else {
                    throw NotPlayed("\(result)")
                }
                return await .by([
                    Look(.originator) { try await originator.expectCalm() },
                    Look(.recipient) { try await recipient.expectCalm() },
                    scene.replay,
                ])
            }
        }
    ]
}

/// What was handed in.
private actor Kept {
    private(set) var bytes: [UInt8] = []
    func keep(_ bytes: [UInt8]) { self.bytes = bytes }
}
