import GRDB
import Ledger
import Rules
import Statements
import Store

/// Writes one batch in one transaction. Rows that several entries of a batch change are written once, as they are at
/// the batch's end.
struct BatchWriter {
    private let entries: Command
    private let statements: Command
    private let messages: Command
    private let messageEntries: Command
    private let inbox: Command
    private let envelopes: Command
    private let database: Database
    private let grace: TimeSpan
    /// By the index of their submission; only those whose submission is older than the act.
    private var advanced: [LogIndex: MessageState] = [:]
    private var counters: [PartyID: PartyCounters] = [:]
    private var ticks: [PartyID: LogIndex] = [:]

    /// - Throws: what the contract says; anything but `outcomeUnknown` means that nothing was written.
    static func commit(_ batch: CommitBatch, to database: Database, folder: StoreFolder) throws {
        try check(batch, folder: folder)
        try database.beginTransaction(.immediate)
        do {
            try checkBase(batch, database)
            var writer = try BatchWriter(database, batch)
            try writer.write(batch)
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

    private init(_ database: Database, _ batch: CommitBatch) throws {
        self.database = database
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
        entries = try Command(database, "INSERT INTO entries VALUES (?, ?)")
        statements = try Command(database, "INSERT INTO statements VALUES (?, ?)")
        messages = try Command(database, "INSERT INTO messages VALUES (?, ?, ?, ?, ?)")
        messageEntries = try Command(database, "INSERT INTO message_entries VALUES (?, ?)")
        inbox = try Command(database, "INSERT INTO inbox VALUES (?, ?, ?, ?, ?)")
        envelopes = try Command(database, "INSERT INTO envelopes VALUES (?, ?, ?, ?)")
    }

    private mutating func write(_ batch: CommitBatch) throws {
        for (index, new) in zip(batch.base.rawValue..., batch.entries) {
            try entries.run(.unsigned(index), .blob(new.bytes))
            if let changes = new.changes { try write(changes, of: new) }
        }
        try writeAdvanced()
        try writeParties()
        try writeHead(batch)
    }

    private mutating func write(_ changes: Changes, of new: NewEntry) throws {
        let index = changes.index
        try statements.run(.hash(changes.statement.hash), .index(index))
        if let message = changes.message {
            if let nonce = changes.nonce {
                let deadline = message.deadline(grace: grace).map { Parameter.time($0) } ?? .null
                try messages.run(
                    .index(index), deadline, .party(nonce.party), .blob(nonce.nonce.bytes), .hash(message.id.hash))
            } else {
                try messageEntries.run(.index(message.firstIndex), .index(index))
                advanced[message.firstIndex] = message
            }
        }
        for arrival in changes.arrivals {
            try inbox.run(
                .party(arrival.party), .unsigned(arrival.number.value), .hash(arrival.message.hash),
                .integer(Int64(arrival.leg.value)), .index(index))
        }
        if let key = changes.key { try write(key, index) }
        counters.merge(changes.counters) { _, newer in newer }
        if case .tick(let tick) = new.entry.signed?.statement.act { ticks[tick.party] = index }
        switch new.envelope {
        case .inline(let bytes): try envelopes.run(.index(index), .integer(Int64(bytes.count)), .null, .blob(bytes))
        case .staged(let file): try envelopes.run(.index(index), .unsigned(file.size), .text(file.name), .null)
        case nil: break
        }
    }

    /// A key may be published again past its `keepUntil`; the newest publication is the one that counts.
    private func write(_ key: SealingKeyRecord, _ index: LogIndex) throws {
        try Command(database, "INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?, ?, ?, ?)").run(
            .index(index), .hash(key.keyID.hash), .party(key.delegate.party), .text(key.delegate.name.slug.text),
            .time(key.sealFrom), .time(key.sealUntil), .time(key.keepUntil))
    }

    private func writeAdvanced() throws {
        guard !advanced.isEmpty else { return }
        // Touches row and index only where the deadline moved.
        let command = try Command(
            database, "UPDATE messages SET deadline = ?1 WHERE first_idx = ?2 AND deadline IS NOT ?1")
        for (first, message) in advanced {
            try command.run(message.deadline(grace: grace).map { .time($0) } ?? .null, .index(first))
        }
    }

    private func writeParties() throws {
        let counter = try Command(database, "INSERT OR REPLACE INTO counters VALUES (?, ?, ?, ?)")
        for (party, values) in counters {
            try counter.run(
                .party(party), .unsigned(values.arrivals), .unsigned(values.unsettledMessages),
                .unsigned(values.unsettledBytes))
        }
        let tick = try Command(database, "INSERT OR REPLACE INTO ticks VALUES (?, ?)")
        for (party, index) in ticks { try tick.run(.party(party), .index(index)) }
    }

    private func writeHead(_ batch: CommitBatch) throws {
        let tiles = try Command(database, "INSERT OR REPLACE INTO tiles VALUES (?, ?)")
        for tile in batch.tiles {
            guard let key = TileKey(level: tile.id.level, index: tile.id.index) else {
                throw StoreError(.conflict, "\(tile.id) is no tile of a log")
            }
            try tiles.run(.unsigned(key.number), .blob(tile.bytes))
        }
        try Command(database, "INSERT OR REPLACE INTO checkpoint VALUES (1, ?, ?, ?)").run(
            .unsigned(batch.head.size.rawValue), .hash(batch.head.root), .blob(batch.checkpoint))
    }
}
