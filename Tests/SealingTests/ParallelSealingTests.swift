import Envelope
import Ledger
import Sealing
import Statements
import Testing

@Suite("Sealing on all cores")
struct ParallelSealingTests {
    let scene: Scene
    init() throws { scene = try Scene() }

    /// Hands out parts piece by piece.
    final class Source {
        private var parts: [ArraySlice<UInt8>]
        init(_ parts: [[UInt8]]) { self.parts = parts.map { $0[...] } }
        func read(_ number: PartNumber, atMost: Int) -> [UInt8] {
            let piece = parts[number.value].prefix(atMost)
            parts[number.value] = parts[number.value].dropFirst(piece.count)
            return Array(piece)
        }
    }

    /// The payload, with its pieces in the order in which they came.
    private func readingOnce(
        _ fields: [Field], _ parts: [[UInt8]]
    ) throws -> (payload: [UInt8], fields: [Field], pieces: [Range<Int>], submission: Submission) {
        let sealer = try scene.sealer(fields)
        var payload = [UInt8](repeating: 0, count: Int(sealer.payloadSize))
        var pieces: [Range<Int>] = []
        let source = Source(parts)
        let once = try sealer.sealReadingOnce(reading: source.read) { offset, bytes in
            pieces.append(Int(offset)..<Int(offset) + bytes.count)
            payload.replaceSubrange(Int(offset)..<Int(offset) + bytes.count, with: bytes)
        }
        let read = once.fields
        let wrapped = try once.take().wrap(to: [scene.recipient.publicKey], legs: scene.legs)
        return (payload, read, pieces, Scene.submission(wrapped))
    }

    private static func unread(_ fields: [Field]) throws -> [Field] {
        try fields.map { field in
            guard let part = field.part else { return field }
            let unread = try PartInfo(name: part.name, mediaType: part.mediaType, unread: part.size)
            if case .text = field { return .text(unread) } else { return .attachment(unread) }
        }
    }

    static let mebi = 1 << 20

    @Test(
        "parts read once give the very payload of parts read twice",
        arguments: [
            [], [0], [1], [3_000], [70_000], [mebi - 400], [mebi], [mebi + 1], [2 * mebi, 5],
            [100, 3 * mebi + 77, 0, 9],
            [17 * mebi + 1],
        ])
    func readOnce(sizes: [Int]) throws {
        var random = SeededBytes(UInt64(sizes.reduce(7, +)))
        let parts = sizes.map { random.bytes($0) }
        let fields = try Scene.fields(parts)
        let twice = try scene.seal(parts, fields: fields)
        let once = try readingOnce(Self.unread(fields), parts)
        #expect(once.payload == twice.payload)
        #expect(once.fields == fields)
        #expect(once.submission.payloadDigest == Forge.payloadDigest(twice.payload))
        #expect(once.submission.payloadDigest == twice.submission.payloadDigest)
        #expect(once.submission.contentCommitment == twice.submission.contentCommitment)
        #expect(once.submission.keyCommitment == twice.submission.keyCommitment)
        #expect(once.pieces.last?.lowerBound == 0)
        var next = 0
        for piece in once.pieces.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            #expect(piece.lowerBound == next)
            next = piece.upperBound
        }
        #expect(next == once.payload.count)
    }

    @Test("what was read once opens", arguments: [0, 5 << 20])
    func opens(size: Int) async throws {
        var random = SeededBytes(3)
        let part = random.bytes(size)
        let sealer = try scene.sealer(Self.unread(Scene.fields([part])))
        var payload = [UInt8](repeating: 0, count: Int(sealer.payloadSize))
        let once = try sealer.sealReadingOnce(reading: Source([part]).read) { offset, bytes in
            payload.replaceSubrange(Int(offset)..<Int(offset) + bytes.count, with: bytes)
        }
        let wrapped = try once.take().wrap(to: [scene.recipient.publicKey], legs: scene.legs)
        let sealed = Scene.Sealed(
            submission: Scene.submission(wrapped), block: wrapped.sealedKeys.bytes, payload: payload)
        let opened = try await scene.open(sealed)
        #expect(opened.parts == [part])
        #expect(opened.manifest.fields == (try Scene.fields([part])))
    }

    @Test("a part of another size than its field says stops the sealing", arguments: [-1, 1])
    func otherSize(by difference: Int) throws {
        let part = [UInt8](repeating: 1, count: 100_000)
        let other = [UInt8](repeating: 1, count: part.count + difference)
        let error = try #require(throws: SealingError.self) {
            _ = try readingOnce(Self.unread(Scene.fields([part])), [other])
        }
        #expect(error.code == .changedWhileReading)
    }

    @Test("errors of the closures pass through while batches are being sealed")
    func closures() throws {
        struct DiskFull: Error {}
        let part = [UInt8](repeating: 1, count: 20 << 20)
        let fields = try Scene.fields([part])
        #expect(throws: DiskFull.self) {
            _ = try scene.sealer(fields).seal(reading: Source([part]).read, writing: { _ in throw DiskFull() })
        }
        #expect(throws: DiskFull.self) {
            _ = try scene.sealer(fields).sealReadingOnce(
                reading: { _, _ in throw DiskFull() }, writing: { _, _ in })
        }
    }
}
