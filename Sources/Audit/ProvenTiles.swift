import Ledger

/// The tiles of one tree, from the top down: none is given out before it was checked against the root.
///
/// The root covers the right edge of every level; a full tile's own root stands in the tile above it.
struct ProvenTiles {
    let size: TreeSize
    private let edge: [UInt8: [UInt8]]
    /// The full tile that was asked for last, for each level.
    private var latest: [UInt8: (index: UInt64, bytes: [UInt8])] = [:]
    private let obtain: (TileID, TileOrigin) async throws -> [UInt8]?
    private let keep: (TileID, [UInt8]) throws -> Void

    /// Where a tile may be taken from.
    enum TileOrigin { case kept, source }

    /// - Parameters:
    ///   - obtain: gives the bytes of a tile, of the right length; nil where it is not kept.
    ///   - keep: takes a full tile that came from the source, once it was checked.
    /// - Throws: ``Finding`` `root-mismatch` if the right edge does not give the root.
    init(
        checkpoint: Checkpoint, obtain: @escaping (TileID, TileOrigin) async throws -> [UInt8]?,
        keep: @escaping (TileID, [UInt8]) throws -> Void
    ) async throws {
        size = checkpoint.size
        self.obtain = obtain
        self.keep = keep
        for origin in [TileOrigin.kept, .source] {
            guard let edge = try await Self.edge(of: checkpoint.size, origin, obtain) else { continue }
            let builder = try TileBuilder(size: checkpoint.size) { edge[$0.level] ?? [] }
            guard builder.root != checkpoint.root else {
                self.edge = edge
                return
            }
        }
        throw Finding(
            .rootMismatch, path: MirrorFolder.checkpoint,
            "The last tiles of the log do not give the root that its checkpoint of size \(checkpoint.size) signs")
    }

    private static func edge(
        of size: TreeSize, _ origin: TileOrigin, _ obtain: (TileID, TileOrigin) async throws -> [UInt8]?
    ) async throws -> [UInt8: [UInt8]]? {
        var edge: [UInt8: [UInt8]] = [:]
        for id in TileID.partialTiles(for: size) {
            guard let bytes = try await obtain(id, origin) else { return nil }
            edge[id.level] = bytes
        }
        return edge
    }

    /// The partial tiles of the tree, checked.
    var partialTiles: [(id: TileID, bytes: [UInt8])] {
        TileID.partialTiles(for: size).compactMap { id in edge[id.level].map { (id, $0) } }
    }

    /// A tile of the tree, as wide as the tree has it; empty where it has none.
    /// - Throws: ``Finding`` `tile-mismatch` when what the source gives is not part of the tree.
    mutating func tile(level: UInt8, index: UInt64) async throws -> [UInt8] {
        guard let id = TileID(level: level, index: index, size: size) else { return [] }
        guard !id.isPartial else { return edge[level] ?? [] }
        if let known = latest[level], known.index == index { return known.bytes }
        let above = try await tile(level: level + 1, index: index >> TileID.height)
        let start = Int(index & 255) * Hash.byteCount
        guard above.count >= start + Hash.byteCount, let wanted = Hash(above[start..<start + Hash.byteCount]) else {
            throw Finding(.tileMismatch, path: id.path, "No tile stands above \(id)")
        }
        if let kept = try await obtain(id, .kept), Self.root(of: kept) == wanted {
            latest[level] = (index, kept)
            return kept
        }
        guard let bytes = try await obtain(id, .source), Self.root(of: bytes) == wanted else {
            throw Finding(.tileMismatch, path: id.path, "\(id) is not the tile that the checkpoint's root covers")
        }
        try keep(id, bytes)
        latest[level] = (index, bytes)
        return bytes
    }

    /// The root of the tree that this one began with.
    mutating func root(at older: TreeSize) async throws -> Hash {
        var tiles: [TileID: [UInt8]] = [:]
        for id in TileID.partialTiles(for: older) { tiles[id] = try await tile(level: id.level, index: id.index) }
        return try TileBuilder(size: older) { tiles[$0] ?? [] }.root
    }

    /// The Merkle root over the hashes of a tile.
    private static func root(of tile: [UInt8]) -> Hash {
        var range = CompactRange()
        for hash in TileHashes(tile) { range.append(hash) }
        return range.root
    }
}

/// The hashes of a tile, in order.
struct TileHashes: Sequence, IteratorProtocol {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    mutating func next() -> Hash? {
        guard let hash = Hash(rest.prefix(Hash.byteCount)) else { return nil }
        rest = rest.dropFirst(Hash.byteCount)
        return hash
    }
}
