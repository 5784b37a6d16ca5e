import GRDBSQLite
import Ledger
import Statements
import Store

/// The row a command stands on; not to be kept. What is no value of its type is damage.
struct Columns {
    let raw: OpaquePointer

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(raw, column) == SQLITE_NULL }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(raw, column) }

    func unsigned(_ column: Int32) throws -> UInt64 {
        guard let value = UInt64(exactly: integer(column)) else { throw damage("a number") }
        return value
    }

    func index(_ column: Int32) throws -> LogIndex { LogIndex(rawValue: try unsigned(column)) }

    func time(_ column: Int32) -> Timestamp { Timestamp(milliseconds: integer(column)) }

    func bytes(_ column: Int32) throws -> [UInt8] {
        let start = sqlite3_column_blob(raw, column)
        let count = Int(sqlite3_column_bytes(raw, column))
        guard let start else {
            guard count == 0 else { throw damage("bytes") }
            return []
        }
        return Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    func hash(_ column: Int32) throws -> Hash {
        let count = Int(sqlite3_column_bytes(raw, column))
        guard let hash = Hash(raw: UnsafeRawBufferPointer(start: sqlite3_column_blob(raw, column), count: count)) else {
            throw damage("a hash")
        }
        return hash
    }

    func text(_ column: Int32) throws -> String {
        guard let start = sqlite3_column_text(raw, column) else { throw damage("a text") }
        return String(cString: start)
    }

    func party(_ column: Int32) throws -> PartyID {
        guard let party = PartyID(try text(column)) else { throw damage("a party") }
        return party
    }

    func delegate(_ column: Int32) throws -> DelegateName {
        guard let name = DelegateName(try text(column)) else { throw damage("a delegate") }
        return name
    }

    func entry(_ index: Int32, _ bytes: Int32) throws -> StoredEntry {
        StoredEntry(index: try self.index(index), bytes: try self.bytes(bytes))
    }

    private func damage(_ expected: String) -> StoreError { .damaged("a row has not \(expected) where one belongs") }
}
