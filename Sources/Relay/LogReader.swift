package import Ledger
package import Statements
package import Store

/// Proofs and roots of the published log: from the edge in memory, and from stored tiles for what lies further back.
package struct LogReader: Sendable {
    private let store: any Store
    package init(_ store: any Store) { self.store = store }

    /// Thrown inside a synchronous reading to say which tile has to be fetched first.
    private struct MissingTile: Error {
        let level: UInt8
        let index: UInt64
    }

    private struct Place: Hashable {
        let level: UInt8
        let index: UInt64
    }

    /// Runs `body` on the tree of a snapshot; it may run several times while tiles are fetched.
    package func read<T: Sendable>(
        _ snapshot: PublishedLog.Snapshot, _ body: (BackedTileBuilder<TileReader>) throws -> T
    ) async throws -> T {
        var loaded: [Place: [UInt8]] = [:]
        while true {
            let tiles = loaded
            let older = TileReader(size: snapshot.head.size, capacity: 512) { id in
                guard let bytes = tiles[Place(level: id.level, index: id.index)] else {
                    throw MissingTile(level: id.level, index: id.index)
                }
                return bytes
            }
            do {
                return try body(snapshot.builder.backed(by: older))
            } catch let missing as MissingTile {
                guard let bytes = try await store.tile(level: missing.level, index: missing.index) else {
                    throw StoreError(.damaged, "tile \(missing.level)/\(missing.index) is missing")
                }
                loaded[Place(level: missing.level, index: missing.index)] = bytes
            }
        }
    }

    /// The entries with their inclusion proofs in the snapshot's head.
    package func prove(
        _ entries: [StoredEntry], in snapshot: PublishedLog.Snapshot
    ) async throws -> [ProvenEntry] {
        let known = entries.filter { $0.index.rawValue < snapshot.head.size.rawValue }
        return try await read(snapshot) { tree in
            try known.map { entry in
                let proof = try InclusionProof.make(index: entry.index, size: snapshot.head.size, from: tree)
                return ProvenEntry(index: entry.index, entryBytes: entry.bytes, proof: proof.hashes)
            }
        }
    }

    /// The roots at sizes that the log has reached.
    package func roots(_ sizes: Set<TreeSize>, in snapshot: PublishedLog.Snapshot) async throws -> [TreeSize: Hash] {
        let reached = sizes.filter { $0 <= snapshot.head.size && $0.rawValue > 0 }
        return try await read(snapshot) { tree in
            var roots: [TreeSize: Hash] = [:]
            for size in reached { roots[size] = try Merkle.root(size: size, from: tree) }
            return roots
        }
    }

    package func consistency(
        from old: TreeSize, to new: TreeSize, in snapshot: PublishedLog.Snapshot
    ) async throws -> ConsistencyProof {
        try await read(snapshot) { try ConsistencyProof.make(from: old, to: new, from: $0) }
    }
}
