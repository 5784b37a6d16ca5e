import Crypto

/// The hashes of a Merkle tree log (RFC 6962 section 2.1, SHA-256).
public enum Merkle {
    /// The root of the empty tree: SHA-256 of nothing.
    public static let emptyRoot = Hash.sha256([])

    /// The hash of an entry: SHA-256 of `0x00` and the entry.
    public static func leafHash(_ entry: some Collection<UInt8>) -> Hash {
        var hasher = SHA256()
        var prefix: UInt8 = 0
        withUnsafeBytes(of: &prefix) { hasher.update(bufferPointer: $0) }
        let done: Void? = entry.withContiguousStorageIfAvailable {
            hasher.update(bufferPointer: UnsafeRawBufferPointer($0))
        }
        if done == nil {
            Array(entry).withUnsafeBytes { hasher.update(bufferPointer: $0) }
        }
        return Hash(hasher.finalize())
    }

    /// The hash of an inner node: SHA-256 of `0x01` and the two children.
    public static func nodeHash(_ left: Hash, _ right: Hash) -> Hash {
        withUnsafeTemporaryAllocation(byteCount: 1 + 2 * Hash.byteCount, alignment: 8) { buffer in
            buffer[0] = 1
            left.store(in: UnsafeMutableRawBufferPointer(rebasing: buffer[1..<33]))
            right.store(in: UnsafeMutableRawBufferPointer(rebasing: buffer[33..<65]))
            var hasher = SHA256()
            hasher.update(bufferPointer: UnsafeRawBufferPointer(buffer))
            return Hash(hasher.finalize())
        }
    }

    /// The largest power of two below `count`, where a tree of `count` leaves is split; `count` is at least 2.
    static func split(_ count: UInt64) -> UInt64 {
        1 << UInt64(63 - (count - 1).leadingZeroBitCount)
    }
}
