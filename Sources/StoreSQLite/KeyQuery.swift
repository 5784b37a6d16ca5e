import GRDB
import Ledger
import Store

/// The storage keys. No row means that the bytes lie there as they came: an earlier version has written them, and may
/// have made the tables as well.
///
/// A row is never deleted. Its key is overwritten with zeros where it lies, and rows come in at the end of their tables
/// and are of one size: so no key ever moves, and no copy of one is left in a gap between a page's cells, which
/// `secure_delete` would not clear. Every row is changed by itself too: SQLite keeps what it needs to undo a change of
/// several in a file of its own.
struct KeyQuery {
    /// What is left of a key that was destroyed, as SQL has it; no generator gives it.
    static let destroyed = "x'\(String(repeating: "00", count: StorageKey.byteCount))'"

    let database: Database

    /// Of an envelope that is in the database.
    /// - Throws: ``StoreError`` `damaged` where it was destroyed.
    func key(of message: LogIndex) throws -> StorageKey? {
        return try Command(database, "SELECT key FROM message_keys WHERE message = ?").first(.index(message)) {
            try $0.storageKey(0)
        }
    }

    /// - Throws: ``StoreError`` `damaged` where it was destroyed.
    func key(ofFile file: String) throws -> StorageKey? {
        return try Command(database, "SELECT key FROM file_keys WHERE file = ?").first(.text(file)) {
            try $0.storageKey(0)
        }
    }

    /// Whether an envelope in the database has, or had, a key: it is encrypted then.
    func isEncrypted(_ message: LogIndex) throws -> Bool {
        try Command(database, "SELECT 1 FROM message_keys WHERE message = ?").first(.index(message)) { _ in true }
            ?? false
    }

    func isEncrypted(file: String) throws -> Bool {
        try Command(database, "SELECT 1 FROM file_keys WHERE file = ?").first(.text(file)) { _ in true } ?? false
    }

    func add(_ key: StorageKey, of message: LogIndex) throws {
        try Command(database, "INSERT INTO message_keys VALUES (?, ?)").run(.index(message), .blob(key.bytes))
    }

    /// A file goes from an upload to a draft or an envelope; its key stays. A new one takes the row of one that was
    /// destroyed: uploads and drafts that came to nothing take no room for ever.
    func add(_ key: StorageKey, ofFile file: String) throws {
        guard try !isEncrypted(file: file) else { return }
        let free = try Command(database, "SELECT number FROM file_keys WHERE key = \(Self.destroyed) LIMIT 1")
            .first { $0.integer(0) }
        guard let free else {
            return try Command(database, "INSERT INTO file_keys (file, key) VALUES (?, ?)").run(
                .text(file), .blob(key.bytes))
        }
        try Command(database, "UPDATE file_keys SET file = ?, key = ? WHERE number = ?").run(
            .text(file), .blob(key.bytes), .integer(free))
    }

    func destroy(of message: LogIndex) throws {
        try Command(database, "UPDATE message_keys SET key = \(Self.destroyed) WHERE message = ?").run(.index(message))
    }

    func destroy(ofFile file: String) throws {
        try Command(database, "UPDATE file_keys SET key = \(Self.destroyed) WHERE file = ?").run(.text(file))
    }

    /// Those of files that nothing refers to.
    func destroyOrphans() throws {
        let sql = """
            SELECT file FROM file_keys WHERE key <> \(Self.destroyed) AND file NOT IN (
                SELECT file FROM envelopes WHERE file IS NOT NULL
                UNION ALL SELECT file FROM uploads UNION ALL SELECT file FROM drafts)
            """
        try database.inTransaction(.immediate) {
            for file in try Command(database, sql).rows(read: { try $0.text(0) }) { try destroy(ofFile: file) }
            return .commit
        }
    }
}

extension Columns {
    /// - Throws: ``StoreError`` `damaged` where it was destroyed: zeros would be a key like any other.
    func storageKey(_ column: Int32) throws -> StorageKey {
        let key = try StorageKey(bytes: bytes(column))
        guard key.bytes.contains(where: { $0 != 0 }) else {
            throw StoreError.damaged("a content's storage key is destroyed")
        }
        return key
    }
}

/// A file with the key to it.
struct KeptFile: Sendable {
    let name: String
    let key: StorageKey?

    /// The part of a range that a file of so many bytes has: at most 1 MiB.
    func read(_ range: Range<UInt64>, of size: UInt64, in folder: StoreFolder) throws -> [UInt8] {
        let stored = try folder.read(name, range, of: size)
        return try key?.apply(to: stored, at: min(range.lowerBound, size)) ?? stored
    }

    func write(_ bytes: [UInt8], at offset: UInt64, in folder: StoreFolder) throws {
        try folder.write(try key?.apply(to: bytes, at: offset) ?? bytes, to: name, at: offset)
    }
}
