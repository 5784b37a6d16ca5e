import Crypto
import Envelope
import Ledger
import Sealing
import Statements
import Testing

@Suite("The envelope file")
struct EnvelopeTests {
    let scene: Scene
    let sealed: Scene.Sealed
    let file: [UInt8]
    /// Where the parts of the file begin.
    let statement = 23
    let block: Int
    let payload: Int

    init() throws {
        scene = try Scene()
        sealed = try scene.seal([[UInt8](repeating: 1, count: 70_000)])
        file = try scene.file(sealed)
        payload = file.count - sealed.payload.count
        block = payload - 8 - sealed.block.count
    }

    private func code(_ file: [UInt8]) -> EnvelopeError.Code? {
        do throws(EnvelopeError) {
            _ = try EnvelopeFormat.check(file)
            return nil
        } catch { return error.code }
    }

    @Test("it is read the same from pieces of any size", arguments: [1, 7, 1_000, 65_536, 1 << 30])
    func pieces(size: Int) throws {
        var reader = EnvelopeReader()
        var found: [UInt8] = []
        for start in stride(from: 0, to: file.count, by: min(size, file.count)) {
            found += try reader.take(file[start..<min(start + size, file.count)])
            #expect((reader.header != nil) == (min(start + size, file.count) >= payload))
        }
        let header = try reader.finish()
        #expect(found == sealed.payload)
        #expect(reader.payloadTaken == UInt64(sealed.payload.count))
        #expect(header.submission == sealed.submission && header.sealedKeys.bytes == sealed.block)
        #expect(header.byteCount == payload && header.fileSize == UInt64(file.count))
        #expect(payload <= EnvelopeFormat.longestHeader)
        let again = try EnvelopeWriter.header(
            header.signed, sealedKeys: header.sealedKeys, payloadSize: header.payloadSize)
        #expect(again == Array(file[..<payload]))
    }

    @Test("a flipped bit anywhere is noticed, with the code of its place")
    func flips() throws {
        for position in Array(stride(from: 0, to: payload, by: 3))
            + Array(stride(from: payload, to: file.count, by: 997))
        {
            var damaged = file
            damaged[position] ^= 1 << (position % 8)
            let code = code(damaged)
            let expected: Set<EnvelopeError.Code>
            switch position {
            case ..<19: expected = [.malformed]
            case ..<statement: expected = [.malformed, .oversized, .truncated]
            case ..<(block - 4):
                // What still parses is another statement or signature: the signature check is the one to notice.
                if code == nil {
                    let signed = try EnvelopeFormat.check(damaged).signed
                    let key = [UInt8](Scene.signer.publicKey.rawRepresentation)
                    #expect(!ExaminedStatement(signed) { _ in key }.isAuthentic, "at \(position)")
                }
                continue
            case ..<block: expected = [.blockMismatch, .oversized]
            case ..<(payload - 8): expected = (position - block) % 1_200 < 32 ? [.blockMismatch] : [.digestMismatch]
            case ..<payload: expected = [.malformed]
            default: expected = [.digestMismatch]
            }
            #expect(code.map(expected.contains) == true, "at \(position): \(String(describing: code))")
        }
    }

    @Test("a file cut anywhere is truncated")
    func truncated() {
        for count in Array(stride(from: 0, to: payload, by: 11)) + [payload, payload + 1, file.count - 1] {
            #expect(code(Array(file.prefix(count))) == .truncated, "at \(count)")
        }
    }

    @Test("nothing may follow the payload, and its chunks have their order")
    func extended() {
        #expect(code(file + [0]) == .malformed)
        #expect(code(file + file) == .malformed)
        let swapped = file[..<payload] + file[(payload + 65_552)...] + file[payload..<payload + 65_552]
        #expect(code(Array(swapped)) == .digestMismatch)
    }

    @Test("lengths above their bounds are refused before anything is kept")
    func oversized() throws {
        var parser = EnvelopeHeaderParser()
        #expect(throws: EnvelopeError(.oversized, "signed statement", expected: "at most 48000 bytes")) {
            _ = try parser.take((EnvelopeFormat.magic + [0, 0, 0xBB, 0x81])[...])
        }
        parser = EnvelopeHeaderParser()
        let head = Array(file[..<(block - 4)])
        #expect(throws: EnvelopeError(.oversized, "sealed-keys block", expected: "at most 153600 bytes")) {
            _ = try parser.take((head + [0, 2, 0x58, 1])[...])
        }
        #expect(code(EnvelopeFormat.magic + [0, 0, 0, 0]) == .malformed)
    }

    @Test("sealed keys in another order, fewer or more are no submission's block")
    func blocks() throws {
        let block = try SealedKeysBlock(sealed.block)
        let signed = try scene.signed(.submission(sealed.submission))
        let keys = block.keys
        for list in [Array(keys.reversed()), [keys[0]], keys + [keys[1]]] {
            let other = try SealedKeysBlock(list)
            #expect(throws: EnvelopeError.self) {
                _ = try EnvelopeWriter.header(
                    signed, sealedKeys: other, payloadSize: sealed.submission.payloadSize)
            }
            let start = self.block
            let changed = file[..<(start - 4)] + Forge.u32(other.bytes.count) + other.bytes + file[(payload - 8)...]
            #expect(code(Array(changed)) == .blockMismatch)
        }
        #expect(try SealedKeysBlock(keys) == block)
        #expect(block.key(for: scene.recipient.id)?.keyID == scene.recipient.id)
        #expect(block.key(for: scene.stranger.id) == nil)
        #expect(throws: EnvelopeError.self) { _ = try SealedKeysBlock([UInt8]()) }
        #expect(throws: EnvelopeError.self) { _ = try SealedKeysBlock([UInt8](repeating: 0, count: 1_201)) }
        #expect(throws: EnvelopeError.self) { _ = try SealedKeysBlock([UInt8](repeating: 0, count: 129 * 1_200)) }
    }

    @Test("an act that is no submission has no envelope")
    func otherAct() throws {
        let signed = try scene.signed(.recall(MessageID(Hash.sha256([1])), legs: [LegNumber(0)!]))
        let statement = try signed.derBytes()
        let head = EnvelopeFormat.magic + Forge.u32(statement.count) + statement + file[(block - 4)...]
        #expect(code(head) == .malformed)
        #expect(throws: EnvelopeError.self) {
            _ = try EnvelopeWriter.header(signed, sealedKeys: try SealedKeysBlock(sealed.block), payloadSize: 1)
        }
    }

    @Test(
        "the payload digest does not depend on how the bytes come", arguments: [0, 1, 65_551, 65_552, 65_553, 300_000])
    func digester(size: Int) {
        var random = SeededBytes(UInt64(size))
        let bytes = random.bytes(size)
        var whole = PayloadDigester()
        whole.take(bytes)
        var pieces = PayloadDigester()
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...50_000, using: &random))
            pieces.take(piece)
            rest = rest.dropFirst(piece.count)
        }
        #expect(whole.digest() == Forge.payloadDigest(bytes))
        #expect(pieces.digest() == whole.digest() && pieces.size == UInt64(size))
    }
}
