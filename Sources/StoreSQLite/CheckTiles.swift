import GRDB
import Ledger
import Statements
import Store

/// Where the entries do not give the signed root: finds out, from the root down, which entries and which tiles are not
/// those that were signed. The hash that stands above a place decides between the stored tile and that of the entries.
///
/// What it settles it writes into the temporary tiles, which are those of the signed tree then.
struct CheckTiles {
    private struct Place {
        let level: UInt8
        let index: UInt64

        /// The places of the tiles of a lower level that lie under this one, as numbers.
        func under(_ lower: UInt8) -> Range<UInt64> {
            let shift = UInt64(level - lower) * TileID.height
            let start = UInt64(lower) << 56 | index << shift
            return start..<start + (1 << shift)
        }
    }

    let database: Database
    let head: LogHead
    /// Tiles that neither the store nor the entries have as the tile above has hashed them.
    private(set) var lost: UInt64 = 0

    init(database: Database, head: LogHead) {
        self.database = database
        self.head = head
    }

    /// Takes a tree of entries that has the size of the signed one.
    /// - Returns: whether the right edge of the tree is known; otherwise nothing can be told.
    mutating func settle(_ report: inout StoreCheckReport) throws -> Bool {
        guard let edge = try findEdge() else { return false }
        for (id, entries, signed) in edge where entries != signed {
            let place = Place(level: id.level, index: id.index)
            try put(signed, place)
            try settle(below: place, signed: signed, entries: entries, &report)
        }
        return true
    }

    private typealias EdgeTile = (id: TileID, entries: [UInt8], signed: [UInt8])

    /// The partial tiles, at most one a level: those of the store or those of the entries, as together they give the
    /// signed root.
    private func findEdge() throws -> [EdgeTile]? {
        let ids = TileID.partialTiles(for: head.size)
        let entries = try ids.map { try bytes("temp", Place(level: $0.level, index: $0.index)) }
        let stored = try zip(ids, entries).map { id, other in
            let bytes = try bytes("main", Place(level: id.level, index: id.index))
            return bytes.count < id.byteCount ? other : Array(bytes.prefix(id.byteCount))
        }
        for choice in 0..<(1 << ids.count) {
            let signed = ids.indices.map { choice >> $0 & 1 == 0 ? stored[$0] : entries[$0] }
            let tiles = Dictionary(zip(ids, signed)) { first, _ in first }
            guard let built = try? TileBuilder(size: head.size, read: { tiles[$0] ?? [] }), built.root == head.root
            else { continue }
            return ids.indices.map { (ids[$0], entries[$0], signed[$0]) }
        }
        return nil
    }

    private mutating func settle(
        below place: Place, signed: [UInt8], entries: [UInt8], _ report: inout StoreCheckReport
    ) throws {
        for position in CheckViews.differing(signed, entries) {
            let index = place.index << TileID.height | UInt64(position)
            guard place.level > 0 else {
                try CheckViews(database: database).nameEntry(index, &report)
                continue
            }
            let start = position * Hash.byteCount
            guard let hash = Hash(signed[start..<start + Hash.byteCount]) else { continue }
            try settle(Place(level: place.level - 1, index: index), hash, &report)
        }
    }

    /// A full tile that the entries do not give as the one above has hashed it.
    private mutating func settle(_ place: Place, _ hash: Hash, _ report: inout StoreCheckReport) throws {
        let entries = try bytes("temp", place)
        let stored = try bytes("main", place)
        if stored.count == TileID.fullWidth * Hash.byteCount, Self.root(stored) == hash {
            try put(stored, place)
            return try settle(below: place, signed: stored, entries: entries, &report)
        }
        lost += 1
        if !stored.isEmpty {
            report.add(
                StoreDifference(
                    .rowDifferent, "tiles", row: "place \(place.under(place.level).lowerBound)",
                    expected: "the tile that the one above it has hashed to \(hash)", found: "another one"))
        }
        try CheckViews(database: database).nameEntries(in: place.under(0), &report)
        for level in 0...place.level { try leave(place.under(level)) }
    }

    /// The root of a full tile.
    private static func root(_ bytes: [UInt8]) -> Hash {
        var range = CompactRange()
        for start in stride(from: 0, to: bytes.count, by: Hash.byteCount) {
            guard let hash = Hash(bytes[start..<start + Hash.byteCount]) else { continue }
            range.append(hash)
        }
        return range.root
    }

    /// Empty where there is none.
    private func bytes(_ schema: String, _ place: Place) throws -> [UInt8] {
        try Command(database, "SELECT bytes FROM \(schema).tiles WHERE place = ?").first(
            .unsigned(place.under(place.level).lowerBound)
        ) { try $0.bytes(0) } ?? []
    }

    private func put(_ bytes: [UInt8], _ place: Place) throws {
        try Command(database, "INSERT OR REPLACE INTO temp.tiles VALUES (?, ?)").run(
            .unsigned(place.under(place.level).lowerBound), .blob(bytes))
    }

    /// Has the stored tiles of these places compared with themselves: nobody knows better ones.
    private func leave(_ places: Range<UInt64>) throws {
        let sql = "INSERT OR REPLACE INTO temp.tiles SELECT * FROM main.tiles WHERE place >= ? AND place < ?"
        try Command(database, sql).run(.unsigned(places.lowerBound), .unsigned(places.upperBound))
    }
}
