import Envelope
import Ledger
import Sealing
import Statements
import Testing

@Suite("Sealing and opening")
struct RoundTripTests {
    let scene: Scene
    init() throws { scene = try Scene() }

    @Test(
        "content of every size comes back",
        arguments: [0, 1, 4_095, 4_096, 4_097, 65_535, 65_536, 65_537, 131_072, 200_000, 400_001])
    func sizes(size: Int) async throws {
        var random = SeededBytes(UInt64(size))
        let part = random.bytes(size)
        let sealed = try scene.seal([part])
        for holder in [scene.recipient, scene.sender] {
            let opened = try await scene.open(sealed, with: holder)
            #expect(opened.parts == [part])
            #expect(opened.manifest.context == scene.context)
            #expect(opened.manifest.fields == (try Scene.fields([part])))
        }
        #expect(try EnvelopeFormat.check(scene.file(sealed)).submission == sealed.submission)
    }

    @Test("content that ends around a chunk's end comes back", arguments: [-1, 0, 1])
    func chunkEnds(offset: Int) async throws {
        let head = try 4 + Forge.manifest(scene, Scene.fields([[UInt8](repeating: 0, count: 60_000)])).derBytes().count
        let part = [UInt8](repeating: 3, count: 65_536 - head + offset)
        let sealed = try scene.seal([part])
        #expect(sealed.payload.count == (offset > 0 ? 67_584 + 32 : 65_536 + 16))
        #expect(try await scene.open(sealed).parts == [part])
    }

    @Test(
        "several parts come back, empty ones too",
        arguments: [[0, 0], [10, 0, 20], [0, 70_000, 0, 1, 0], [65_536, 65_536, 5], [100_000, 1, 90_000, 0]])
    func parts(sizes: [Int]) async throws {
        var random = SeededBytes(99)
        let parts = sizes.map { random.bytes($0) }
        #expect(try await scene.open(scene.seal(parts)).parts == parts)
    }

    @Test("content without parts comes back with every kind of field")
    func fieldsOnly() async throws {
        let message = MessageID(Hash.sha256([5]))
        for source in [SourceAttribution.own, .named(message), .withheld(Hash.sha256([6]))] {
            let fields = [
                Field.subject("Réponse"), .caption("eyes only"), .reference(message), .reference(message),
                .source(source),
            ]
            let opened = try await scene.open(scene.seal([], fields: fields))
            #expect(opened.manifest.fields == fields)
            #expect(opened.parts.isEmpty)
        }
    }

    @Test("the largest subject and 64 fields fit; one more of either is refused")
    func bounds() async throws {
        let message = MessageID(Hash.sha256([5]))
        let most =
            [Field.subject(String(repeating: "s", count: 998))] + Array(repeating: .reference(message), count: 63)
        #expect(try await scene.open(scene.seal([], fields: most)).manifest.fields == most)
        let refused = [
            [.subject(String(repeating: "s", count: 999))], most + [.reference(message)], [],
            [.subject("a"), .subject("b")],
            [.source(.own), .source(.named(message))], [.source(.named(message)), .manner(.oral), .manner(.oral)],
            [.source(.own), .manner(.translated)], [.subject("a"), .manner(.translated)],
        ]
        for fields in refused {
            let error = try #require(throws: SealingError.self) { _ = try scene.seal([], fields: fields) }
            #expect(error.code == .fieldMalformed)
        }
    }

    @Test("an intermediary says how its words relate to a source that is named or withheld", arguments: Manner.allCases)
    func manners(manner: Manner) async throws {
        let source = MessageID(Hash.sha256([5]))
        for attribution in [SourceAttribution.named(source), .withheld(Hash.sha256([6]))] {
            let fields = [Field.manner(manner), .source(attribution)]
            #expect(try await scene.open(scene.seal([], fields: fields)).manifest.fields == fields)
        }
        #expect(Manner(manner.description) == manner)
    }

    @Test("one message to several recipients: each opens it, and no leg can be taken out")
    func together() async throws {
        var scene = scene
        scene.legs = ["lebanon-speaker", "israel-strategic-affairs", "hezbollah"].map {
            Leg(intermediaries: [], recipient: PartyID($0)!)
        }
        let part = Array("to all of you".utf8)
        let sealed = try scene.seal([part])
        #expect(sealed.submission.legs == scene.legs)
        for holder in [scene.recipient, scene.sender] {
            #expect(try await scene.open(sealed, with: holder).parts == [part])
        }
        var fewer = sealed
        fewer.submission = sealed.submission.with(legs: Array(scene.legs.dropLast()))
        #expect(try await scene.reason(fewer) == .wrap)
    }

    @Test("what is made is what the specification says, written down a second time")
    func forgeAgrees() async throws {
        var random = SeededBytes(4)
        let part = random.bytes(150_000)
        let manifest = try Forge.manifest(scene, Scene.fields([part]))
        var forge = try Forge(scene, manifest: manifest, parts: [part])
        forge.content = Array(forge.content.prefix(Int(Padding.padded(UInt64(4 + part.count + 300)))))
        #expect(try await scene.open(forge.make()).parts == [part])
        let sealed = try scene.seal([part])
        #expect(Forge.payloadDigest(sealed.payload) == sealed.submission.payloadDigest)
        #expect(Forge.labelled("sealed-keys", sealed.block) == sealed.submission.sealedKeysDigest)
    }

    @Test("two sealings of the same content have nothing in common")
    func fresh() async throws {
        var other = scene
        other.seed = 2
        let (first, second) = (try scene.seal([[1, 2, 3]]), try other.seal([[1, 2, 3]]))
        #expect(first.payload != second.payload)
        #expect(first.submission.contentCommitment != second.submission.contentCommitment)
        #expect(first.submission.keyCommitment != second.submission.keyCommitment)
    }

    @Test("a file that changes between its two readings stops the sealing", arguments: ["byte", "shorter", "longer"])
    func changedWhileReading(how: String) throws {
        let part = [UInt8](repeating: 1, count: 100_000)
        var changed = part
        switch how {
        case "byte": changed[99_999] = 2
        case "shorter": changed.removeLast()
        default: changed.append(1)
        }
        var payload: [UInt8] = []
        let error = try #require(throws: SealingError.self) {
            _ = try scene.sealer(Scene.fields([part])).seal(parts: [changed], into: &payload)
        }
        #expect(error.code == .changedWhileReading)
    }

    @Test("the payload's size is known before it is made, and errors of the closures pass through")
    func streaming() throws {
        let part = [UInt8](repeating: 1, count: 300_000)
        let size = try scene.sealer(Scene.fields([part])).payloadSize
        #expect(try scene.seal([part]).payload.count == Int(size))
        struct DiskFull: Error {}
        #expect(throws: DiskFull.self) {
            var rest = part[...]
            _ = try scene.sealer(Scene.fields([part])).seal(
                reading: { _, most in
                    defer { rest = rest.dropFirst(most) }
                    return Array(rest.prefix(most))
                }, writing: { _ in throw DiskFull() })
        }
    }

    @Test("keys are listed sorted and once; none, too many and malformed ones are refused")
    func keyLists() throws {
        func wrap(_ keys: [[UInt8]]) throws -> WrappedPayload {
            var payload: [UInt8] = []
            return try scene.sealer([.subject("s")]).seal(parts: [], into: &payload).wrap(to: keys, legs: scene.legs)
        }
        let keys = [scene.sender.publicKey, scene.recipient.publicKey]
        let wrapped = try wrap(keys + keys)
        #expect(wrapped.binding.sealedTo == [scene.sender.id, scene.recipient.id].sorted())
        #expect(wrapped.sealedKeys.keyIDs == wrapped.binding.sealedTo)
        #expect(try #require(throws: SealingError.self) { _ = try wrap([]) }.code == .wrongKeyCount)
        let many = (0..<129).map { [UInt8($0)] }
        #expect(try #require(throws: SealingError.self) { _ = try wrap(many) }.code == .wrongKeyCount)
        let short = Array(scene.sender.publicKey.dropLast())
        #expect(try #require(throws: SealingError.self) { _ = try wrap([short]) }.code == .sealingKeyMalformed)
    }

    @Test("a source of random bytes that gives too few is refused")
    func shortRandomness() throws {
        let error = try #require(throws: SealingError.self) {
            _ = try Sealer(context: scene.context, fields: [.subject("s")]) { _ in [] }.payloadSize
        }
        #expect(error.code == .noRandomness)
    }

    @Test("secrets are not printed")
    func unprinted() throws {
        let secret = ManifestSecret([UInt8](repeating: 0x66, count: 32))!
        let manifest = try Manifest(context: scene.context, fields: [.subject("hidden")], secret: secret)
        for text in ["\(secret)", "\(manifest)", String(reflecting: manifest), String(reflecting: secret)] {
            #expect(!text.contains("102") && !text.contains("66") && !text.contains("hidden"))
        }
        #expect(Mirror(reflecting: manifest).children.isEmpty && Mirror(reflecting: secret).children.isEmpty)
    }
}

@Suite("Padding")
struct PaddingTests {
    @Test(
        "content is padded to the size that the table says",
        arguments: [
            (0, 4_096), (1, 4_096), (4_095, 4_096), (4_096, 4_096), (4_097, 8_192), (8_192, 8_192), (8_193, 16_384),
            (32_769, 65_536), (65_535, 65_536), (65_536, 65_536), (65_537, 67_584), (67_584, 67_584),
            (67_585, 69_632), (131_071, 131_072), (131_072, 131_072), (131_073, 135_168), (1_000_000, 1_015_808),
            (1 << 30, 1 << 30), ((1 << 30) + 1, (1 << 30) + (1 << 25)),
        ] as [(UInt64, UInt64)])
    func table(size: UInt64, padded: UInt64) { #expect(Padding.padded(size) == padded) }

    @Test("padding never shrinks, is settled after one time, and adds at most 12 % above 64 KiB")
    func properties() {
        var random = SeededBytes(8)
        for _ in 0..<2_000 {
            let size = UInt64.random(in: 0...(1 << UInt64.random(in: 1...40)), using: &random)
            let padded = Padding.padded(size)
            #expect(padded >= size && Padding.padded(padded) == padded, "size \(size)")
            if size > 65_536 { #expect(Double(padded) <= Double(size) * 1.12, "size \(size)") }
        }
    }

    @Test("sealed and content sizes belong to each other one to one")
    func sizes() {
        for content in [1, 4_096, 65_535, 65_536, 65_537, 131_072, 1 << 32] as [UInt64] {
            #expect(EnvelopeFormat.contentSize(ofPayload: EnvelopeFormat.payloadSize(ofContent: content)) == content)
        }
        for payload in [0, 1, 16, 65_553, 65_552 + 16, (1 << 40) + 1, .max] as [UInt64] {
            #expect(EnvelopeFormat.contentSize(ofPayload: payload) == nil, "payload \(payload)")
        }
    }
}
