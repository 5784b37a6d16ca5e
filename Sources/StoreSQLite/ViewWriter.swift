import GRDB
import Ledger
import Rules
import Statements
import Store

/// Writes the tiles, and what entries change in every view that can be had from entries alone: for a commit, and again
/// when a store is checked. Rows that several entries of a batch change are written once, by ``finish()``.
struct ViewWriter {
    private let statements: Command
    private let messages: Command
    private let messageEntries: Command
    private let inbox: Command
    private let tiles: TileWriter
    private let database: Database
    private let grace: TimeSpan
    /// By the index of their submission; only those whose submission is older than the act.
    private var advanced: [LogIndex: MessageState] = [:]
    private var counters: [PartyID: PartyCounters] = [:]
    private var ticks: [PartyID: LogIndex] = [:]

    /// - Parameter grace: the charter's `confirm-grace`, which deadlines are reckoned with.
    init(_ database: Database, grace: TimeSpan) throws {
        self.database = database
        self.grace = grace
        statements = try Command(database, "INSERT INTO statements VALUES (?, ?)")
        messages = try Command(database, "INSERT INTO messages VALUES (?, ?, ?, ?, ?)")
        messageEntries = try Command(database, "INSERT INTO message_entries VALUES (?, ?)")
        inbox = try Command(database, "INSERT INTO inbox VALUES (?, ?, ?, ?, ?)")
        tiles = try TileWriter(database)
    }

    mutating func write(_ changes: Changes, of entry: Entry) throws {
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
        for party in changes.scopes {
            try Command(database, "INSERT INTO scopes VALUES (?, ?)").run(.party(party), .index(index))
        }
        if let key = changes.key { try write(key, index) }
        if !changes.contents.isEmpty { try write(changes.contents, changes) }
        counters.merge(changes.counters) { _, newer in newer }
        if case .tick(let tick) = entry.signed?.statement.act { ticks[tick.party] = index }
    }

    /// No log has these whose tables are older than they are.
    private func write(_ contents: [MessageID: ContentStage], _ changes: Changes) throws {
        for (message, stage) in contents {
            switch stage {
            case .unsettled: continue
            case .settled(let time):
                guard let first = changes.message?.firstIndex else { continue }
                try Command(database, "INSERT INTO settled VALUES (?, ?)").run(.index(first), .time(time))
            case .erased(let entry):
                let find = try Command(database, "SELECT idx FROM statements WHERE id = ?")
                guard let first = try find.first(.hash(message.hash), read: { try $0.index(0) }) else {
                    throw StoreError.damaged("there is no message \(message.short) to be erased")
                }
                try Command(database, "DELETE FROM settled WHERE message = ?").run(.index(first))
                try Command(database, "INSERT INTO erasures VALUES (?, ?)").run(.index(first), .index(entry))
            }
        }
    }

    /// A key may be published again past its `keepUntil`; the newest publication is the one that counts.
    private func write(_ key: SealingKeyRecord, _ index: LogIndex) throws {
        try Command(database, "INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?, ?, ?, ?)").run(
            .index(index), .hash(key.keyID.hash), .party(key.delegate.party), .text(key.delegate.name.slug.text),
            .time(key.sealFrom), .time(key.sealUntil), .time(key.keepUntil))
    }

    /// Writes what is written once for all entries since the last time.
    mutating func finish() throws {
        try writeAdvanced()
        try writeParties()
        advanced.removeAll(keepingCapacity: true)
        counters.removeAll(keepingCapacity: true)
        ticks.removeAll(keepingCapacity: true)
    }

    func write(_ changed: [TileBuilder.ChangedTile]) throws { try tiles.write(changed) }

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
}

/// Writes tiles alone.
struct TileWriter {
    private let tiles: Command

    init(_ database: Database) throws {
        tiles = try Command(database, "INSERT OR REPLACE INTO tiles VALUES (?, ?)")
    }

    func write(_ changed: [TileBuilder.ChangedTile]) throws {
        for tile in changed {
            guard let key = TileKey(level: tile.id.level, index: tile.id.index) else {
                throw StoreError(.conflict, "\(tile.id) is no tile of a log")
            }
            try tiles.run(.unsigned(key.number), .blob(tile.bytes))
        }
    }
}
