import GRDB
import GRDBSQLite
import Ledger
import Statements

/// A value for one parameter of a command.
enum Parameter {
    case null
    case integer(Int64)
    case text(String)
    case blob([UInt8])
    case hash(Hash)

    /// Every number the store keeps is below 2^63; one that a caller asks about and is not is beyond all of them.
    static func unsigned(_ value: UInt64) -> Parameter { .integer(Int64(clamping: value)) }
    static func index(_ index: LogIndex) -> Parameter { .unsigned(index.rawValue) }
    static func time(_ time: Timestamp) -> Parameter { .integer(time.milliseconds) }
    static func party(_ party: PartyID) -> Parameter { .text(party.slug.text) }
    static func limit(_ count: Int) -> Parameter { .integer(Int64(max(0, count))) }
}

/// A prepared statement, to be run many times in one access of the database.
///
/// It binds and steps by SQLite's own calls: rows are bytes here, and the ordinary row type would copy each one twice.
struct Command {
    private let statement: GRDB.Statement
    private let raw: OpaquePointer
    private let connection: OpaquePointer?

    init(_ database: Database, _ sql: String) throws {
        statement = try database.cachedStatement(sql: sql)
        raw = statement.sqliteStatement
        connection = database.sqliteConnection
    }

    /// Runs a statement that gives no rows.
    func run(_ parameters: Parameter...) throws {
        try bind(parameters)
        defer { sqlite3_reset(raw) }
        guard sqlite3_step(raw) == SQLITE_DONE else { throw failure() }
    }

    func rows<Value>(_ parameters: Parameter..., read: (Columns) throws -> Value) throws -> [Value] {
        try bind(parameters)
        defer { sqlite3_reset(raw) }
        var values: [Value] = []
        while true {
            switch sqlite3_step(raw) {
            case SQLITE_ROW: values.append(try read(Columns(raw: raw)))
            case SQLITE_DONE: return values
            default: throw failure()
            }
        }
    }

    /// The first row, if there is one.
    func first<Value>(_ parameters: Parameter..., read: (Columns) throws -> Value) throws -> Value? {
        try bind(parameters)
        defer { sqlite3_reset(raw) }
        switch sqlite3_step(raw) {
        case SQLITE_ROW: return try read(Columns(raw: raw))
        case SQLITE_DONE: return nil
        default: throw failure()
        }
    }

    /// The next row of a statement without parameters, good until the next call; nil at its end.
    func next() throws -> Columns? {
        switch sqlite3_step(raw) {
        case SQLITE_ROW: return Columns(raw: raw)
        case SQLITE_DONE:
            sqlite3_reset(raw)
            return nil
        default:
            let failure = failure()
            sqlite3_reset(raw)
            throw failure
        }
    }

    private func bind(_ parameters: [Parameter]) throws {
        for (position, parameter) in zip(Int32(1)..., parameters) {
            guard bind(parameter, at: position) == SQLITE_OK else { throw failure() }
        }
    }

    private func bind(_ parameter: Parameter, at position: Int32) -> Int32 {
        switch parameter {
        case .null: return sqlite3_bind_null(raw, position)
        case .integer(let value): return sqlite3_bind_int64(raw, position, value)
        case .text(let text):
            var text = text
            return text.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) {
                    sqlite3_bind_text(raw, position, $0.baseAddress, Int32($0.count), Self.copied)
                }
            }
        case .blob(let bytes):
            // A nil pointer would bind NULL.
            guard !bytes.isEmpty else { return sqlite3_bind_zeroblob(raw, position, 0) }
            return bytes.withUnsafeBytes {
                sqlite3_bind_blob64(raw, position, $0.baseAddress, UInt64($0.count), Self.copied)
            }
        case .hash(let hash):
            return hash.withBytes { sqlite3_bind_blob(raw, position, $0.baseAddress, Int32($0.count), Self.copied) }
        }
    }

    /// SQLITE_TRANSIENT: SQLite takes a copy.
    private static var copied: sqlite3_destructor_type {
        unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    }

    private func failure() -> DatabaseError {
        DatabaseError(
            resultCode: ResultCode(rawValue: sqlite3_extended_errcode(connection)),
            message: sqlite3_errmsg(connection).map { String(cString: $0) })
    }
}
