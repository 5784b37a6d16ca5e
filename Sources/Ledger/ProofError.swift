/// Why a Merkle proof was refused or could not be made.
public enum ProofError: LedgerError {
    /// The entry lies at or beyond the end of the tree.
    case indexOutOfRange(index: LogIndex, size: TreeSize)
    /// The old tree is empty: nothing can be shown about it.
    case emptyOldTree
    /// The old tree is larger than the new one.
    case sizesOutOfOrder(old: TreeSize, new: TreeSize)
    /// The size is 2^63 or more.
    case sizeTooLarge(TreeSize)
    /// A proof for this position has another number of hashes.
    case wrongLength(expected: Int, found: Int)
    /// The computed root is not the given one.
    case rootMismatch
    /// The roots of two trees of one size differ: the log has forked.
    case rootsDiffer(size: TreeSize)
    /// The proof does not lead to the old root.
    case oldRootMismatch
    /// The subtree is not complete in this tree, or is not kept here.
    case subtreeMissing(level: UInt8, index: UInt64)

    public var code: String {
        switch self {
        case .indexOutOfRange: "proof-index-out-of-range"
        case .emptyOldTree: "proof-empty-old-tree"
        case .sizesOutOfOrder: "proof-sizes-out-of-order"
        case .sizeTooLarge: "proof-size-too-large"
        case .wrongLength: "proof-wrong-length"
        case .rootMismatch: "proof-root-mismatch"
        case .rootsDiffer: "proof-roots-differ"
        case .oldRootMismatch: "proof-old-root-mismatch"
        case .subtreeMissing: "proof-subtree-missing"
        }
    }

    public var sentence: String {
        switch self {
        case .indexOutOfRange(let index, let size): "Entry \(index) was expected to be below the tree size \(size)."
        case .emptyOldTree: "The old tree is empty, but a consistency proof needs at least one entry in it."
        case .sizesOutOfOrder(let old, let new): "The old size \(old) was expected to be at most the new size \(new)."
        case .sizeTooLarge(let size): "The tree size \(size) was expected to be below 2^63."
        case .wrongLength(let expected, let found): "The proof has \(found) hashes where \(expected) were expected."
        case .rootMismatch: "The proof does not lead to the root of the tree."
        case .rootsDiffer(let size): "Two different roots were given for the tree of size \(size)."
        case .oldRootMismatch: "The proof does not lead to the root of the old tree."
        case .subtreeMissing(let level, let index): "The subtree \(index) of height \(level) is not available here."
        }
    }

    public var nextStep: String {
        switch self {
        case .indexOutOfRange, .emptyOldTree, .sizesOutOfOrder, .sizeTooLarge:
            "Ask again with sizes taken from verified checkpoints."
        case .wrongLength, .rootMismatch, .oldRootMismatch:
            "Fetch the proof again; if it fails again, keep it and both checkpoints and report the log."
        case .rootsDiffer: "Keep both checkpoints and report the log: it has shown two histories."
        case .subtreeMissing: "Read it from the tiles of the tree."
        }
    }
}
