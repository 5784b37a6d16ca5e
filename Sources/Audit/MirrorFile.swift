import Ledger

/// A file's place in the tree of a size, read from its path.
enum MirrorFile {
    case tile(TileID, size: TreeSize)
    case bundle(EntryBundleID, size: TreeSize)

    /// Nil for a path that is neither a tile's nor a bundle's.
    init?(path: String, size: TreeSize) {
        if let tile = TileID(path: path) {
            self = .tile(tile, size: size)
        } else if let bundle = EntryBundleID(path: path) {
            self = .bundle(bundle, size: size)
        } else {
            return nil
        }
    }

    /// The tile as the tree has it at this place: the one that a bundle belongs to.
    var tileInTree: TileID? {
        switch self {
        case .tile(let id, let size): TileID(level: id.level, index: id.index, size: size)
        case .bundle(let id, let size): TileID(level: 0, index: id.index, size: size)
        }
    }

    var width: Int {
        switch self {
        case .tile(let id, _): id.width
        case .bundle(let id, _): id.width
        }
    }

    var isPartial: Bool { width < TileID.fullWidth }

    /// Whether the tree has a tile of exactly this width here.
    var isInTree: Bool { tileInTree?.width == width }

    /// Whether it is the beginning of a tile or bundle that the tree has: what an older, smaller tree had.
    var isBeginning: Bool { (tileInTree?.width ?? 0) > width }
}
