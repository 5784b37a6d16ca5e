/// A bundle of entries: those whose hashes make up the level-0 tile of the same index (C2SP tlog-tiles).
public struct EntryBundleID: Hashable, Sendable, CustomStringConvertible {
    /// The position among the bundles.
    public let index: UInt64
    /// How many entries the bundle has: 1 to 256.
    public let width: Int

    /// `nil` for an index of 2^55 or more or a width outside 1 to 256.
    public init?(index: UInt64, width: Int = TileID.fullWidth) {
        guard index < TilePath.indexLimit, (1...TileID.fullWidth).contains(width) else { return nil }
        self.index = index
        self.width = width
    }

    /// The bundle of a level-0 tile; `nil` for a tile of another level.
    public init?(tile: TileID) {
        guard tile.level == 0 else { return nil }
        self.index = tile.index
        self.width = tile.width
    }

    /// The bundle at this index as a tree of the size has it; `nil` when it has none there.
    public init?(index: UInt64, size: TreeSize) {
        guard let tile = TileID(level: 0, index: index, size: size) else { return nil }
        self.init(tile: tile)
    }

    /// The position of the first entry.
    public var firstEntry: LogIndex { LogIndex(index << TileID.height) }

    /// Whether the bundle has fewer than 256 entries.
    public var isPartial: Bool { width < TileID.fullWidth }

    /// `tile/entries/<N>[.p/<W>]`.
    public var path: String { "tile/entries/" + TilePath.text(index: index, width: width) }

    public var description: String { path }

    /// Reads a path in its only spelling; `nil` otherwise.
    public init?(path: String) {
        let parts = path.utf8.split(separator: 0x2f, omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[0].elementsEqual("tile".utf8), parts[1].elementsEqual("entries".utf8),
            let (index, width) = TilePath.parse(parts[2...])
        else { return nil }
        self.index = index
        self.width = width
    }
}

/// The bytes of a bundle: each entry after its length in two big-endian bytes.
public enum EntryBundle {
    /// The longest entry, in bytes.
    public static let maximumEntryByteCount = 65_535

    /// Joins the entries of a bundle.
    public static func encode(_ entries: [[UInt8]]) throws(TileError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entries.reduce(0) { $0 + $1.count + 2 })
        for entry in entries { try append(entry, to: &bytes) }
        return bytes
    }

    /// Adds one entry to the end of a bundle.
    public static func append(_ entry: [UInt8], to bundle: inout [UInt8]) throws(TileError) {
        guard entry.count <= maximumEntryByteCount else { throw .entryTooLong(found: entry.count) }
        bundle.append(UInt8(entry.count >> 8))
        bundle.append(UInt8(entry.count & 0xff))
        bundle.append(contentsOf: entry)
    }

    /// Takes a bundle apart.
    ///
    /// - Parameter count: how many entries it must have, 1 to 256; a bundle with more or fewer is refused.
    public static func decode(_ bytes: [UInt8], count: Int) throws(TileError) -> [[UInt8]] {
        try slices(of: bytes, count: count).map { Array($0) }
    }

    /// Takes a bundle apart without copying the entries.
    ///
    /// - Parameter count: how many entries it must have, 1 to 256; a bundle with more or fewer is refused.
    public static func slices(of bytes: [UInt8], count: Int) throws(TileError) -> [ArraySlice<UInt8>] {
        guard (1...TileID.fullWidth).contains(count) else { throw .malformedBundle }
        var entries: [ArraySlice<UInt8>] = []
        entries.reserveCapacity(count)
        var position = 0
        while position < bytes.count {
            guard entries.count < count, bytes.count - position >= 2 else { throw .malformedBundle }
            let start = position + 2
            let length = Int(bytes[position]) << 8 | Int(bytes[position + 1])
            guard bytes.count - start >= length else { throw .malformedBundle }
            position = start + length
            entries.append(bytes[start..<position])
        }
        guard entries.count == count else { throw .malformedBundle }
        return entries
    }

    /// The first entries of a bundle, for serving a partial bundle from a wider one.
    public static func prefix(of bytes: [UInt8], count: Int) throws(TileError) -> ArraySlice<UInt8> {
        var position = 0
        for _ in 0..<count {
            guard bytes.count - position >= 2 else { throw .malformedBundle }
            position += 2 + (Int(bytes[position]) << 8 | Int(bytes[position + 1]))
            guard position <= bytes.count else { throw .malformedBundle }
        }
        return bytes[..<position]
    }
}
