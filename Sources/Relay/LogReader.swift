package import Ledger
package import Statements
package import Store

/// Proofs and roots of the published log: from the edge in memory, and from stored tiles for what lies further back.
/// Each is held against the signed root, so that what has changed on the disk is seen at its first use.
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

    /// The tiles that one reading has fetched.
    private final class Fetched {
        var tiles: [Place: [UInt8]] = [:]
    }

    /// Runs `body` for each item on the tree of a snapshot. One item may run several times while tiles are fetched;
    /// a tile is fetched and hashed once for all of them.
    private func read<Item, T>(
        _ items: [Item], _ snapshot: PublishedLog.Snapshot,
        _ body: (Item, BackedTileBuilder<TileReader>) throws -> T
    ) async throws -> [T] {
        let fetched = Fetched()
        let older = TileReader(size: snapshot.head.size, capacity: 512) { id in
            guard let bytes = fetched.tiles[Place(level: id.level, index: id.index)] else {
                throw MissingTile(level: id.level, index: id.index)
            }
            return bytes
        }
        let tree = snapshot.builder.backed(by: older)
        var results: [T] = []
        for item in items {
            while true {
                do {
                    results.append(try body(item, tree))
                    break
                } catch let missing as MissingTile {
                    guard let bytes = try await store.tile(level: missing.level, index: missing.index) else {
                        throw StoreError(.damaged, "tile \(missing.level)/\(missing.index) is missing")
                    }
                    fetched.tiles[Place(level: missing.level, index: missing.index)] = bytes
                }
            }
        }
        return results
    }

    /// The entries with their inclusion proofs in the snapshot's head.
    package func prove(
        _ entries: [StoredEntry], in snapshot: PublishedLog.Snapshot
    ) async throws -> [ProvenEntry] {
        let known = entries.filter { $0.index.rawValue < snapshot.head.size.rawValue }
        return try await read(known, snapshot) { entry, tree in
            let proof = try InclusionProof.make(index: entry.index, size: snapshot.head.size, from: tree)
            try Self.hold("entry \(entry.index)") { () throws(ProofError) in
                try proof.verify(
                    leaf: Merkle.leafHash(entry.bytes), index: entry.index, size: snapshot.head.size,
                    root: snapshot.head.root)
            }
            return ProvenEntry(index: entry.index, entryBytes: entry.bytes, proof: proof.hashes)
        }
    }

    /// The roots at sizes that the log has reached.
    package func roots(_ sizes: Set<TreeSize>, in snapshot: PublishedLog.Snapshot) async throws -> [TreeSize: Hash] {
        let reached = sizes.filter { $0 <= snapshot.head.size && $0.rawValue > 0 }.sorted()
        let newest = snapshot.head
        let roots = try await read(reached, snapshot) { size, tree in
            let root = try Merkle.root(size: size, from: tree)
            let proof = try ConsistencyProof.make(from: size, to: newest.size, from: tree)
            try Self.hold("the tree of size \(size)") { () throws(ProofError) in
                try proof.verify(from: size, oldRoot: root, to: newest.size, newRoot: newest.root)
            }
            return root
        }
        return Dictionary(uniqueKeysWithValues: zip(reached, roots))
    }

    private static func hold(_ what: String, _ verify: () throws(ProofError) -> Void) throws(StoreError) {
        do { try verify() } catch {
            throw StoreError(
                .damaged, "\(what) does not belong to the signed root: an entry or a tile has changed on the disk")
        }
    }

    package func consistency(
        from old: TreeSize, to new: TreeSize, in snapshot: PublishedLog.Snapshot
    ) async throws -> ConsistencyProof {
        let proofs = try await read([(old, new)], snapshot) { sizes, tree in
            try ConsistencyProof.make(from: sizes.0, to: sizes.1, from: tree)
        }
        guard let proof = proofs.first else { throw StoreError(.damaged, "no proof") }
        return proof
    }
}
