import Ledger

/// The tree as the entries give it, compared with the mirror's tiles while it grows.
struct RecomputedTree {
    private let checkpoint: Checkpoint
    private let folder: MirrorFolder
    private var builder = TileBuilder()
    /// The tree that the stored level-0 tiles give: it tells whether an entry or its tile was altered.
    private var stored = CompactRange()
    private var differences: [(index: LogIndex, bundle: EntryBundleID)] = []
    private let older: TileReader
    private var roots: [TreeSize: Hash] = [:]
    /// What is wrong with tiles so far; the differences of entries are told by ``conclusion()``.
    private(set) var findings: [Finding] = []
    private(set) var tileCount: UInt64 = 0
    private(set) var byteCount: UInt64 = 0

    private static let mostFindings = 64
    private static let mostRoots = 4_096

    init(_ checkpoint: Checkpoint, _ folder: MirrorFolder) {
        self.checkpoint = checkpoint
        self.folder = folder
        older = TileReader(size: checkpoint.size) { id throws(AuditError) in
            try folder.read(id.path, limit: id.byteCount) ?? []
        }
    }

    var size: TreeSize { builder.size }
    /// Whether every file so far is what the entries give.
    var isIntact: Bool { findings.isEmpty && differences.isEmpty }
    /// Whether all entries are there and give the root that the checkpoint signs.
    var isSigned: Bool { builder.size == checkpoint.size && builder.root == checkpoint.root }

    mutating func append(_ bundle: ExaminedBundle) {
        for leaf in bundle.leaves { builder.append(leaf) }
        for hash in bundle.stored { stored.append(hash) }
        tileCount += 1
        if let index = bundle.firstDifference, differences.count < Self.mostFindings {
            differences.append((index, bundle.id))
        }
    }

    /// The root of the tree's first entries; nil for a size that it has not reached, and for none.
    mutating func root(at size: TreeSize) throws -> Hash? {
        guard size > 0, size <= builder.size else { return nil }
        if let known = roots[size] { return known }
        let root = try Merkle.root(size: size, from: builder.backed(by: older))
        if roots.count >= Self.mostRoots { roots = [:] }
        roots[size] = root
        return root
    }

    /// Compares the tiles above level 0 that became full since the last call.
    mutating func compareFullTiles() throws(AuditError) {
        for tile in builder.drain() where tile.id.level > 0 && !tile.id.isPartial {
            try compare(tile.id, tile.bytes)
        }
    }

    /// Compares the partial tiles above level 0, once all entries were appended.
    mutating func compareEdge() throws {
        for id in TileID.partialTiles(for: builder.size) where id.level > 0 {
            var bytes: [UInt8] = []
            for position in 0..<UInt64(id.width) {
                let index = id.index << TileID.height + position
                try builder.hash(level: id.level << 3, index: index).append(to: &bytes)
            }
            try compare(id, bytes)
        }
    }

    private mutating func compare(_ id: TileID, _ wanted: [UInt8]) throws(AuditError) {
        tileCount += 1
        guard let bytes = try folder.read(id.path, limit: id.byteCount) else {
            return report(.missingFile, id, "\(id) is missing")
        }
        byteCount += UInt64(bytes.count)
        if bytes != wanted { report(.tileMismatch, id, "\(id) is not the tile that the entries give") }
    }

    /// What the whole tree shows, once all entries were appended: which of entries and tiles was altered.
    func conclusion() -> [Finding] {
        var found = differences.map { index, bundle in
            let tile = bundle.tilePath
            guard !isSigned else {
                let message = "\(tile) is not made from its entries, which are those that the checkpoint signs"
                return Finding(.tileMismatch, path: tile, message)
            }
            guard stored.root == checkpoint.root else {
                let message = "Entry \(index) or its tile is altered: \(tile) has another hash than that of the entry"
                return Finding(.tileMismatch, index: index, path: tile, message)
            }
            let message = "Entry \(index) in \(bundle) is not the one that the checkpoint signs"
            return Finding(.tileMismatch, index: index, path: bundle.path, message)
        }
        if !isSigned {
            let message = "The \(builder.size) entries give another root than the one that the checkpoint signs"
            found.append(Finding(.rootMismatch, path: MirrorFolder.checkpoint, message))
        }
        return found
    }

    private mutating func report(_ code: Finding.Code, _ tile: TileID, _ message: String) {
        guard findings.count < Self.mostFindings else { return }
        findings.append(Finding(code, path: tile.path, message))
    }
}

extension EntryBundleID {
    /// The path of the level-0 tile with the hashes of these entries.
    fileprivate var tilePath: String { TileID(level: 0, index: index, width: width)?.path ?? path }
}
