package import Statements
import Envelope

/// Checks the sealed chunks of a payload while it arrives, for a holder of its key: a chunk that does not open in its
/// place is not the one that was sealed. Whether that is the relay's doing or the originator's, only the digest of the
/// whole payload tells. Memory: one chunk.
package struct ArrivingChunks: Sendable {
    private let cipher: ChunkCipher
    private let size: UInt64
    private var pending: [UInt8] = []
    private var place: UInt64 = 0
    /// Bytes of the payload, from its beginning, whose chunks are good.
    package private(set) var checked: UInt64 = 0

    init(cipher: ChunkCipher, size: UInt64) {
        self.cipher = cipher
        self.size = size
    }

    /// Takes the next bytes of the payload.
    /// - Throws: `UnreadableReason.content` at the first chunk that is not the one that was sealed; what is ``checked``
    ///   until then stays good.
    package mutating func take(_ bytes: ArraySlice<UInt8>) throws(UnreadableReason) {
        var rest = bytes
        while !rest.isEmpty {
            let whole = Int(min(UInt64(EnvelopeFormat.sealedChunk), size - checked))
            guard whole > 0 else { throw .content }
            let piece = rest.prefix(whole - pending.count)
            pending += piece
            rest = rest.dropFirst(piece.count)
            guard pending.count == whole else { return }
            let end = checked + UInt64(whole)
            _ = try cipher.open(pending, at: place, isLast: end == size)
            pending.removeAll(keepingCapacity: true)
            place += 1
            checked = end
        }
    }
}
