/// The growing right edge of a log: appends leaves and gives out the tiles that changed.
///
/// A value: a batch is appended to a copy, and a batch that fails is dropped with its copy. The builder holds one
/// partial tile a level, and the tiles that became full since the drain before the last.
public struct TileBuilder: Sendable, SubtreeHashes {
    /// A tile to store: it replaces every narrower one of the same place.
    public struct ChangedTile: Hashable, Sendable {
        public let id: TileID
        public let bytes: [UInt8]
    }

    /// How many leaves the tree has.
    public private(set) var size: TreeSize = 0
    private var edge: [TileNodes] = []
    private var changedLevels = 0
    private var completed: [TilePlace] = []
    private var fullTiles: [TilePlace: TileNodes] = [:]

    /// The empty tree.
    public init() {}

    /// Restores the edge of a stored tree from its partial tiles.
    ///
    /// What the tiles say is not proved: compare ``root`` with the checkpoint of that size.
    /// - Parameters:
    ///   - size: the size of the stored tree, below 2^63.
    ///   - read: gives the bytes of a tile; it is called once for each of ``TileID/partialTiles(for:)``. A wider tile
    ///     of the same place may be given; its beginning is used.
    public init(size: TreeSize, read: (TileID) throws -> [UInt8]) throws {
        guard size.rawValue < TreeSize.limit else { throw ProofError.sizeTooLarge(size) }
        self.size = size
        var count = size.rawValue
        var level: UInt8 = 0
        while count > 0 {
            let index = count >> TileID.height
            if let id = TileID(level: level, index: index, width: Int(count & 255)) {
                let bytes = try read(id)
                guard bytes.count >= id.byteCount, bytes.count.isMultiple(of: Hash.byteCount) else {
                    throw TileError.wrongLength(path: id.path, expected: id.byteCount, found: bytes.count)
                }
                edge.append(TileNodes(index: index, bytes: bytes[..<id.byteCount]))
            } else {
                edge.append(TileNodes(index: index))
            }
            count >>= TileID.height
            level += 1
        }
    }

    /// Adds one leaf hash at the end and returns its position.
    @discardableResult
    public mutating func append(_ leaf: Hash) -> LogIndex {
        let position = LogIndex(size.rawValue)
        size = TreeSize(size.rawValue + 1)
        var carried = leaf
        var level = 0
        while true {
            if level == edge.count { edge.append(TileNodes(index: 0)) }
            changedLevels = max(changedLevels, level + 1)
            guard let root = edge[level].append(carried) else { return position }
            let place = TilePlace(level: UInt8(level), index: edge[level].index)
            fullTiles[place] = edge[level]
            completed.append(place)
            edge[level] = TileNodes(index: place.index + 1)
            carried = root
            level += 1
        }
    }

    /// Gives out the tiles that are new or wider since the last drain: full ones in the order they became full, then
    /// the partial ones. The full ones stay readable here until the next drain.
    public mutating func drain() -> [ChangedTile] {
        var changed: [ChangedTile] = []
        for place in completed {
            guard let tile = fullTiles[place] else { continue }
            let id = TileID(unchecked: place.level, place.index, TileID.fullWidth)
            changed.append(ChangedTile(id: id, bytes: tile.bytes))
        }
        for level in 0..<changedLevels where edge[level].width > 0 {
            let id = TileID(unchecked: UInt8(level), edge[level].index, edge[level].width)
            changed.append(ChangedTile(id: id, bytes: edge[level].bytes))
        }
        if fullTiles.count > completed.count {
            let kept = completed.compactMap { place in fullTiles[place].map { (place, $0) } }
            fullTiles = Dictionary(kept) { first, _ in first }
        }
        completed = []
        changedLevels = 0
        return changed
    }

    /// The root of the tree.
    public var root: Hash { compactRange.root }

    /// The edge of the tree as a compact range.
    public var compactRange: CompactRange {
        let range = try? Merkle.compactRange(size: size, from: self)
        // Every subtree of the compact range lies in a partial tile, so it is always there.
        return range ?? CompactRange()
    }

    public func hash(level: UInt8, index: UInt64) throws -> Hash {
        guard let hash = find(level: level, index: index) else {
            throw ProofError.subtreeMissing(level: level, index: index)
        }
        return hash
    }

    /// A source that looks here first and then in an older source, such as a ``TileReader``.
    public func backed<Older: SubtreeHashes>(by older: Older) -> BackedTileBuilder<Older> {
        BackedTileBuilder(builder: self, older: older)
    }

    func find(level: UInt8, index: UInt64) -> Hash? {
        guard level < 63, index < size.rawValue >> UInt64(level) else { return nil }
        let (place, within, position) = TilePlace.containing(level: level, index: index)
        if Int(place.level) < edge.count, edge[Int(place.level)].index == place.index {
            return edge[Int(place.level)].hash(level: within, position: position)
        }
        return fullTiles[place]?.hash(level: within, position: position)
    }
}

/// The edge of a growing tree, with an older source for what the edge no longer holds.
public struct BackedTileBuilder<Older: SubtreeHashes>: SubtreeHashes {
    let builder: TileBuilder
    let older: Older

    public func hash(level: UInt8, index: UInt64) throws -> Hash {
        if let hash = builder.find(level: level, index: index) { return hash }
        return try older.hash(level: level, index: index)
    }
}

extension BackedTileBuilder: Sendable where Older: Sendable {}
