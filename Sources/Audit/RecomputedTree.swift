import Ledger
import Statements

/// The tree as the entries give it, compared with the mirror's tiles while it grows.
struct RecomputedTree {
    private let checkpoint: Checkpoint
    private let folder: MirrorFolder
    private let grown: GrownTree
    /// The tree that the stored level-0 tiles give, where it is another one: it tells whether an entry or its tile was
    /// altered.
    private var stored: CompactRange?
    private var differences: [(index: LogIndex, bundle: EntryBundleID)] = []
    /// The roots that were asked for last, each at its size's place among so many.
    private var roots = [(size: TreeSize, root: Hash)](repeating: (0, Merkle.emptyRoot), count: Self.mostRoots)
    /// What is wrong with tiles so far; the differences of entries are told by ``conclusion()``.
    private(set) var findings: [Finding] = []
    private(set) var tileCount: UInt64
    private(set) var byteCount: UInt64

    private static let mostFindings = 64
    private static let mostRoots = 1_024

    /// - Parameter builder: the tree of the entries that need not be appended.
    init(_ checkpoint: Checkpoint, _ folder: MirrorFolder, from builder: TileBuilder = TileBuilder()) {
        self.checkpoint = checkpoint
        self.folder = folder
        grown = GrownTree(builder, in: folder, size: checkpoint.size)
        tileCount = 0
        var above: UInt64 = 0
        var full = builder.size.rawValue >> TileID.height
        while full > 0 {
            tileCount += full
            full >>= TileID.height
            above += full
        }
        byteCount = above * UInt64(TileID.fullWidth * Hash.byteCount)
    }

    var size: TreeSize { grown.builder.size }
    var root: Hash { grown.builder.root }
    /// Whether every file so far is what the entries give.
    var isIntact: Bool { findings.isEmpty && differences.isEmpty }
    /// Whether all entries are there and give the root that the checkpoint signs.
    var isSigned: Bool { size == checkpoint.size && root == checkpoint.root }

    /// Appends the entries of a bundle that are not in the tree yet.
    mutating func append(_ bundle: ExaminedBundle) throws {
        let known = Int(size.rawValue - bundle.id.firstEntry.rawValue)
        let difference = try bundle.firstDifference ?? firstUnknown(bundle, known)
        if difference != nil, stored == nil { stored = grown.builder.compactRange }
        for leaf in bundle.leaves.dropFirst(known) { grown.builder.append(leaf) }
        if stored != nil { for hash in bundle.stored.dropFirst(known) { stored?.append(hash) } }
        tileCount += 1
        if let index = difference, differences.count < Self.mostFindings { differences.append((index, bundle.id)) }
    }

    /// The first of the entries that the tree has already which is another one in the bundle.
    private func firstUnknown(_ bundle: ExaminedBundle, _ known: Int) throws -> LogIndex? {
        for offset in 0..<min(known, bundle.leaves.count) {
            let index = bundle.id.firstEntry.rawValue + UInt64(offset)
            if try grown.hash(level: 0, index: index) != bundle.leaves[offset] { return LogIndex(index) }
        }
        return nil
    }

    /// The root of the tree's first entries; nil for a size that it has not reached, and for none.
    /// - Throws: ``Finding`` for a tile that is missing or altered; ``AuditError``.
    mutating func root(at size: TreeSize) throws -> Hash? {
        guard size > 0, size <= grown.builder.size else { return nil }
        let place = Int(size.rawValue % UInt64(Self.mostRoots))
        if roots[place].size == size { return roots[place].root }
        let root = try grown.root(at: size)
        roots[place] = (size, root)
        return root
    }

    /// An entry that is in the tree, read again from the mirror.
    /// - Throws: ``Finding`` for a file that is missing or altered; ``AuditError``.
    func entry(at index: LogIndex) throws -> Entry { try grown.entry(at: index) }

    /// Compares the tiles above level 0 that became full since the last call.
    mutating func compareFullTiles() throws(AuditError) {
        for tile in grown.builder.drain() where tile.id.level > 0 && !tile.id.isPartial {
            try compare(tile.id, tile.bytes)
        }
    }

    /// Compares the partial tiles above level 0, once all entries were appended.
    mutating func compareEdge() throws {
        for id in TileID.partialTiles(for: size) where id.level > 0 {
            var bytes: [UInt8] = []
            for position in 0..<UInt64(id.width) {
                let index = id.index << TileID.height + position
                try grown.builder.hash(level: id.level << 3, index: index).append(to: &bytes)
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
            guard stored?.root == checkpoint.root else {
                let message = "Entry \(index) or its tile is altered: \(tile) has another hash than that of the entry"
                return Finding(.tileMismatch, index: index, path: tile, message)
            }
            let message = "Entry \(index) in \(bundle) is not the one that the checkpoint signs"
            return Finding(.tileMismatch, index: index, path: bundle.path, message)
        }
        if !isSigned {
            let message = "The \(size) entries give another root than the one that the checkpoint signs"
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
