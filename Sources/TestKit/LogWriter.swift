package import Ledger

/// Writes a log into a folder as it grows, in C2SP tlog-tiles layout; memory holds one bundle and the tree's edge.
package struct LogWriter {
    package let folder: String
    private var tiles = TileBuilder()
    private var bundle: [UInt8] = []
    private var counted = 0

    package init(folder: String) { self.folder = folder }

    package var size: TreeSize { tiles.size }

    package mutating func append(_ entry: [UInt8]) throws {
        try EntryBundle.append(entry, to: &bundle)
        tiles.append(Merkle.leafHash(entry))
        counted += 1
        guard counted == TileID.fullWidth else { return }
        try writeBundle()
        for tile in tiles.drain() where !tile.id.isPartial { try write(tile.bytes, tile.id.path) }
    }

    /// Writes the right edge, and the checkpoint.
    package mutating func finish(checkpoint: [UInt8]) throws {
        if counted > 0 { try writeBundle() }
        let last = tiles
        for id in TileID.partialTiles(for: last.size) {
            var bytes: [UInt8] = []
            for position in 0..<UInt64(id.width) {
                try last.hash(level: id.level << 3, index: id.index << TileID.height + position).append(to: &bytes)
            }
            try write(bytes, id.path)
        }
        try write(checkpoint, "checkpoint")
    }

    private mutating func writeBundle() throws {
        let index = (tiles.size.rawValue - 1) >> TileID.height
        guard let id = EntryBundleID(index: index, width: counted) else { return }
        try write(bundle, id.path)
        bundle.removeAll(keepingCapacity: true)
        counted = 0
    }

    private func write(_ bytes: [UInt8], _ path: String) throws { try LogForge.write(bytes, to: "\(folder)/\(path)") }
}
