import Envelope
import Ledger
import Statements
import Testing

@testable import Sealing

@Suite("Chunks that are checked as they arrive")
struct ArrivingChunksTests {
    private static let key = ContentKey([UInt8](repeating: 7, count: 32))

    /// Three chunks, the last a short one.
    private static func payload() throws -> (chunks: ArrivingChunks, bytes: [UInt8]) {
        let key = try #require(key).payloadKey(.zero)
        let cipher = ChunkCipher(key: key)
        var bytes: [UInt8] = []
        for (place, size) in [EnvelopeFormat.chunk, EnvelopeFormat.chunk, 100].enumerated() {
            let chunk = [UInt8](repeating: UInt8(place), count: size)
            try cipher.seal(chunk[...], at: UInt64(place), isLast: place == 2, into: &bytes)
        }
        return (ArrivingChunks(cipher: cipher, size: UInt64(bytes.count)), bytes)
    }

    @Test("pieces of any size are put together", arguments: [1_000, 65_552, 65_553, 1 << 20])
    func pieces(size: Int) throws {
        var (chunks, bytes) = try Self.payload()
        for start in stride(from: 0, to: bytes.count, by: size) { try chunks.take(bytes[start...].prefix(size)) }
        #expect(chunks.checked == UInt64(bytes.count))
    }

    @Test("a wrong chunk is found as soon as it is there, and what came before stays good", arguments: 0..<3)
    func wrong(place: Int) throws {
        var (chunks, bytes) = try Self.payload()
        let start = place * EnvelopeFormat.sealedChunk
        bytes[start + 50] ^= 1
        #expect(throws: UnreadableReason.content) { try chunks.take(bytes[...]) }
        #expect(chunks.checked == UInt64(start))
    }

    @Test("a chunk in another's place is wrong")
    func moved() throws {
        var (chunks, bytes) = try Self.payload()
        let first = Array(bytes.prefix(EnvelopeFormat.sealedChunk))
        bytes.replaceSubrange(EnvelopeFormat.sealedChunk..<2 * EnvelopeFormat.sealedChunk, with: first)
        #expect(throws: UnreadableReason.content) { try chunks.take(bytes[...]) }
        #expect(chunks.checked == UInt64(EnvelopeFormat.sealedChunk))
    }

    @Test("bytes after the last chunk are wrong")
    func more() throws {
        var (chunks, bytes) = try Self.payload()
        try chunks.take(bytes[...])
        #expect(throws: UnreadableReason.content) { try chunks.take([0]) }
    }
}
