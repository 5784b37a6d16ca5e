import Envelope
import Ledger
import Sealing
import Statements
import Testing

@Suite("Manifest and commitment")
struct ManifestTests {
    let scene: Scene
    init() throws { scene = try Scene() }

    @Test("a manifest has one encoding, and comes back from it")
    func encoding() throws {
        let manifest = try Forge.manifest(scene, Scene.fields([[1], [2, 2]]))
        let bytes = try manifest.derBytes()
        #expect(try Manifest(der: bytes, limit: ContentBounds.manifest) == manifest)
        for position in bytes.indices {
            var damaged = bytes
            damaged[position] ^= 1 << (position % 8)
            let other = try? Manifest(der: damaged, limit: ContentBounds.manifest)
            #expect(other != manifest, "at \(position)")
            if let other { #expect(try other.derBytes() == damaged, "at \(position)") }
        }
        #expect(throws: FormError.self) { _ = try Manifest(der: bytes + [0], limit: ContentBounds.manifest) }
        #expect(throws: FormError.self) { _ = try Manifest(der: bytes, limit: bytes.count - 1) }
    }

    @Test(
        "names that are no safe file names are refused",
        arguments: ["", ".", "..", "a/b", "/etc/passwd", "a\\b", "a\0b", "a\nb", "\u{1B}[2J", "a\u{9B}b", "\u{7F}"])
    func names(name: String) {
        #expect(throws: FormError.self) {
            _ = try PartInfo(name: name, mediaType: "text/plain", size: 0, digest: .zero)
        }
    }

    @Test("names and media types have their bounds")
    func bounds() throws {
        let longest = String(repeating: "ß", count: 127) + "a"
        #expect(try PartInfo(name: longest, mediaType: "text/plain", size: 0, digest: .zero).name == longest)
        #expect(throws: FormError.self) {
            _ = try PartInfo(name: longest + "a", mediaType: "text/plain", size: 0, digest: .zero)
        }
        for type in ["", "text/plain\n", "té/x", String(repeating: "a", count: 128)] {
            #expect(throws: FormError.self) { _ = try PartInfo(name: "a", mediaType: type, size: 0, digest: .zero) }
        }
        #expect(throws: FormError.self) {
            _ = try PartInfo(name: "a", mediaType: "text/plain", size: (1 << 40) + 1, digest: .zero)
        }
    }

    @Test("every field can be proved alone by its salt and path", arguments: [1, 2, 5, 64])
    func paths(count: Int) throws {
        let fields = (0..<count).map { Field.reference(MessageID(Hash.sha256([UInt8($0)]))) }
        let secret = ManifestSecret([UInt8](repeating: 4, count: 32))!
        let manifest = try Manifest(context: scene.context, fields: fields, secret: secret)
        let leaves = try fields.enumerated().map { index, field in
            let salt = ContentCommitment.salt(secret, field: index)
            let entry = Forge.labelled("field", salt + (try field.derBytes()))
            #expect(ContentCommitment.entry(salt: salt, field: try field.derBytes()) == entry)
            return Hash.sha256([0] + entry.bytes)
        }
        var level = leaves
        while level.count > 1 {
            level = stride(from: 0, to: level.count, by: 2).map {
                $0 + 1 < level.count ? Hash.sha256([1] + level[$0].bytes + level[$0 + 1].bytes) : level[$0]
            }
        }
        let expected = Forge.labelled("content", Forge.u32(count) + level[0].bytes)
        #expect(ContentCommitment.commitment(to: manifest) == expected)
        #expect(Set((0..<count).map { ContentCommitment.salt(secret, field: $0) }).count == count)
    }
}

@Suite("Random bytes")
struct RandomBytesTests {
    @Test("no parser crashes on random or mutated bytes", arguments: 0..<8 as Range<UInt64>)
    func parsers(seed: UInt64) throws {
        let scene = try Scene()
        let file = try scene.file(scene.seal([[1, 2, 3]]))
        let manifest = try Forge.manifest(scene, Scene.fields([[1], []]))
        let content = try Forge(scene, manifest: manifest, parts: [[1]]).content
        let commitment = ContentCommitment.commitment(to: manifest)
        var random = SeededBytes(seed)
        for _ in 0..<300 {
            let bytes = random.bytes(Int.random(in: 0...300, using: &random))
            #expect(throws: (any Error).self, "seed \(seed)") { _ = try EnvelopeFormat.check(bytes) }
            _ = try? Manifest(der: bytes, limit: ContentBounds.manifest)
            _ = try? ContentReader.read(bytes, context: scene.context, commitment: commitment)
            _ = try? EnvelopeFormat.check(Self.mutated(file, &random))
            _ = try? Manifest(der: Self.mutated(try manifest.derBytes(), &random), limit: ContentBounds.manifest)
            _ = try? ContentReader.read(
                Self.mutated(content, &random), context: scene.context, commitment: commitment)
        }
        #expect(try ContentReader.read(content, context: scene.context, commitment: commitment).parts == [[1], []])
    }

    static func mutated(_ bytes: [UInt8], _ random: inout SeededBytes) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let at = Int.random(in: bytes.indices, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: at)
            case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: at)
            default: bytes.removeLast(bytes.count - at)
            }
        }
        return bytes
    }
}
