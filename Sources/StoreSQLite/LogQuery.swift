import GRDB
import Ledger
import Statements
import Store

/// A tile's place as one number, so that tiles lie in the order of the tree.
struct TileKey {
    let number: UInt64

    /// Nil for a place that no tree below 2^63 entries has.
    init?(level: UInt8, index: UInt64) {
        guard level < 8, index < 1 << 55 else { return nil }
        number = UInt64(level) << 56 | index
    }
}

/// Entries and tiles.
struct LogQuery {
    let database: Database

    func tile(_ key: TileKey) throws -> [UInt8]? {
        try Command(database, "SELECT bytes FROM tiles WHERE place = ?").first(.unsigned(key.number)) {
            try $0.bytes(0)
        }
    }

    func tile(_ id: TileID) throws -> [UInt8] {
        guard let key = TileKey(level: id.level, index: id.index), let bytes = try tile(key) else {
            throw StoreError.damaged("\(id) is not there")
        }
        return bytes
    }

    func entries(_ range: Range<UInt64>) throws -> [[UInt8]] {
        try Command(database, "SELECT bytes FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx").rows(
            .unsigned(range.lowerBound), .unsigned(range.upperBound)
        ) { try $0.bytes(0) }
    }

    func entry(_ index: LogIndex) throws -> [UInt8]? {
        try Command(database, "SELECT bytes FROM entries WHERE idx = ?").first(.index(index)) { try $0.bytes(0) }
    }

    /// Throws for an entry that is not the one that its tile has hashed: one of them has changed on the disk.
    func hold(_ stored: StoredEntry) throws {
        let place = Int(stored.index.rawValue & UInt64(TileID.fullWidth - 1)) * Hash.byteCount
        guard let key = TileKey(level: 0, index: stored.index.rawValue >> UInt64(TileID.height)),
            let tile = try tile(key), tile.count >= place + Hash.byteCount,
            tile[place..<place + Hash.byteCount].elementsEqual(Merkle.leafHash(stored.bytes).bytes)
        else { throw StoreError.damaged("entry \(stored.index) is not the one that its tile has hashed") }
    }

    static func decode(_ stored: StoredEntry) throws -> Entry {
        do throws(FormError) { return try Entry(der: stored.bytes, limit: Bounds.entry) } catch {
            throw StoreError.damaged("entry \(stored.index) cannot be read (\(error.code.rawValue))")
        }
    }
}
