import Desk
import Envelope
import Keyring
import Ledger
import Rules
import Statements
import TestKit
import Testing
import Wire

/// Sealed content that is not what its submission says.
@Suite("Cheats: content", .serialized, .timeLimit(.minutes(1)))
struct ContentCheats {
    static let family = Family("Content", served + sealed)

    @Test("the recipient says what is wrong with it", arguments: family.rows)
    func holds(cheat: Cheat) async throws { try await cheat.hold() }

    @Test("honest content by the same hand opens")
    func honest() async throws {
        let seen = try await Stage.play { scene in try await Sealed().read(scene) { $0 } }
        #expect(seen == .nothing)
    }

    /// The relay serves an honest message to its recipient with a lie.
    private static func served(
        _ id: String, _ what: String, _ code: String, _ lie: @escaping @Sendable (inout Lies.Told) -> Void
    ) -> Cheat {
        Cheat(id, [.relay], what, .noticed(.recipient, code, .atOnce)) {
            try await Stage.play { scene in
                let (message, desk) = (try await scene.delivered(), try scene.hezbollah)
                scene.lies.tell(lie)
                return await .by(.recipient) { _ = try await desk.read(message) }
            }
        }
    }

    private static let served = [
        served("other-bytes", "serves other bytes than were submitted", "unreadable-digest") {
            $0.envelope = { bytes, _ in bytes.dropLast() + [(bytes.last ?? 0) ^ 1] }
        },
        served("content-kept-back", "does not serve the content after the receipt", "unreadable-not-served") {
            $0.envelopeSize = { _ in nil }
        },
        served("content-cut-short", "serves less than was submitted", "truncated") {
            $0.envelopeSize = { $0.map { $0 - 100 } }
        },
    ]

    /// Who seals falsely, and to whom.
    private struct Sealed {
        /// Who seals it first.
        var author = FixtureWorld.speaker
        /// In whose name it is submitted.
        var sender = FixtureWorld.speaker
        var reader = FixtureWorld.hezbollah

        /// Seals a text honestly, changes it, has it accepted, and reads it.
        func read(_ scene: Scene, _ change: (LyingSealer) throws -> LyingSealer) async throws -> Seen {
            let readers = FixtureWorld.delegates.filter { $0.party == reader.party }
            let content = try change(
                LyingSealer(
                    Array("cedar and cypress".utf8), context: context(author.party, scene),
                    legs: [Leg(intermediaries: [], recipient: reader.party)],
                    keys: readers.map { try RelaySite.sealingKey($0).publicKey }))
            let revisions = CharterInForce(scene.box.world.charter).revisions(
                originator: sender.party, legs: content.binding.legs)
            let (submission, keys) = try content.sealed(
                writtenUnder: revisions, expiry: scene.box.clock.now + .hours(48))
            let signed = try scene.box.sign(.submission(submission), by: sender)
            let header = try EnvelopeWriter.header(
                signed, sealedKeys: keys, payloadSize: UInt64(content.payload.count))
            _ = try scene.box.accepted(await scene.box.post(.submitEnvelope, header + content.payload))
            let desk = try scene.stage.desks.desk(reader)
            return await .by(.recipient) { _ = try await desk.read(MessageID(signed.id)) }
        }
    }

    private static func context(_ originator: PartyID, _ scene: Scene) throws -> SealContext {
        guard let nonce = Nonce(SealedLetter.random(Nonce.byteCount)) else { throw NotPlayed("no nonce") }
        return SealContext(charter: scene.box.world.charter.id, originator: originator, nonce: nonce)
    }

    private static func sealed(
        _ id: String, _ who: [Cheater], _ what: String, _ code: String, _ sealed: Sealed = Sealed(),
        _ change: @escaping @Sendable (LyingSealer, Scene) throws -> LyingSealer
    ) -> Cheat {
        Cheat(id, who, what, .noticed(.recipient, code, .atOnce)) {
            try await Stage.play { scene in try await sealed.read(scene) { try change($0, scene) } }
        }
    }

    private static let sealed = [
        sealed(
            "transplanted", [.originator, .intermediary], "submits what another sealed as its own", "unreadable-wrap",
            Sealed(author: FixtureWorld.envoy)
        ) { content, _ in content },
        sealed(
            "transplanted-and-wrapped-again", [.originator, .intermediary],
            "submits what it has opened as its own, with the key wrapped anew", "unreadable-content",
            Sealed(author: FixtureWorld.envoy)
        ) { content, scene in
            var content = content
            content.context = try context(FixtureWorld.speaker.party, scene)
            content.binding = content.binding.changed(
                keyCommitment: try content.commitment(to: content.contentKeys[0]))
            return content
        },
        sealed(
            "two-keys-for-one-payload", [.originator], "wraps another content key for one of two readers",
            "unreadable-key-commitment", Sealed(reader: FixtureWorld.deputy)
        ) { content, _ in
            var content = content
            let deputy = KeyID(publicKey: try RelaySite.sealingKey(FixtureWorld.deputy).publicKey)
            for (place, id) in content.binding.sealedTo.enumerated() where id == deputy {
                content.contentKeys[place] = FixtureWorld.bytes("another content key", 32)
            }
            return content
        },
        sealed(
            "other-text-than-committed", [.originator], "commits to another text than it seals", "unreadable-content"
        ) { content, _ in
            var content = content
            content.binding = content.binding.changed(contentCommitment: Hash.sha256([1]))
            return content
        },
        sealed(
            "sealed-to-nobody", [.originator], "lists a recipient's key and seals to another", "unreadable-wrap"
        ) { content, _ in
            var content = content
            let other = try RelaySite.sealingKey(FixtureWorld.envoy).publicKey
            for id in content.binding.sealedTo { content.publicKeys[id] = other }
            return content
        },
    ]
}
