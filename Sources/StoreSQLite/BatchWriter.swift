import GRDB
import Ledger
import Rules
import Statements
import Store

/// Writes one batch in one transaction: entries, envelopes, everything that follows from them, and the checkpoint.
struct BatchWriter {
    private let entries: Command
    private let envelopes: Command
    private let database: Database
    private let folder: StoreFolder
    private let keys: KeyQuery
    private var erased: (messages: Int, files: [String]) = (0, [])
    private var views: ViewWriter

    /// - Throws: what the contract says; anything but `outcomeUnknown` means that nothing was written.
    static func commit(_ batch: CommitBatch, to database: Database, folder: StoreFolder) throws {
        try check(batch, folder: folder)
        try database.beginTransaction(.immediate)
        do {
            try checkBase(batch, database)
            var writer = try BatchWriter(database, batch, folder)
            try writer.write(batch)
            // Noted before the commit: if it fails, it may yet have been written.
            if writer.erased.messages > 0 { folder.memory.erase(writer.erased.files) }
        } catch {
            if database.isInsideTransaction { try? database.rollback() }
            throw error
        }
        do { try database.commit() } catch {
            if database.isInsideTransaction { try? database.rollback() }
            throw StoreError(
                .outcomeUnknown,
                "the commit of entries from \(batch.base) on failed, and may yet have been written: "
                    + "\(StoreError(error).message)")
        }
        folder.memory.forget(batch.entries.compactMap(\.envelope?.file))
    }

    private static func check(_ batch: CommitBatch, folder: StoreFolder) throws {
        guard batch.base.rawValue &+ UInt64(batch.entries.count) == batch.head.size.rawValue, !batch.entries.isEmpty
        else {
            throw StoreError(
                .conflict,
                "a batch of \(batch.entries.count) entries does not lead from \(batch.base) to "
                    + "\(batch.head.size)")
        }
        for (index, new) in zip(batch.base.rawValue..., batch.entries) {
            guard (new.changes?.index.rawValue ?? 0) == index else {
                throw StoreError(.conflict, "entry \(index) of a batch was decided for another index")
            }
            if case .staged(let staged) = new.envelope { try folder.check(staged) }
        }
    }

    private static func checkBase(_ batch: CommitBatch, _ database: Database) throws {
        let size = try Command(database, "SELECT size FROM checkpoint").first { try $0.unsigned(0) } ?? 0
        guard size == batch.base.rawValue else {
            throw StoreError(.conflict, "the log has \(size) entries, and the batch was made for \(batch.base)")
        }
    }

    private init(_ database: Database, _ batch: CommitBatch, _ folder: StoreFolder) throws {
        self.database = database
        self.folder = folder
        keys = KeyQuery(database: database)
        let grace: TimeSpan
        if case .charter(let signed) = batch.entries.first?.entry.body {
            grace = signed.charter.limits.confirmGrace
            try Command(database, "INSERT INTO meta VALUES ('confirm_grace', ?)").run(.integer(grace.milliseconds))
        } else {
            let stored = try Command(database, "SELECT value FROM meta WHERE name = 'confirm_grace'").first {
                TimeSpan(milliseconds: $0.integer(0))
            }
            guard let stored else { throw StoreError.damaged("the charter's limits are not there") }
            grace = stored
        }
        views = try ViewWriter(database, grace: grace)
        entries = try Command(database, "INSERT INTO entries VALUES (?, ?)")
        envelopes = try Command(database, "INSERT INTO envelopes VALUES (?, ?, ?, ?)")
    }

    private mutating func write(_ batch: CommitBatch) throws {
        for (index, new) in zip(batch.base.rawValue..., batch.entries) {
            try entries.run(.unsigned(index), .blob(new.bytes))
            guard let changes = new.changes else { continue }
            try views.write(changes, of: new.entry)
            try erase(changes.contents)
            try write(new.envelope, of: changes.index)
        }
        try views.finish()
        try views.write(batch.tiles)
        try Command(database, "INSERT OR REPLACE INTO checkpoint VALUES (1, ?, ?, ?)").run(
            .unsigned(batch.head.size.rawValue), .hash(batch.head.root), .blob(batch.checkpoint))
    }

    private func write(_ envelope: EnvelopeBytes?, of index: LogIndex) throws {
        switch envelope {
        case .inline(let bytes):
            let key = StorageKey()
            let stored = try key.apply(to: bytes, at: 0)
            try envelopes.run(.index(index), .integer(Int64(bytes.count)), .null, .blob(stored))
            try keys.add(key, of: index)
        case .staged(let file):
            try envelopes.run(.index(index), .unsigned(file.size), .text(file.name), .null)
            // A file that was an upload has its key in the table already.
            if let key = folder.memory.key(of: file.name) { try keys.add(key, ofFile: file.name) }
        case nil: break
        }
    }

    /// Destroys the keys of erased messages, overwriting them, and lets go of what nobody can read any more.
    private mutating func erase(_ contents: [MessageID: ContentStage]) throws {
        for case (let message, .erased) in contents {
            guard let found = try EnvelopeQuery(database: database).find(message) else { continue }
            let isEncrypted: Bool
            if let file = found.file {
                isEncrypted = try keys.isEncrypted(file: file)
                try keys.destroy(ofFile: file)
                erased.files.append(file)
            } else {
                isEncrypted = try keys.isEncrypted(found.message)
                try keys.destroy(of: found.message)
            }
            try letGo(found.message, isEncrypted: isEncrypted)
            erased.messages += 1
        }
    }

    /// To overwrite what is encrypted would write as much again as there was.
    private func letGo(_ message: LogIndex, isEncrypted: Bool) throws {
        if isEncrypted { try database.execute(sql: "PRAGMA secure_delete = FAST") }
        // Whatever happens: the writer's next deletion may be of something else.
        defer { if isEncrypted { try? database.execute(sql: "PRAGMA secure_delete = ON") } }
        try Command(database, "DELETE FROM envelopes WHERE message = ?").run(.index(message))
    }
}

extension EnvelopeBytes {
    /// The name of its staged file.
    fileprivate var file: String? { if case .staged(let file) = self { file.name } else { nil } }
}
