/// The hashes that lead from one entry to the root of a tree, the entry's sibling first (RFC 6962 section 2.1.1).
public struct InclusionProof: Hashable, Sendable {
    public let hashes: [Hash]

    public init(hashes: [Hash]) {
        self.hashes = hashes
    }

    /// The number of hashes in the proof of an entry below the size; at most 64, and 0 for other positions.
    public static func expectedCount(index: LogIndex, size: TreeSize) -> Int {
        guard index.rawValue < size.rawValue else { return 0 }
        let inner = innerCount(index.rawValue, size.rawValue)
        return inner + (index.rawValue >> UInt64(inner)).nonzeroBitCount
    }

    /// Checks that the tree with this size and root has the leaf at the index.
    public func verify(leaf: Hash, index: LogIndex, size: TreeSize, root: Hash) throws(ProofError) {
        guard try computedRoot(leaf: leaf, index: index, size: size) == root else { throw .rootMismatch }
    }

    /// The root of the tree in which the leaf stands at the index, if this proof is right.
    public func computedRoot(leaf: Hash, index: LogIndex, size: TreeSize) throws(ProofError) -> Hash {
        guard size.rawValue < TreeSize.limit else { throw .sizeTooLarge(size) }
        guard index.rawValue < size.rawValue else { throw .indexOutOfRange(index: index, size: size) }
        let expected = InclusionProof.expectedCount(index: index, size: size)
        guard hashes.count == expected else { throw .wrongLength(expected: expected, found: hashes.count) }
        let inner = InclusionProof.innerCount(index.rawValue, size.rawValue)
        var folded = leaf
        for (height, sibling) in hashes.enumerated() {
            // Above the inner part, every remaining sibling lies to the left.
            let isRightChild = height >= inner || index.rawValue >> UInt64(height) & 1 == 1
            folded = isRightChild ? Merkle.nodeHash(sibling, folded) : Merkle.nodeHash(folded, sibling)
        }
        return folded
    }

    /// Makes the proof of an entry, reading the subtrees from a source.
    ///
    /// - Throws: ``ProofError`` for a bad position, or whatever the source throws.
    public static func make(
        index: LogIndex, size: TreeSize, from source: borrowing some SubtreeHashes
    ) throws -> InclusionProof {
        guard size.rawValue < TreeSize.limit else { throw ProofError.sizeTooLarge(size) }
        guard index.rawValue < size.rawValue else { throw ProofError.indexOutOfRange(index: index, size: size) }
        var hashes: [Hash] = []
        var start: UInt64 = 0
        var end = size.rawValue
        while end - start > 1 {
            let middle = start + Merkle.split(end - start)
            if index.rawValue < middle {
                hashes.append(try Merkle.hash(of: middle..<end, from: source))
                end = middle
            } else {
                hashes.append(try Merkle.hash(of: start..<middle, from: source))
                start = middle
            }
        }
        return InclusionProof(hashes: hashes.reversed())
    }

    /// How many levels lie below the point where the paths of the entry and of the last entry part.
    private static func innerCount(_ index: UInt64, _ size: UInt64) -> Int {
        64 - (index ^ (size - 1)).leadingZeroBitCount
    }
}
