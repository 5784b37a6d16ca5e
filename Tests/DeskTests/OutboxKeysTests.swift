import Archive
import Envelope
import Keyring
import Ledger
import Rules
import Sealing
import Statements
import TestKit
import Testing
import Transport

@testable import Desk

@Suite("what was sealed to kept keys is sealed to published ones before it goes out")
struct OutboxKeysTests {
    /// Sends while the relay is away, then lets it come back.
    private func sendAway(_ scene: OutgoingScene) async throws -> SentMessage {
        try await scene.with(FixtureWorld.envoy) { try await $0.refreshKeptKeys() }
        scene.link.lower()
        defer { scene.link.raise() }
        return try await scene.with(FixtureWorld.envoy) { try await $0.send(OutgoingScene.letter()) }
    }

    private func publishNewer(_ scene: OutgoingScene) async throws -> SealingKey {
        let key = try SealingKey.generate()
        let (now, limits) = (scene.clock.now, scene.box.world.charter.charter.limits)
        try await scene.with(FixtureWorld.hezbollah) { desk in
            let publication = KeyPublication(
                sealingKey: key.publicKey, sealFrom: now, sealUntil: now + .days(30),
                keepUntil: now + .days(30) + limits.longestLifetime + limits.keyGrace)
            _ = try await desk.say(.keyPublication(publication))
        }
        return key
    }

    @Test("a newer key gets the content key, the older one does not, and the payload stays as it was")
    func newer() async throws {
        try await OutgoingScene.run { scene in
            let sent = try await sendAway(scene)
            let before = try await scene.with(FixtureWorld.envoy) { try await $0.outboxItems()[0].submission }
            let key = try await publishNewer(scene)
            let old = KeyID(publicKey: try RelaySite.sealingKey(FixtureWorld.hezbollah).publicKey)
            scene.clock.pass(.minutes(1))
            let message = try await scene.with(FixtureWorld.envoy) { desk in
                let flushed = try #require(await desk.flushOutbox().first)
                #expect(flushed.isAccepted && flushed.message != sent.message)
                #expect(try await Set(desk.unsentMessages().keys) == [sent.message])
                #expect(try await desk.archive().summary(flushed.message) != nil)
                return flushed.message
            }
            #expect(try await scene.submissions(of: FixtureWorld.envoy.party) == [message])
            try await scene.with(FixtureWorld.speaker) { desk in
                let leg = try #require(try await desk.message(message).leg(of: desk.party))
                _ = try await desk.say(.conveyance(LegReference(message: message, leg: leg)))
            }
            let header = try await scene.with(FixtureWorld.hezbollah) { desk in
                let path = "\(scene.box.site.folder.path)/newer.valise"
                _ = try await desk.fetch(message, to: path)
                var reader = EnvelopeReader()
                _ = try reader.take(DeskFile.read(path, limit: 1 << 20)[...])
                return try reader.finish()
            }
            let submission = header.submission
            #expect(submission.sealedTo.contains(KeyID(publicKey: key.publicKey)) && !submission.sealedTo.contains(old))
            #expect(submission.nonce == before.nonce && submission.payloadDigest == before.payloadDigest)
            let opener = Opener(
                submission: submission, charter: scene.box.world.charter.id, originator: FixtureWorld.envoy.party,
                sealedKeys: header.sealedKeys.bytes, ownKeys: [KeyID(publicKey: key.publicKey)])
            _ = try await opener.unwrap { wrap in
                try key.open(enc: wrap.enc, ciphertext: wrap.ciphertext, info: wrap.info, aad: wrap.aad)
            }
        }
    }

    @Test("the same keys leave the message as it is")
    func same() async throws {
        try await OutgoingScene.run { scene in
            let sent = try await sendAway(scene)
            try await scene.with(FixtureWorld.envoy) { desk in
                #expect(try await desk.outboxItems()[0].isSealedToKept)
                let flushed = try await desk.flushOutbox()
                #expect(flushed.map(\.message) == [sent.message] && flushed[0].isAccepted)
            }
        }
    }

    @Test("a relay without a fresh tick does not get it: it could hide a newer key")
    func stale() async throws {
        try await OutgoingScene.run { scene in
            let sent = try await sendAway(scene)
            let freshness = scene.box.world.charter.charter.limits.tickFreshness
            scene.clock.pass(freshness + .minutes(1))
            try await scene.with(FixtureWorld.envoy) { desk in
                let flushed = try await desk.flushOutbox()
                #expect(flushed.first?.reason?.code == "tick-stale", "\(flushed)")
                let item = try #require(try await desk.outboxItems().first)
                #expect(item.message == sent.message && !item.isHandedOver && item.isSealedToKept)
            }
            await scene.box.round()
            try await scene.with(FixtureWorld.envoy) { desk in
                let flushed = try await desk.flushOutbox()
                #expect(flushed.map(\.isAccepted) == [true])
            }
        }
    }
}
