/// One tile with all the hashes that lie inside it: eight levels of the tree, each filled from the left.
struct TileNodes: Sendable {
    /// Where each of the eight levels starts in `nodes`: 256 hashes, then 128, 64, ... 2.
    private static let starts = [0, 256, 384, 448, 480, 496, 504, 508]
    private static let nodeCount = 510

    /// The position among the tiles of its level.
    let index: UInt64
    /// How many hashes of the lowest level are there: 0 to 256.
    private(set) var width = 0
    private var nodes: [Hash]

    init(index: UInt64) {
        self.index = index
        nodes = [Hash](repeating: .zero, count: TileNodes.nodeCount)
    }

    /// Fills a tile from its bytes, a multiple of 32 and at most 8192.
    init(index: UInt64, bytes: ArraySlice<UInt8>) {
        self.init(index: index)
        for start in stride(from: bytes.startIndex, to: bytes.endIndex, by: Hash.byteCount) {
            guard let hash = Hash(bytes[start..<min(start + Hash.byteCount, bytes.endIndex)]) else { return }
            append(hash)
        }
    }

    /// Adds a hash to a tile that is not full; returns the root of the tile when it is full now.
    @discardableResult
    mutating func append(_ hash: Hash) -> Hash? {
        var carried = hash
        var position = width
        width += 1
        for start in TileNodes.starts {
            nodes[start + position] = carried
            guard position & 1 == 1 else { return nil }
            carried = Merkle.nodeHash(nodes[start + position - 1], carried)
            position >>= 1
        }
        return carried
    }

    /// The root of 2^`level` hashes of the tile, `position` counted in such groups; `nil` if they are not all there.
    func hash(level: UInt8, position: Int) -> Hash? {
        guard level < 8, (position + 1) << Int(level) <= width else { return nil }
        return nodes[TileNodes.starts[Int(level)] + position]
    }

    /// The tile as it is stored.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(width * Hash.byteCount)
        for hash in nodes[..<width] { hash.append(to: &bytes) }
        return bytes
    }
}

/// A place among the tiles, whatever the width.
struct TilePlace: Hashable, Sendable {
    let level: UInt8
    let index: UInt64

    /// The place of the tile that has a subtree, and where in it: the level within the tile and the position in groups
    /// of that level. The subtree's level is below 64 and its first leaf below 2^63.
    static func containing(level: UInt8, index: UInt64) -> (place: TilePlace, level: UInt8, position: Int) {
        let within = level & 7
        let groupsShift = UInt64(8 - within)
        let tile = index >> groupsShift
        let position = Int(index - tile << groupsShift)
        return (TilePlace(level: level >> 3, index: tile), within, position)
    }
}
