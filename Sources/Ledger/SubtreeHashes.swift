/// A source of the roots of complete subtrees: stored tiles, or the right edge of a growing tree.
public protocol SubtreeHashes {
    /// The root of the subtree of 2^`level` leaves whose first leaf is `index` * 2^`level`.
    ///
    /// - Throws: ``ProofError/subtreeMissing(level:index:)`` when the tree does not hold all of those leaves.
    func hash(level: UInt8, index: UInt64) throws -> Hash
}

extension Merkle {
    /// The root of a tree of this size.
    public static func root(size: TreeSize, from source: borrowing some SubtreeHashes) throws -> Hash {
        guard size.rawValue < TreeSize.limit else { throw ProofError.sizeTooLarge(size) }
        guard size.rawValue > 0 else { return emptyRoot }
        return try hash(of: 0..<size.rawValue, from: source)
    }

    /// The edge of a tree of this size.
    public static func compactRange(
        size: TreeSize, from source: borrowing some SubtreeHashes
    ) throws -> CompactRange {
        guard size.rawValue < TreeSize.limit else { throw ProofError.sizeTooLarge(size) }
        var hashes: [Hash] = []
        for bit in (0..<63).reversed() where size.rawValue >> UInt64(bit) & 1 == 1 {
            hashes.append(try source.hash(level: UInt8(bit), index: (size.rawValue >> UInt64(bit)) - 1))
        }
        guard let range = CompactRange(size: size, hashes: hashes) else { throw ProofError.sizeTooLarge(size) }
        return range
    }

    /// The Merkle tree hash of consecutive leaves that form a node of some tree: the start is a multiple of the power
    /// of two that is at least the length; the range is not empty.
    static func hash(of leaves: Range<UInt64>, from source: borrowing some SubtreeHashes) throws -> Hash {
        // From the right: complete subtrees, one for each set bit of the length, smallest first.
        var folded: Hash?
        var remaining = leaves.upperBound - leaves.lowerBound
        var end = leaves.upperBound
        while remaining > 0 {
            let level = UInt64(remaining.trailingZeroBitCount)
            end -= 1 << level
            let subtree = try source.hash(level: UInt8(level), index: end >> level)
            folded = folded.map { nodeHash(subtree, $0) } ?? subtree
            remaining &= remaining - 1
        }
        return folded ?? emptyRoot
    }
}
