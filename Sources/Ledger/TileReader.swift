/// Reads the subtrees of a tree from its stored tiles, and remembers the tiles it has read last.
///
/// One reader serves one task: it is not for sharing.
public final class TileReader: SubtreeHashes {
    /// The size of the tree that is read.
    public let size: TreeSize
    private let capacity: Int
    private let read: (TileID) throws -> [UInt8]
    private var tiles: [TilePlace: TileNodes] = [:]
    private var order: [TilePlace] = []

    /// - Parameters:
    ///   - size: the size of a tree whose tiles are stored, below 2^63.
    ///   - capacity: how many tiles are kept in memory, at about 16 KiB each.
    ///   - read: gives the bytes of a tile. A wider tile of the same place may be given; its beginning is used.
    public init(size: TreeSize, capacity: Int = 16, read: @escaping (TileID) throws -> [UInt8]) {
        self.size = size
        self.capacity = max(1, capacity)
        self.read = read
    }

    public func hash(level: UInt8, index: UInt64) throws -> Hash {
        guard level < 63, size.rawValue < TreeSize.limit, index < size.rawValue >> UInt64(level) else {
            throw ProofError.subtreeMissing(level: level, index: index)
        }
        let (place, within, position) = TilePlace.containing(level: level, index: index)
        guard let hash = try tile(at: place).hash(level: within, position: position) else {
            throw ProofError.subtreeMissing(level: level, index: index)
        }
        return hash
    }

    private func tile(at place: TilePlace) throws -> TileNodes {
        if let known = tiles[place] { return known }
        guard let id = TileID(level: place.level, index: place.index, size: size) else {
            throw ProofError.subtreeMissing(level: place.level << 3, index: place.index << TileID.height)
        }
        let bytes = try read(id)
        guard bytes.count >= id.byteCount, bytes.count <= TileID.fullWidth * Hash.byteCount,
            bytes.count.isMultiple(of: Hash.byteCount)
        else {
            throw TileError.wrongLength(path: id.path, expected: id.byteCount, found: bytes.count)
        }
        let tile = TileNodes(index: place.index, bytes: bytes[..<id.byteCount])
        if order.count >= capacity { tiles[order.removeFirst()] = nil }
        tiles[place] = tile
        order.append(place)
        return tile
    }
}
