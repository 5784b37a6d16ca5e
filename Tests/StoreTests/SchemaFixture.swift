import Foundation
import GRDB
import Glibc
import Ledger
import Statements
import Store
@testable import StoreSQLite
import TestKit

/// A data directory as an earlier version of the tables had it: the rows of a real relay's store, in tables that the
/// migrations have made up to that version.
enum SchemaFixture {
    /// Every version but the newest.
    static let earlier = Array(Schema.migrator.migrations.dropLast())
    /// Of the upload that is under way there.
    static let upload = UploadID.envelope(MessageID(Hash.sha256([1])))
    static let uploadFile = String(repeating: "a", count: 32)

    private static let tables = [
        "entries", "tiles", "checkpoint", "statements", "messages", "message_entries", "inbox", "counters", "keys",
        "ticks",
    ]
    /// What version 6 brought, and envelopes as they lie since then: under keys, some of them destroyed.
    private static let tablesWithKeys = ["envelopes", "message_keys", "file_keys", "settled", "erasures", "notes"]

    /// Whether a version keeps contents under keys and erases them.
    static func hasKeys(_ version: String) -> Bool { version >= "6" }

    /// The relay whose rows a version's store is made of.
    static func source(of version: String) async throws -> RealStore {
        try await hasKeys(version) ? RealStore.erasing.value : RealStore.shared.value
    }

    /// - Parameter folder: where to make it; it must not be there.
    static func make(_ version: String, at folder: String) async throws {
        let source = try await source(of: version).copy()
        let tables = tables + (hasKeys(version) ? tablesWithKeys : [])
        for path in [folder, folder + "/envelopes"] { mkdir(path, 0o700) }
        var configuration = Configuration()
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA page_size = 8192") }
        let queue = try DatabaseQueue(path: folder + "/log.sqlite", configuration: configuration)
        try Schema.migrator.migrate(queue, upTo: version)
        try await queue.writeWithoutTransaction { database in
            try database.execute(sql: "ATTACH DATABASE ? AS source", arguments: [source.database])
            for table in tables { try database.execute(sql: "INSERT INTO main.\(table) SELECT * FROM source.\(table)") }
            try database.execute(sql: "INSERT OR REPLACE INTO main.meta SELECT * FROM source.meta")
            try database.execute(sql: "DETACH DATABASE source")
        }
        if hasKeys(version) {
            for name in try source.filesOfEnvelopes() {
                try FileManager.default.copyItem(
                    atPath: "\(source.path)/envelopes/\(name)", toPath: "\(folder)/envelopes/\(name)")
            }
        } else {
            try await copyEnvelopes(source, to: queue, folder)
        }
        if version >= "2" { try addUpload(version, queue, folder) }
        try queue.close()
    }

    /// As they came: no version before 6 has encrypted them.
    private static func copyEnvelopes(_ source: RealCopy, to queue: DatabaseQueue, _ folder: String) async throws {
        let store = try SQLiteStore.open(directory: source.path)
        let messages = try await store.reading { database in
            try Command(database, "SELECT first_idx, id FROM messages").rows {
                (index: $0.integer(0), id: MessageID(try $0.hash(1)))
            }
        }
        for message in messages {
            let size = try await store.envelopeSize(message.id) ?? 0
            var bytes: [UInt8] = []
            while UInt64(bytes.count) < size {
                bytes += try await store.envelope(message.id, UInt64(bytes.count)..<size)
            }
            let isFile = bytes.count > EnvelopeBytes.inlineLimit
            let name = Hex.encode(Array(message.id.hash.bytes.prefix(16)))
            if isFile { try SQLitePlace.put(bytes, at: "\(folder)/envelopes/\(name)") }
            try await queue.writeWithoutTransaction { [bytes] database in
                try Command(database, "INSERT INTO envelopes VALUES (?, ?, ?, ?)").run(
                    .integer(message.index), .unsigned(size), isFile ? .text(name) : .null,
                    isFile ? .null : .blob(bytes))
            }
        }
        try await store.close()
    }

    private static func addUpload(_ version: String, _ queue: DatabaseQueue, _ folder: String) throws {
        let key = hasKeys(version) ? StorageKey() : nil
        let bytes: [UInt8] = [1, 2, 3, 4]
        try SQLitePlace.put(key?.apply(to: bytes, at: 0) ?? bytes, at: "\(folder)/envelopes/\(uploadFile)")
        let kind = version >= "4" ? "'envelope', " : ""
        let id = Hex.encode(Hash.sha256([1]).bytes)
        try queue.writeWithoutTransaction { database in
            try database.execute(
                sql: """
                    INSERT INTO uploads VALUES
                        (\(kind)x'\(id)', 'us-envoy', 10, 4, 9000000000000, '\(uploadFile)')
                    """)
            if let key { try KeyQuery(database: database).add(key, ofFile: uploadFile) }
        }
    }
}

extension RealCopy {
    /// The files that envelopes have.
    fileprivate func filesOfEnvelopes() throws -> [String] {
        let queue = try DatabaseQueue(path: database)
        defer { try? queue.close() }
        return try queue.read { try String.fetchAll($0, sql: "SELECT file FROM envelopes WHERE file IS NOT NULL") }
    }
}
