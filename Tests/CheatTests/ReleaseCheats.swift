import Desk
import Ledger
import Rules
import Statements
import Store
import TestKit
import Testing
import Transport

/// Content that its recipient has without a receipt.
@Suite("Cheats: release", .serialized, .timeLimit(.minutes(1)))
struct ReleaseCheats {
    static let family = Family("Release", releases)

    @Test("what two agree on shows in no log", arguments: family.rows)
    func holds(cheat: Cheat) async throws { try await cheat.hold() }

    private static let releases: [Cheat] = [
        Cheat(
            "released-without-receipt", .relay, .recipient, what: "gives content to its recipient before the receipt",
            .unnoticed("they agree, and no log can show what two parties say to each other")
        ) {
            try await Stage.play { scene in
                let envelope = try scene.box.envelope()
                try await scene.box.accept(envelope)
                try await scene.box.tell(envelope.message, by: FixtureWorld.speaker) { .conveyance($0) }
                let receipt = try scene.box.sign(
                    .receipt(scene.reference(envelope.message), .retrieved), by: FixtureWorld.hezbollah)
                scene.lies.tell { told in
                    told.chain = { _, chain in
                        let entry = Entry(
                            acceptedAt: scene.box.clock.now, salt: FixtureWorld.bytes("salt", 16),
                            constitution: Revision(0), roster: Revision(0), previous: chain.last?.index,
                            body: .statement(receipt))
                        let index = LogIndex(scene.box.head.size.rawValue)
                        return chain + [StoredEntry(index: index, bytes: (try? entry.derBytes()) ?? [])]
                    }
                }
                let bytes = Pieces()
                _ = try await scene.hezbollah.relay.downloadEnvelope(envelope.message, limit: 1 << 20) {
                    await bytes.take($0)
                }
                scene.lies.stop()
                try need(await bytes.all == envelope.bytes, "it has not got the content")
                return try await unread(envelope.message, scene)
            }
        },
        Cheat(
            "handed-over-on-a-stick", .originator, .recipient, what: "gives the envelope to its recipient by hand",
            .unnoticed("what does not pass the relay is in no log")
        ) {
            try await Stage.play { scene in
                let envelope = try scene.box.envelope()
                try await scene.box.accept(envelope)
                try await scene.box.tell(envelope.message, by: FixtureWorld.speaker) { .conveyance($0) }
                let path = "\(scene.stage.site.folder.path)/stick.valise"
                try DeskFile.write(path, envelope.bytes)
                let opened = try await scene.hezbollah.open(file: path)
                try need(opened.read.text == Array("Proposal".utf8), "it was not opened")
                return try await unread(envelope.message, scene)
            }
        },
    ]

    /// What the originator and an auditor see of a message that was read without a receipt.
    private static func unread(_ message: MessageID, _ scene: Scene) async throws -> Seen {
        let desk = try scene.envoy
        return await .by([
            Look(.originator) {
                try need(try await desk.message(message).state.legs[0].stage == .available, "there is a receipt")
                try await desk.expectCalm()
            },
            scene.replay,
        ])
    }
}
