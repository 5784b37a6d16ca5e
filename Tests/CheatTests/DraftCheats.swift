import Desk
import Envelope
import Rules
import Statements
import TestKit
import Testing
import Transport
import Wire

/// The shelf of drafts, which is in no log: what its relay can do to it.
@Suite("Cheats: the shelf of drafts", .serialized, .timeLimit(.minutes(1)))
struct DraftCheats {
    static let family = Family("The shelf of drafts", rows)

    @Test("nobody signs what its drafter has not signed", arguments: family.rows)
    func holds(cheat: Cheat) async throws { try await cheat.hold() }

    /// A message of the envoy's that waits for the deputy's signature.
    private static func draft(_ scene: Scene) async throws -> StatementID {
        var outgoing = Scene.proposal
        outgoing.releasers = [FixtureWorld.deputy.name]
        let sent = try await scene.envoy.send(outgoing)
        guard case .drafted = sent.outcome else { throw NotPlayed("it is no draft") }
        return StatementID(sent.message.hash)
    }

    private static func deputy(_ scene: Scene) throws -> Desk { try scene.stage.desks.desk(FixtureWorld.deputy) }

    /// Shows the shelf otherwise.
    private static func shelve(
        _ scene: Scene, _ change: @escaping @Sendable ([DraftItem]) throws -> [DraftItem]
    ) {
        scene.proxy.tell { request, relay in
            let answer = try await relay(request)
            guard request.route == .drafts else { return answer }
            let view = try DraftsView(parsing: answer.body)
            return answer.saying(try DraftsView(party: view.party, drafts: change(view.drafts)).encoded())
        }
    }

    /// Serves another file as a draft.
    private static func serve(
        _ scene: Scene, _ change: @escaping @Sendable ([UInt8]) throws -> [UInt8]
    ) {
        scene.proxy.tell { request, relay in
            let answer = try await relay(request)
            guard case .draft? = request.route, answer.status < 300 else { return answer }
            return answer.saying(try change(answer.body))
        }
    }

    private static let rows: [Cheat] = [
        Cheat(
            "draft-dropped", .relay, what: "loses a draft that waits for signatures",
            .noticed(.originator, "draft-missing", .nextRequest)
        ) {
            try await Stage.play { scene in
                _ = try await draft(scene)
                let (desk, deputy) = (try scene.envoy, try deputy(scene))
                shelve(scene) { _ in [] }
                return await .by([
                    Look(.releaser) { try need(try await deputy.drafts().isEmpty, "it is shown") },
                    Look(.originator, .nextRequest) { try await desk.expectCalm() },
                ])
            }
        },
        Cheat(
            "draft-forged", .relay, what: "puts a draft of its own making on the shelf, in a delegate's name",
            .noticed(.releaser, "draft-wrong", .atOnce)
        ) {
            try await Stage.play { scene in
                let (id, deputy) = (try await draft(scene), try deputy(scene))
                serve(scene) { file in
                    var reader = DraftReader()
                    _ = try reader.take(file[...])
                    let header = try reader.finish()
                    let bare = try Draft(header.draft.statement)
                    let signature = try FixtureWorld().sign(bare.message, by: FixtureWorld.speaker)
                    let forged = try bare.adding(
                        DraftSignature(signer: FixtureWorld.envoy.name, signature: signature))
                    return try DraftWriter.header(forged, sealedKeys: header.sealedKeys)
                        + file.dropFirst(header.byteCount)
                }
                return await .by(.releaser) { _ = try await deputy.openDraft(id) }
            }
        },
        Cheat(
            "draft-exchanged", .relay, what: "serves another draft in the place of the one that is to be signed",
            .noticed(.releaser, "draft-wrong", .atOnce)
        ) {
            try await Stage.play { scene in
                let (id, other) = (try await draft(scene), try await draft(scene))
                let deputy = try deputy(scene)
                let file = Pieces()
                _ = try await deputy.relay.draft(other, limit: 1 << 20) { await file.take($0) }
                let bytes = await file.all
                serve(scene) { _ in bytes }
                return await .by(.releaser) { _ = try await deputy.openDraft(id) }
            }
        },
        Cheat(
            "draft-signature-forged", .relay, what: "says that a releaser has signed a draft",
            .noticed(.originator, "draft-wrong", .atOnce)
        ) {
            try await Stage.play { scene in
                let (id, desk) = (try await draft(scene), try scene.envoy)
                shelve(scene) { items in
                    try items.map { item in
                        let signature = try FixtureWorld().sign([1], by: FixtureWorld.deputy)
                        let signed = OpenSignature(signer: FixtureWorld.deputy, signature: signature)
                        return DraftItem(
                            id: item.id, signers: item.signers, signatures: item.signatures + [signed],
                            kind: item.kind, size: item.size, madeAt: item.madeAt, submitBy: item.submitBy,
                            rejection: item.rejection)
                    }
                }
                return await .by(.originator) { _ = try await desk.openDraft(id) }
            }
        },
        Cheat(
            "drafts-reordered", .relay, what: "shows the drafts of a shelf in another order",
            .unnoticed("the order of a shelf is the relay's word; each draft has the time at which it was made")
        ) {
            try await Stage.play { scene in
                let ids = [try await draft(scene), try await draft(scene)]
                let deputy = try deputy(scene)
                let honest = try await deputy.drafts().map(\.id)
                try need(Set(honest) == Set(ids), "they are not on the shelf")
                shelve(scene) { $0.reversed() }
                return await .by([
                    Look(.releaser) {
                        try need(try await deputy.drafts().map(\.id) == honest.reversed(), "they are in their order")
                        for id in ids { _ = try await deputy.openDraft(id) }
                        try await deputy.expectCalm()
                    }
                ])
            }
        },
        Cheat(
            "draft-put-back", .relay, what: "shows a draft again that its drafter has withdrawn",
            .unnoticed("its drafter did sign it, and a withdrawal is in no log; its `submitBy` ends it")
        ) {
            try await Stage.play { scene in
                let (id, desk, deputy) = (try await draft(scene), try scene.envoy, try deputy(scene))
                let answers = Answers()
                scene.proxy.tell { request, relay in
                    switch request.route {
                    case .drafts?, .draft?: try await answers.first(request, relay)
                    default: try await relay(request)
                    }
                }
                _ = try await deputy.openDraft(id)
                try await desk.withdrawDraft(id)
                return await .by([
                    Look(.releaser) {
                        _ = try await deputy.openDraft(id)
                        try await deputy.expectCalm()
                    },
                    Look(.originator) { try await desk.expectCalm() },
                ])
            }
        },
    ]
}
