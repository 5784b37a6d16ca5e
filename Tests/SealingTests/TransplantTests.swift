import Ledger
import Sealing
import Statements
import Testing

@Suite("Transplants")
struct TransplantTests {
    let scene: Scene
    let sealed: Scene.Sealed
    let other: Scene.Sealed
    init() throws {
        scene = try Scene()
        sealed = try scene.seal([[1, 2, 3]])
        var second = scene
        second.nonce = Nonce([UInt8](repeating: 8, count: 32))!
        second.seed = 2
        other = try second.seal([[4, 5, 6]])
    }

    enum Change: String, CaseIterable, Sendable {
        case originator, charter, nonce, route, fewerKeys
    }

    @Test(
        "the whole message under another originator, charter, nonce, route or key list is unreadable: wrap",
        arguments: Change.allCases)
    func moved(change: Change) async throws {
        var thief = scene
        var moved = sealed
        switch change {
        case .originator: thief.originator = PartyID("hezbollah")!
        case .charter: thief.charter = CharterID(Hash.sha256([3]))
        case .nonce: moved.submission = moved.submission.with(nonce: other.submission.nonce)
        case .route:
            moved.submission = moved.submission.with(
                legs: [Leg(intermediaries: [], recipient: PartyID("hezbollah")!)])
        case .fewerKeys:
            let start = scene.recipient.id < scene.sender.id ? 0 : 1_200
            moved.block = Array(moved.block[start..<start + 1_200])
            moved.submission = moved.submission.with(
                sealedTo: [scene.recipient.id], sealedKeysDigest: Label.sealedKeys.hash(moved.block))
        }
        #expect(try await thief.reason(moved) == .wrap)
        #expect(try await scene.reason(sealed) == nil)
    }

    @Test("sealed keys of another message: digest as served, wrap when their digest was signed too")
    func sealedKeys() async throws {
        var mixed = sealed
        mixed.block = other.block
        #expect(try await scene.reason(mixed) == .digest)
        mixed.submission = mixed.submission.with(sealedKeysDigest: other.submission.sealedKeysDigest)
        #expect(try await scene.reason(mixed) == .wrap)
    }

    @Test("a payload of another message: digest as served, wrap when its digest was signed too")
    func payload() async throws {
        var mixed = sealed
        mixed.payload = other.payload
        #expect(try await scene.reason(mixed) == .digest)
        mixed.submission = mixed.submission.with(payloadDigest: other.submission.payloadDigest)
        #expect(try await scene.reason(mixed) == .wrap)
    }

    @Test("either commitment of another message: wrap")
    func commitments() async throws {
        var mixed = sealed
        mixed.submission = sealed.submission.with(keyCommitment: other.submission.keyCommitment)
        #expect(try await scene.reason(mixed) == .wrap)
        mixed.submission = sealed.submission.with(contentCommitment: other.submission.contentCommitment)
        #expect(try await scene.reason(mixed) == .wrap)
        mixed.submission = sealed.submission.with(payloadSize: 8_208)
        #expect(try await scene.reason(mixed) == .wrap)
    }

    @Test(
        "a recipient that seals the opened key again as its own cannot make the old payload its words",
        arguments: [Change.originator, .charter, .nonce])
    func resealed(change: Change) async throws {
        let parts: [[UInt8]] = [[1, 2, 3]]
        let original = try Forge(scene, manifest: Forge.manifest(scene, Scene.fields(parts)), parts: parts)
        let first = try original.make()
        #expect(try await scene.reason(first) == nil)
        var thief = scene
        switch change {
        case .originator: thief.originator = PartyID("hezbollah")!
        case .charter: thief.charter = CharterID(Hash.sha256([3]))
        default: thief.nonce = Nonce([UInt8](repeating: 8, count: 32))!
        }
        var forge = original
        forge.scene = thief
        forge.payload = first.payload
        forge.keyCommitment = first.submission.keyCommitment
        #expect(try await thief.reason(forge.make()) == .keyCommitment)
        forge.keyContext = thief.context
        forge.keyCommitment = nil
        #expect(try await thief.reason(forge.make()) == .content)
        // Sealing the chunks again does not help: the manifest names the first context.
        forge.payload = nil
        #expect(try await thief.reason(forge.make()) == .content)
        #expect(
            try await thief.reason(
                Forge(thief, manifest: Forge.manifest(thief, Scene.fields(parts)), parts: parts).make()) == nil)
    }
}
