package import Ledger
package import Statements

/// Proofs in a forged log, as the real relay makes them in its own.
extension LogForge {
    /// A relay's log as it stands, for its operator to go on from.
    package init(of box: RelayInABox) async throws {
        self.init(world: box.world, entries: try await box.store.entries(0..<box.head.size.rawValue))
    }

    /// An entry with its inclusion proof in the whole log.
    package func proven(_ index: LogIndex) throws -> ProvenEntry {
        let size = TreeSize(UInt64(entries.count))
        let proof = try InclusionProof.make(index: index, size: size, from: tree())
        return ProvenEntry(index: index, entryBytes: entries[Int(index.rawValue)], proof: proof.hashes)
    }

    package func consistency(from old: TreeSize, to new: TreeSize) throws -> ConsistencyProof {
        try ConsistencyProof.make(from: old, to: new, from: tree())
    }

    private func tree() throws -> TileReader {
        let files = try files()
        return TileReader(size: TreeSize(UInt64(entries.count))) { files[$0.path] ?? [] }
    }
}
