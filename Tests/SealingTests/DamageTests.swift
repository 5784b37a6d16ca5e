import Envelope
import Ledger
import Sealing
import Statements
import Testing

@Suite("Damage and bad content")
struct DamageTests {
    let scene: Scene
    init() throws { scene = try Scene() }

    @Test("a flipped bit in sealed keys or payload is unreadable: digest")
    func flips() async throws {
        let sealed = try scene.seal([[1, 2, 3]])
        for position in stride(from: 0, to: sealed.block.count, by: 61) {
            var damaged = sealed
            damaged.block[position] ^= 1 << (position % 8)
            #expect(try await scene.reason(damaged) == .digest, "block \(position)")
        }
        for position in stride(from: 0, to: sealed.payload.count, by: 97) {
            var damaged = sealed
            damaged.payload[position] ^= 1 << (position % 8)
            #expect(try await scene.reason(damaged) == .digest, "payload \(position)")
        }
    }

    @Test("a cut or longer block or payload is unreadable: digest", arguments: [-4_112, -65_552, -1, 1, 4_112])
    func lengths(count: Int) async throws {
        let sealed = try scene.seal([[UInt8](repeating: 1, count: 100_000)])
        var damaged = sealed
        damaged.payload =
            count < 0 ? damaged.payload.dropLast(-count) : damaged.payload + Array(repeating: 0, count: count)
        #expect(try await scene.reason(damaged) == .digest)
        damaged = sealed
        damaged.block = count < 0 ? damaged.block.dropLast(-count) : damaged.block + Array(repeating: 0, count: count)
        #expect(try await scene.reason(damaged) == .digest)
    }

    @Test("chunks in another order are unreadable: digest")
    func reordered() async throws {
        var sealed = try scene.seal([[UInt8](repeating: 1, count: 200_000)])
        sealed.payload = Array(
            sealed.payload[65_552..<131_104] + sealed.payload[..<65_552] + sealed.payload[131_104...])
        #expect(try await scene.reason(sealed) == .digest)
    }

    @Test("who is not listed has no key; whose wrap does not open has a wrong one")
    func keys() async throws {
        let sealed = try scene.seal([[1]])
        #expect(try await scene.reason(sealed, with: scene.stranger) == .noKey)
        #expect(try await scene.reason(sealed, own: []) == .noKey)
        #expect(try await scene.reason(sealed, with: scene.stranger, own: [scene.recipient.id]) == .wrap)
        #expect(try await scene.reason(sealed, own: [scene.stranger.id, scene.recipient.id, scene.sender.id]) == nil)
    }

    @Test("an agent that cannot answer is no verdict on the message")
    func agentAway() async throws {
        struct Locked: Error {}
        let sealed = try scene.seal([[1]])
        let opener = Opener(
            submission: sealed.submission, charter: scene.charter, originator: scene.originator,
            sealedKeys: sealed.block, ownKeys: [scene.recipient.id])
        await #expect(throws: Locked.self) { _ = try await opener.unwrap { _ in throw Locked() } }
    }

    @Test("a key that its commitment does not fit is unreadable: key-commitment; a key of another length: wrap")
    func commitment() async throws {
        var forge = try forge()
        forge.keyCommitment = Hash.sha256([9])
        #expect(try await scene.reason(forge.make()) == .keyCommitment)
        forge = try self.forge()
        forge.contentKey.removeLast()
        #expect(try await scene.reason(forge.make()) == .wrap)
        // An agent that answers with something else.
        let sealed = try scene.seal([[1]])
        let opener = Opener(
            submission: sealed.submission, charter: scene.charter, originator: scene.originator,
            sealedKeys: sealed.block, ownKeys: [scene.recipient.id])
        for answer in [[], [UInt8](repeating: 0, count: 31), [UInt8](repeating: 0, count: 32)] {
            await #expect(throws: UnreadableReason.keyCommitment) { _ = try await opener.unwrap { _ in answer } }
        }
    }

    @Test("an originator's damaged, dropped, moved or badly cut chunks are unreadable: content", arguments: 0..<6)
    func spoiled(how: Int) async throws {
        let parts = [[UInt8](repeating: 1, count: 200_000)]
        var forge = try Forge(scene, manifest: Forge.manifest(scene, Scene.fields(parts)), parts: parts)
        forge.content = Array(forge.content.prefix(200_704))
        #expect(try await scene.reason(forge.make()) == nil)
        forge.spoil = { payload in
            switch how {
            case 0: payload[70_000] ^= 1
            case 1: payload.removeFirst(65_552)
            case 2: payload.removeLast(payload.count - 3 * 65_552)
            case 3: payload = Array(payload[65_552..<131_104] + payload[..<65_552] + payload[131_104...])
            case 4: payload.removeLast()
            default: payload = []
            }
        }
        #expect(try await scene.reason(forge.make()) == .content)
    }

    @Test("a last chunk that is empty is a second encoding and unreadable: content")
    func emptyLastChunk() async throws {
        let parts = [[UInt8](repeating: 1, count: 60_000)]
        var forge = try Forge(scene, manifest: Forge.manifest(scene, Scene.fields(parts)), parts: parts)
        let key = try Forge.derive("payload-key", forge.contentKey, scene.context)
        // A full chunk that is not the last, then one of nothing but a tag.
        forge.payload = Array(try Forge.sealChunks(forge.content + [0], key: key).dropLast(1))
        #expect(forge.payload?.count == 65_552 + 16)
        #expect(try await scene.reason(forge.make()) == .content)
    }

    @Test("padding that is not zero, too long or too short is unreadable: content")
    func padding() async throws {
        var forge = try forge()
        forge.content[4_095] = 1
        #expect(try await scene.reason(forge.make()) == .content)
        for size in [8_192, 4_095, 4_097, 2_048] {
            forge = try self.forge()
            forge.content = Array((forge.content + [UInt8](repeating: 0, count: 8_192)).prefix(size))
            #expect(try await scene.reason(forge.make()) == .content, "size \(size)")
        }
    }

    @Test("a manifest of another message is unreadable: content", arguments: [0, 1, 2])
    func foreignManifest(which: Int) async throws {
        var foreign = scene
        switch which {
        case 0: foreign.charter = CharterID(Hash.sha256([3]))
        case 1: foreign.originator = PartyID("hezbollah")!
        default: foreign.nonce = Nonce([UInt8](repeating: 8, count: 32))!
        }
        let forge = try Forge(scene, manifest: Forge.manifest(foreign, Scene.fields([[1]])), parts: [[1]])
        #expect(try await scene.reason(forge.make()) == .content)
    }

    @Test("a content commitment, a part or a manifest length that is wrong is unreadable: content")
    func contradictions() async throws {
        var forge = try forge()
        forge.contentCommitment = Hash.sha256([1])
        #expect(try await scene.reason(forge.make()) == .content)
        let manifest = try Forge.manifest(scene, Scene.fields([[1, 2, 3]]))
        for parts in [[[1, 2, 4]], [[1, 2]], [[1, 2, 3, 4]], []] as [[[UInt8]]] {
            forge = try Forge(scene, manifest: manifest, parts: parts)
            #expect(try await scene.reason(forge.make()) == .content, "parts \(parts)")
        }
        for length in [0, 1, 65_537, 4_093, Int(UInt32.max)] {
            forge = try self.forge()
            forge.content.replaceSubrange(0..<4, with: Forge.u32(length))
            #expect(try await scene.reason(forge.make()) == .content, "length \(length)")
        }
    }

    @Test("nothing is handed out before the whole payload's digest was verified")
    func nothingEarly() async throws {
        var sealed = try scene.seal([[UInt8](repeating: 1, count: 200_000)])
        let opener = try await Opener(
            submission: sealed.submission, charter: scene.charter, originator: scene.originator,
            sealedKeys: sealed.block, ownKeys: [scene.recipient.id]
        ).unwrap { scene.recipient.open($0) }
        sealed.payload[sealed.payload.count - 1] ^= 1
        var calls = 0
        #expect(throws: UnreadableReason.digest) {
            _ = try opener.open(
                reading: { Array(sealed.payload.dropFirst(Int($0)).prefix($1)) }, begin: { _ in calls += 1 },
                part: { _, _ in calls += 1 })
        }
        #expect(calls == 0)
    }

    private func forge() throws -> Forge {
        let forge = try Forge(scene, manifest: Forge.manifest(scene, Scene.fields([[1, 2, 3]])), parts: [[1, 2, 3]])
        return forge
    }
}
