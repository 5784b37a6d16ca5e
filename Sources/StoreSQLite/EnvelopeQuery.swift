import GRDB
import Ledger
import Statements
import Store

/// Where envelopes lie, and their bytes.
struct EnvelopeQuery {
    /// At most this many bytes are given out at a time.
    private static let step: UInt64 = 1 << 20

    let database: Database

    struct Found {
        let message: LogIndex
        let size: UInt64
        /// Its file; nil for one that is in the database.
        let file: String?
    }

    func find(_ message: MessageID) throws -> Found? {
        let command = try Command(
            database,
            "SELECT e.message, e.size, e.file FROM statements s JOIN envelopes e ON e.message = s.idx WHERE s.id = ?")
        return try command.first(.hash(message.hash)) { row in
            Found(message: try row.index(0), size: try row.unsigned(1), file: row.isNull(2) ? nil : try row.text(2))
        }
    }

    /// The part of a range that the envelope has.
    func bytes(_ message: MessageID, _ range: Range<UInt64>, folder: StoreFolder) throws -> [UInt8] {
        guard let found = try find(message) else {
            throw StoreError(.notFound, "there is no envelope of message \(message.short)")
        }
        let keys = KeyQuery(database: database)
        if let file = found.file {
            return try KeptFile(name: file, key: keys.key(ofFile: file)).read(range, of: found.size, in: folder)
        }
        let start = min(range.lowerBound, found.size)
        let count = min(min(range.upperBound, found.size) - start, Self.step)
        guard count > 0 else { return [] }
        let command = try Command(database, "SELECT substr(bytes, ?, ?) FROM envelopes WHERE message = ?")
        let bytes = try command.first(.unsigned(start + 1), .unsigned(count), .index(found.message)) { try $0.bytes(0) }
        guard let bytes, bytes.count == Int(count) else {
            throw StoreError.damaged("the envelope of message \(message.short) is shorter than it was")
        }
        return try keys.key(of: found.message)?.apply(to: bytes, at: start) ?? bytes
    }

    /// Removes rows in one transaction, and after it the file that they were the last ones to refer to.
    static func letGo(of file: String, _ database: Database, _ folder: StoreFolder, rows: () throws -> Void) throws {
        var isKept = true
        try database.inTransaction(.immediate) {
            try rows()
            isKept = try refers(to: file, database)
            if !isKept { try KeyQuery(database: database).destroy(ofFile: file) }
            return .commit
        }
        if !isKept { folder.remove(file) }
    }

    /// The names of all files that a row refers to: of envelopes, uploads or drafts.
    static func files(_ database: Database) throws -> Set<String> {
        let sql = """
            SELECT file FROM envelopes WHERE file IS NOT NULL
            UNION ALL SELECT file FROM uploads UNION ALL SELECT file FROM drafts
            """
        return Set(try Command(database, sql).rows { try $0.text(0) })
    }

    static func refers(to file: String, _ database: Database) throws -> Bool {
        let sql = """
            SELECT 1 FROM envelopes WHERE file = ?1
            UNION ALL SELECT 1 FROM uploads WHERE file = ?1 UNION ALL SELECT 1 FROM drafts WHERE file = ?1
            """
        return try Command(database, sql).first(.text(file)) { _ in true } ?? false
    }
}
