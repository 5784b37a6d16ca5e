import Ledger
import Testing

@Suite("Merkle proofs")
struct ProofTests {
    static let tree = 130

    @Test("inclusion proofs are those of the definition and verify, for all entries of all trees up to 130")
    func inclusion() throws {
        let tree = NaiveTree(count: Self.tree)
        for size in 1...Self.tree {
            let (treeSize, root) = (TreeSize(UInt64(size)), tree.root(size))
            for entry in 0..<size {
                let index = LogIndex(UInt64(entry))
                let proof = try InclusionProof.make(index: index, size: treeSize, from: tree)
                #expect(proof.hashes == tree.path(entry, 0..<size))
                #expect(proof.hashes.count == InclusionProof.expectedCount(index: index, size: treeSize))
                try proof.verify(leaf: tree.leaves[entry], index: index, size: treeSize, root: root)
            }
        }
    }

    @Test("consistency proofs are those of the definition and verify, for all pairs of trees up to 130")
    func consistency() throws {
        let tree = NaiveTree(count: Self.tree)
        for new in 1...Self.tree {
            for old in 1...new {
                let (from, to) = (TreeSize(UInt64(old)), TreeSize(UInt64(new)))
                let proof = try ConsistencyProof.make(from: from, to: to, from: tree)
                #expect(proof.hashes == tree.consistency(old, 0..<new))
                #expect(proof.hashes.count == ConsistencyProof.expectedCount(from: from, to: to))
                try proof.verify(from: from, oldRoot: tree.root(old), to: to, newRoot: tree.root(new))
            }
        }
    }

    @Test("every single-bit change of leaf, root or proof fails", arguments: [1, 2, 3, 7, 8, 13])
    func inclusionBits(size: Int) throws {
        let tree = NaiveTree(count: size)
        let treeSize = TreeSize(UInt64(size))
        for entry in 0..<size {
            let index = LogIndex(UInt64(entry))
            let proof = try InclusionProof.make(index: index, size: treeSize, from: tree)
            let whole = [tree.leaves[entry], tree.root(size)] + proof.hashes
            for changed in singleBitChanges(whole) {
                #expect(throws: ProofError.rootMismatch) {
                    try InclusionProof(hashes: Array(changed[2...])).verify(
                        leaf: changed[0], index: index, size: treeSize, root: changed[1])
                }
            }
        }
    }

    @Test("every single-bit change of a root or of a consistency proof fails", arguments: [2, 3, 7, 8, 13])
    func consistencyBits(size: Int) throws {
        let tree = NaiveTree(count: size)
        for old in 1...size {
            let (from, to) = (TreeSize(UInt64(old)), TreeSize(UInt64(size)))
            let proof = try ConsistencyProof.make(from: from, to: to, from: tree)
            for changed in singleBitChanges([tree.root(old), tree.root(size)] + proof.hashes) {
                #expect(throws: ProofError.self) {
                    try ConsistencyProof(hashes: Array(changed[2...])).verify(
                        from: from, oldRoot: changed[0], to: to, newRoot: changed[1])
                }
            }
        }
    }

    @Test("another position, size or count of hashes fails", arguments: [1, 2, 5, 8, 21])
    func otherPlaces(size: Int) throws {
        let tree = NaiveTree(count: size)
        let root = tree.root(size)
        for entry in 0..<size {
            let proof = try InclusionProof.make(
                index: LogIndex(UInt64(entry)), size: TreeSize(UInt64(size)), from: tree)
            for other in 0..<size + 2 where other != entry {
                #expect(throws: ProofError.self) {
                    try proof.verify(
                        leaf: tree.leaves[entry], index: LogIndex(UInt64(other)), size: TreeSize(UInt64(size)),
                        root: root)
                }
            }
            for hashes in [
                proof.hashes + [root], [root] + proof.hashes, Array(proof.hashes.dropLast()) + [root, root],
            ] {
                #expect(throws: ProofError.self) {
                    try InclusionProof(hashes: hashes).verify(
                        leaf: tree.leaves[entry], index: LogIndex(UInt64(entry)), size: TreeSize(UInt64(size)),
                        root: root)
                }
            }
        }
    }

    @Test("impossible sizes are refused by name and never trap")
    func impossibleSizes() throws {
        let (none, tree) = (InclusionProof(hashes: []), NaiveTree(count: 3))
        let root = tree.root(3)
        #expect(throws: ProofError.indexOutOfRange(index: 0, size: 0)) {
            try none.verify(leaf: root, index: 0, size: 0, root: root)
        }
        #expect(throws: ProofError.sizeTooLarge(TreeSize(.max))) {
            try none.verify(leaf: root, index: 5, size: TreeSize(.max), root: root)
        }
        let largest = TreeSize(TreeSize.limit - 1)
        #expect(throws: ProofError.wrongLength(expected: 63, found: 0)) {
            try none.verify(leaf: root, index: 5, size: largest, root: root)
        }
        let empty = ConsistencyProof(hashes: [])
        #expect(throws: ProofError.emptyOldTree) { try empty.verify(from: 0, oldRoot: root, to: 0, newRoot: root) }
        #expect(throws: ProofError.emptyOldTree) { try ConsistencyProof.make(from: 0, to: 3, from: tree) }
        #expect(throws: ProofError.sizesOutOfOrder(old: 3, new: 2)) {
            try empty.verify(from: 3, oldRoot: root, to: 2, newRoot: root)
        }
        #expect(throws: ProofError.rootsDiffer(size: 3)) {
            try empty.verify(from: 3, oldRoot: root, to: 3, newRoot: .zero)
        }
        #expect(throws: ProofError.self) { try InclusionProof.make(index: 3, size: 3, from: tree) }
        #expect(throws: ProofError.self) { try InclusionProof.make(index: 0, size: 4, from: tree) }
        #expect(InclusionProof.expectedCount(index: 0, size: 0) == 0)
        #expect(ConsistencyProof.expectedCount(from: 0, to: 0) == 0)
    }

    @Test("the root of a compact range is that of the definition, and the edge can be stored")
    func compactRange() throws {
        let tree = NaiveTree(count: 300)
        var range = CompactRange()
        #expect(range.root == Merkle.emptyRoot)
        for size in 1...300 {
            range.append(tree.leaves[size - 1])
            #expect(range.size == TreeSize(UInt64(size)))
            #expect(range.root == tree.root(size))
            #expect(CompactRange(size: range.size, hashes: range.hashes) == range)
            #expect(try Merkle.compactRange(size: range.size, from: tree) == range)
            #expect(try Merkle.root(size: range.size, from: tree) == range.root)
        }
        #expect(CompactRange(size: 3, hashes: [.zero]) == nil)
        #expect(CompactRange(size: 4, hashes: [.zero, .zero]) == nil)
        #expect(CompactRange(size: TreeSize(TreeSize.limit), hashes: [.zero]) == nil)
    }

    private func singleBitChanges(_ hashes: [Hash]) -> [[Hash]] {
        hashes.indices.flatMap { position in
            (0..<256).compactMap { bit in
                var bytes = hashes[position].bytes
                bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                var changed = hashes
                guard let hash = Hash(bytes) else { return nil }
                changed[position] = hash
                return changed
            }
        }
    }
}
