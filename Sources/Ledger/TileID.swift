/// A hash tile: up to 256 consecutive hashes of one level of the tree (C2SP tlog-tiles).
public struct TileID: Hashable, Sendable, CustomStringConvertible {
    /// The number of hashes in a full tile.
    public static let fullWidth = 256
    /// The height of a tile: each tile level spans this many levels of the tree.
    public static let height: UInt64 = 8
    /// The highest tile level that a path may name. A tree below 2^63 entries has levels 0 to 7.
    public static let highestLevel: UInt8 = 63

    /// The tile level: 0 holds leaf hashes, 1 the roots of full tiles of level 0, and so on.
    public let level: UInt8
    /// The position among the tiles of the level.
    public let index: UInt64
    /// How many hashes the tile has: 1 to 256.
    public let width: Int

    /// `nil` for a level above 63, an index of 2^55 or more, or a width outside 1 to 256.
    public init?(level: UInt8, index: UInt64, width: Int = TileID.fullWidth) {
        guard level <= TileID.highestLevel, index < TilePath.indexLimit, (1...TileID.fullWidth).contains(width) else {
            return nil
        }
        self.init(unchecked: level, index, width)
    }

    init(unchecked level: UInt8, _ index: UInt64, _ width: Int) {
        self.level = level
        self.index = index
        self.width = width
    }

    /// Whether the tile has fewer than 256 hashes.
    public var isPartial: Bool { width < TileID.fullWidth }

    /// The length of the tile, in bytes.
    public var byteCount: Int { width * Hash.byteCount }

    /// `tile/<L>/<N>[.p/<W>]`.
    public var path: String {
        "tile/\(level)/" + TilePath.text(index: index, width: width)
    }

    public var description: String { path }

    /// Reads a path in its only spelling; `nil` otherwise.
    public init?(path: String) {
        let parts = path.utf8.split(separator: 0x2f, omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[0].elementsEqual("tile".utf8),
            let level = Decimal.parse(parts[1]), level <= UInt64(TileID.highestLevel),
            let (index, width) = TilePath.parse(parts[2...])
        else { return nil }
        self.init(unchecked: UInt8(level), index, width)
    }

    /// Every tile of a tree of this size, level by level. About one for 255 entries: bound the size first.
    public static func tiles(for size: TreeSize) -> [TileID] {
        tiles(from: 0, to: size)
    }

    /// The tiles that a tree of the new size has and a tree of the old size has not, level by level. A tile that
    /// grew from partial to full, or to a wider partial one, is among them.
    public static func tiles(from old: TreeSize, to new: TreeSize) -> [TileID] {
        var tiles: [TileID] = []
        var level: UInt8 = 0
        var before = old.rawValue
        var after = new.rawValue
        while after > before {
            for index in before >> height...(after - 1) >> height {
                let width = min(after - index << height, UInt64(fullWidth))
                tiles.append(TileID(unchecked: level, index, Int(width)))
            }
            level += 1
            before >>= height
            after >>= height
        }
        return tiles
    }

    /// The partial tiles of a tree of this size: the right edge, at most one a level.
    public static func partialTiles(for size: TreeSize) -> [TileID] {
        var tiles: [TileID] = []
        var level: UInt8 = 0
        var count = size.rawValue
        while count > 0 {
            let width = Int(count & 255)
            if width > 0 { tiles.append(TileID(unchecked: level, count >> height, width)) }
            level += 1
            count >>= height
        }
        return tiles
    }

    /// The tile at this place as a tree of the size has it: full, partial, or `nil` when it has none there.
    public init?(level: UInt8, index: UInt64, size: TreeSize) {
        let shift = UInt64(level) * TileID.height
        let count = shift < 64 ? size.rawValue >> shift : 0
        guard level <= TileID.highestLevel, index <= count >> TileID.height,
            count > index << TileID.height
        else { return nil }
        self.init(unchecked: level, index, Int(min(count - index << TileID.height, UInt64(TileID.fullWidth))))
    }
}
