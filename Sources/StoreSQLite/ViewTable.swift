import GRDB
import GRDBSQLite
import Ledger

/// A table whose rows follow from the entries.
struct ViewTable {
    let name: String
    /// The first columns are its key, in whose order rows are read.
    let columns: [String]
    let keyCount: Int

    static let all = [
        ViewTable(name: "tiles", columns: ["place", "bytes"], keyCount: 1),
        ViewTable(name: "statements", columns: ["id", "idx"], keyCount: 1),
        ViewTable(
            name: "messages", columns: ["first_idx", "deadline", "originator", "nonce", "id"], keyCount: 1),
        ViewTable(name: "message_entries", columns: ["message", "idx"], keyCount: 2),
        ViewTable(name: "inbox", columns: ["party", "number", "message", "leg", "idx"], keyCount: 2),
        ViewTable(
            name: "counters", columns: ["party", "arrivals", "unsettled_messages", "unsettled_bytes"], keyCount: 1),
        ViewTable(
            name: "keys",
            columns: ["idx", "key_id", "party", "delegate", "seal_from", "seal_until", "keep_until"], keyCount: 1),
        ViewTable(name: "ticks", columns: ["party", "idx"], keyCount: 1),
        ViewTable(name: "settled", columns: ["message", "at"], keyCount: 1),
        ViewTable(name: "scopes", columns: ["party", "idx"], keyCount: 2),
        ViewTable(name: "erasures", columns: ["message", "idx"], keyCount: 1),
    ]

    /// Those that this version of a store has.
    static func present(_ database: Database) throws -> [ViewTable] {
        try all.filter { try database.tableExists($0.name) }
    }

    /// With the one row of `meta` that follows from the charter.
    static let names = Set(all.map(\.name) + ["meta"])

    /// Rows of one of the two schemas that have the table.
    func rows(_ database: Database, of schema: String) throws -> Command {
        let key = columns.prefix(keyCount).joined(separator: ", ")
        return try Command(
            database, "SELECT \(columns.joined(separator: ", ")) FROM \(schema).\(name) ORDER BY \(key)")
    }

    /// A row by its key.
    func describe(_ row: [Cell]) -> String { describe(row, where: { _ in true }, upTo: keyCount) }

    /// The columns behind the key.
    func describeRest(_ row: [Cell], where isWanted: (Int) -> Bool = { _ in true }) -> String {
        describe(row, where: { $0 >= keyCount && isWanted($0) }, upTo: columns.count)
    }

    private func describe(_ row: [Cell], where isWanted: (Int) -> Bool, upTo end: Int) -> String {
        let parts = (0..<min(end, row.count)).filter(isWanted).map { "\(columns[$0]) \(row[$0])" }
        return parts.isEmpty ? "a row" : parts.joined(separator: " ")
    }
}

/// One value of a row, in the order that SQLite sorts them.
enum Cell: Hashable, Comparable, CustomStringConvertible {
    case null
    case integer(Int64)
    /// As bytes: a damaged text need not be one.
    case text([UInt8])
    case blob([UInt8])

    static func < (a: Cell, b: Cell) -> Bool {
        switch (a, b) {
        case (.integer(let a), .integer(let b)): a < b
        case (.text(let a), .text(let b)), (.blob(let a), .blob(let b)): a.lexicographicallyPrecedes(b)
        default: a.rank < b.rank
        }
    }

    private var rank: Int {
        switch self {
        case .null: 0
        case .integer: 1
        case .text: 2
        case .blob: 3
        }
    }

    var description: String {
        switch self {
        case .null: "none"
        case .integer(let value): "\(value)"
        case .text(let bytes): "'\(String(decoding: bytes.prefix(64), as: UTF8.self))'"
        case .blob(let bytes) where bytes.count <= Hash.byteCount: Hex.encode(bytes)
        case .blob(let bytes): "\(bytes.count) bytes with SHA-256 \(Hex.encode(Hash.sha256(bytes).bytes))"
        }
    }
}

extension Columns {
    /// A value as it is stored, whatever its type.
    func cell(_ column: Int32) throws -> Cell {
        switch sqlite3_column_type(raw, column) {
        case SQLITE_NULL: .null
        case SQLITE_INTEGER: .integer(integer(column))
        case SQLITE_TEXT: .text(try bytes(column))
        default: .blob(try bytes(column))
        }
    }
}
