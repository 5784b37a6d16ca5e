import Envelope
import Ledger
import Sealing
import Statements
import Testing

@Suite("A content key that was kept with its payload")
struct KeptKeyTests {
    let scene: Scene
    init() throws { scene = try Scene() }

    /// The key as the opener gave it, and as it is read again.
    private func kept(_ sealed: Scene.Sealed) async throws -> ContentKey {
        let opener = Opener(
            submission: sealed.submission, charter: scene.charter, originator: scene.originator,
            sealedKeys: sealed.block, ownKeys: [scene.recipient.id])
        let payload = try await opener.unwrap { scene.recipient.open($0) }
        return try #require(ContentKey(payload.contentKey.bytes))
    }

    private func opener(
        _ sealed: Scene.Sealed, _ key: ContentKey, charter: CharterID? = nil, from: PartyID? = nil
    ) throws -> PayloadOpener {
        try PayloadOpener(
            submission: sealed.submission, charter: charter ?? scene.charter, originator: from ?? scene.originator,
            kept: key)
    }

    @Test("it opens that payload without any sealing key")
    func opens() async throws {
        var random = SeededBytes(3)
        let part = random.bytes(150_000)
        let sealed = try scene.seal([part])
        #expect(try await opener(sealed, kept(sealed)).open(sealed.payload).parts == [part])
    }

    @Test("the key that sealed the payload is the key that its recipients find")
    func same() async throws {
        let fields = try Scene.fields([[1, 2, 3]])
        var random = SeededBytes(8)
        var payload: [UInt8] = []
        let made = try Sealer(context: scene.context, fields: fields, random: { random.bytes($0) })
            .seal(parts: [[1, 2, 3]], into: &payload)
        let key = made.key.bytes
        let wrapped = try made.wrap(to: [scene.recipient.publicKey], legs: scene.legs)
        let submission = wrapped.submission(
            writtenUnder: WrittenUnder(constitution: Revision(0), rosters: []), precedence: .routine,
            expiry: Timestamp(milliseconds: 2_000_000_000_000))
        let sealed = Scene.Sealed(submission: submission, block: wrapped.sealedKeys.bytes, payload: payload)
        #expect(try await kept(sealed).bytes == key)
    }

    @Test("any changed bit of it, another message, charter or originator is refused before a byte is opened")
    func refused() async throws {
        let sealed = try scene.seal([[1, 2, 3]])
        let key = try await kept(sealed)
        for bit in 0..<256 {
            var bytes = key.bytes
            bytes[bit / 8] ^= 1 << (bit % 8)
            let bent = try #require(ContentKey(bytes))
            #expect(throws: UnreadableReason.keyCommitment, "bit \(bit)") { _ = try opener(sealed, bent) }
        }
        var other = scene
        other.seed = 2
        let twin = try other.seal([[1, 2, 3]])
        #expect(throws: UnreadableReason.keyCommitment) { _ = try opener(twin, key) }
        #expect(throws: UnreadableReason.keyCommitment) {
            _ = try opener(sealed, key, charter: CharterID(Hash.sha256([9])))
        }
        #expect(throws: UnreadableReason.keyCommitment) { _ = try opener(sealed, key, from: PartyID("hezbollah")) }
        #expect(ContentKey([UInt8](repeating: 1, count: 31)) == nil)
    }

    @Test("it does not show itself")
    func redacted() async throws {
        let key = try await kept(try scene.seal([[1, 2, 3]]))
        var dumped = ""
        dump(key, to: &dumped)
        #expect("\(key)" == "(a content key)" && !dumped.contains("["))
    }
}
