import Ledger
import Statements

/// The tree over the entries so far, and what the mirror has below it: nothing of that is given out before it was
/// proven, tile by tile, up to the edge that is held here.
final class GrownTree {
    var builder: TileBuilder
    private let folder: MirrorFolder
    /// The size of the mirror's tree: it tells how wide a file is.
    private let size: TreeSize
    private lazy var older = TileReader(size: size, capacity: Self.tilesKept) { [unowned self] id in
        try proven(id)
    }
    private var latest: (id: EntryBundleID, entries: [ArraySlice<UInt8>])?

    private static let tilesKept = 32

    /// - Parameter size: that of the mirror's checkpoint.
    init(_ builder: TileBuilder, in folder: MirrorFolder, size: TreeSize) {
        self.builder = builder
        self.folder = folder
        self.size = size
    }

    /// The root of the first entries; they must be there.
    /// - Throws: ``Finding`` for a tile that is missing or altered; ``AuditError``.
    func root(at size: TreeSize) throws -> Hash { try Merkle.root(size: size, from: builder.backed(by: older)) }

    /// The root of 2^`level` entries, the `index`th of such groups.
    func hash(level: UInt8, index: UInt64) throws -> Hash {
        try builder.backed(by: older).hash(level: level, index: index)
    }

    /// An entry that is in the tree, read again from its bundle.
    /// - Throws: ``Finding`` for a file that is missing or altered; ``AuditError``.
    func entry(at index: LogIndex) throws -> Entry {
        let number = index.rawValue >> TileID.height
        guard let id = EntryBundleID(index: number, size: size) else {
            throw ProofError.subtreeMissing(level: 0, index: index.rawValue)
        }
        let entries = try bundle(id)
        let position = Int(index.rawValue - id.firstEntry.rawValue)
        let leaf = try hash(level: 0, index: index.rawValue)
        guard position < entries.count, Merkle.leafHash(entries[position]) == leaf else {
            throw Finding(
                .tileMismatch, index: index, path: id.path, "Entry \(index) in \(id) is not the one that is in the tree"
            )
        }
        if let entry = Entry(scanning: entries[position]) { return entry }
        return try Entry(der: entries[position], limit: Bounds.entry)
    }

    private func bundle(_ id: EntryBundleID) throws -> [ArraySlice<UInt8>] {
        if let latest, latest.id == id { return latest.entries }
        guard let bytes = try folder.read(id.path, limit: id.byteLimit) else {
            throw Finding(.missingFile, index: id.firstEntry, path: id.path, "\(id) is missing")
        }
        let entries = (try? EntryBundle.slices(of: bytes, count: id.width)) ?? []
        latest = (id, entries)
        return entries
    }

    private func proven(_ id: TileID) throws -> [UInt8] {
        guard let bytes = try folder.read(id.path, limit: id.byteCount) else {
            throw Finding(.missingFile, path: id.path, "\(id) is missing")
        }
        var range = CompactRange()
        for hash in TileHashes(bytes) { range.append(hash) }
        let wanted = try hash(level: (id.level + 1) << 3, index: id.index)
        guard bytes.count == id.byteCount, range.root == wanted else {
            throw Finding(.tileMismatch, path: id.path, "\(id) is not the tile that the entries gave")
        }
        return bytes
    }
}
