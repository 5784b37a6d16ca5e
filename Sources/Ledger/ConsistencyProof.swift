/// The hashes that show that a tree is the beginning of a larger one (RFC 6962 section 2.1.2).
public struct ConsistencyProof: Hashable, Sendable {
    public let hashes: [Hash]

    public init(hashes: [Hash]) {
        self.hashes = hashes
    }

    /// The number of hashes in the proof between two sizes; 0 when the old is zero or not below the new.
    public static func expectedCount(from old: TreeSize, to new: TreeSize) -> Int {
        guard old > 0, old < new else { return 0 }
        let height = old.rawValue.trailingZeroBitCount
        let path = InclusionProof.expectedCount(index: LogIndex(old.rawValue - 1), size: new) - height
        return old.rawValue.nonzeroBitCount == 1 ? path : path + 1
    }

    /// Checks that the new tree begins with the old one. An old size of zero is always refused: the caller that
    /// knows nothing yet has nothing to compare.
    public func verify(
        from old: TreeSize, oldRoot: Hash, to new: TreeSize, newRoot: Hash
    ) throws(ProofError) {
        guard new.rawValue < TreeSize.limit else { throw .sizeTooLarge(new) }
        guard old <= new else { throw .sizesOutOfOrder(old: old, new: new) }
        guard old > 0 else { throw .emptyOldTree }
        let expected = ConsistencyProof.expectedCount(from: old, to: new)
        guard hashes.count == expected else { throw .wrongLength(expected: expected, found: hashes.count) }
        guard old != new else {
            guard oldRoot == newRoot else { throw .rootsDiffer(size: new) }
            return
        }
        try fold(from: old, oldRoot: oldRoot, to: new, newRoot: newRoot)
    }

    /// The computation of RFC 9162 section 2.1.4.2, after the counts were checked.
    private func fold(
        from old: TreeSize, oldRoot: Hash, to new: TreeSize, newRoot: Hash
    ) throws(ProofError) {
        var path = hashes[...]
        if old.rawValue.nonzeroBitCount == 1 { path = [oldRoot] + path }
        guard let seed = path.popFirst() else { throw .wrongLength(expected: 1, found: 0) }
        var node = old.rawValue - 1
        var last = new.rawValue - 1
        let complete = UInt64((~node).trailingZeroBitCount)
        node >>= complete
        last >>= complete
        var oldFolded = seed
        var newFolded = seed
        for sibling in path {
            guard last != 0 else { throw .rootMismatch }
            if node & 1 == 1 || node == last {
                oldFolded = Merkle.nodeHash(sibling, oldFolded)
                newFolded = Merkle.nodeHash(sibling, newFolded)
                while node & 1 == 0, node != 0 {
                    node >>= 1
                    last >>= 1
                }
            } else {
                newFolded = Merkle.nodeHash(newFolded, sibling)
            }
            node >>= 1
            last >>= 1
        }
        guard oldFolded == oldRoot else { throw .oldRootMismatch }
        guard last == 0, newFolded == newRoot else { throw .rootMismatch }
    }

    /// Makes the proof between two sizes, reading the subtrees from a source.
    ///
    /// - Throws: ``ProofError`` for bad sizes, or whatever the source throws.
    public static func make(
        from old: TreeSize, to new: TreeSize, from source: borrowing some SubtreeHashes
    ) throws -> ConsistencyProof {
        guard new.rawValue < TreeSize.limit else { throw ProofError.sizeTooLarge(new) }
        guard old <= new else { throw ProofError.sizesOutOfOrder(old: old, new: new) }
        guard old > 0 else { throw ProofError.emptyOldTree }
        var hashes: [Hash] = []
        var start: UInt64 = 0
        var end = new.rawValue
        var known = true
        while old.rawValue != end {
            let middle = start + Merkle.split(end - start)
            if old.rawValue <= middle {
                hashes.append(try Merkle.hash(of: middle..<end, from: source))
                end = middle
            } else {
                hashes.append(try Merkle.hash(of: start..<middle, from: source))
                start = middle
                known = false
            }
        }
        if !known { hashes.append(try Merkle.hash(of: start..<end, from: source)) }
        return ConsistencyProof(hashes: hashes.reversed())
    }
}
