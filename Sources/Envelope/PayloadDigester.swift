import Crypto
package import Ledger
import Statements

/// Takes a payload in pieces of any size and gives its digest: the labelled hash of `u64 size || root`, the root being
/// that of the Merkle tree over the sealed chunks (`Docs/Specification.md#payload`). Memory does not grow.
package struct PayloadDigester: Sendable {
    private var chunks = CompactRange()
    private var leaf = PayloadDigester.emptyLeaf()
    private var inChunk = 0
    /// Bytes taken so far.
    package private(set) var size: UInt64 = 0

    package init() {}

    package mutating func take(_ bytes: ArraySlice<UInt8>) {
        size += UInt64(bytes.count)
        bytes.withUnsafeBytes { all in
            var rest = all[...]
            while !rest.isEmpty {
                let piece = rest.prefix(EnvelopeFormat.sealedChunk - inChunk)
                leaf.update(bufferPointer: UnsafeRawBufferPointer(rebasing: piece))
                rest = rest.dropFirst(piece.count)
                inChunk += piece.count
                if inChunk == EnvelopeFormat.sealedChunk { closeChunk() }
            }
        }
    }

    package mutating func take(_ bytes: [UInt8]) { take(bytes[...]) }

    /// The digest of what was taken so far, as if nothing more came.
    package func digest() -> Hash {
        var ended = self
        if ended.inChunk > 0 { ended.closeChunk() }
        return Self.digest(size: size, root: ended.chunks.root)
    }

    /// The digest of a payload of this size, `root` being that of the tree over its sealed chunks.
    package static func digest(size: UInt64, root: Hash) -> Hash {
        Label.payload.hash(BigEndian.bytes(size) + root.bytes)
    }

    private mutating func closeChunk() {
        chunks.append(Hash(leaf.finalize()))
        leaf = Self.emptyLeaf()
        inChunk = 0
    }

    /// The hasher of a Merkle leaf before its entry (RFC 6962 section 2.1).
    private static func emptyLeaf() -> SHA256 {
        var hasher = SHA256()
        hasher.update(data: [0])
        return hasher
    }
}
