/// The right edge of a log: one hash for every complete subtree, largest first.
///
/// It is all that is needed to append and to know the root. At most 63 hashes.
public struct CompactRange: Hashable, Sendable {
    /// How many leaves the tree has.
    public private(set) var size: TreeSize
    /// One hash for each set bit of ``size``, that of the highest bit first.
    public private(set) var hashes: [Hash]

    /// The empty tree.
    public init() {
        size = 0
        hashes = []
    }

    /// Takes over a stored edge; `nil` unless there is exactly one hash for each set bit of the size.
    public init?(size: TreeSize, hashes: [Hash]) {
        guard size.rawValue < TreeSize.limit, hashes.count == size.rawValue.nonzeroBitCount else { return nil }
        self.size = size
        self.hashes = hashes
    }

    /// Adds one leaf hash at the end.
    public mutating func append(_ leaf: Hash) {
        var carried = leaf
        var bits = size.rawValue
        while bits & 1 == 1, let left = hashes.popLast() {
            carried = Merkle.nodeHash(left, carried)
            bits >>= 1
        }
        hashes.append(carried)
        size = TreeSize(size.rawValue + 1)
    }

    /// The root of the tree.
    public var root: Hash {
        guard var folded = hashes.last else { return Merkle.emptyRoot }
        for left in hashes.dropLast().reversed() {
            folded = Merkle.nodeHash(left, folded)
        }
        return folded
    }
}
