import GRDB
package import Ledger
package import Rules
package import Statements
package import Store

/// The embedded store: one folder with one SQLite database in WAL mode, and a folder of large envelope files.
///
/// One connection writes and forces every commit to the disk (`synchronous=FULL`); others read, each call in one
/// snapshot. One process may have a folder open at a time: whoever opens it sees to that.
package final class SQLiteStore: Store {
    let pool: DatabasePool
    let folder: StoreFolder

    private init(pool: DatabasePool, folder: StoreFolder) {
        self.pool = pool
        self.folder = folder
    }

    /// Opens the store of a folder, or makes an empty one; blocks the calling thread meanwhile.
    ///
    /// The folder gets mode 0700 and its files 0600, whatever the umask. Staged envelopes that no commit came to refer
    /// to are removed.
    /// - Parameter directory: the store's own folder; its parent must exist.
    /// - Throws: ``StoreError``: `unavailable`, `damaged` (no database), `newerVersion`, or `wrongVersion` (another
    ///   program's database).
    package static func open(directory: String) throws(StoreError) -> SQLiteStore {
        let folder = try StoreFolder(preparing: directory)
        let pool = try StoreError.translating { try StoreDatabase.open(path: folder.database) }
        let store = SQLiteStore(pool: pool, folder: folder)
        try StoreError.translating {
            try store.pool.read { try folder.removeOrphans(known: EnvelopeQuery.files($0)) }
            try store.pool.writeWithoutTransaction { database in
                try KeyQuery(database: database).destroyOrphans()
                // An erasure may have been the last thing that this store did.
                if try !StoreDatabase.truncateLog(database) { folder.memory.erase([]) }
            }
        }
        return store
    }

    package func load() async throws(StoreError) -> LoadedLog? {
        try await writing { try Loading(database: $0).load() }
    }

    package func facts(_ wanted: Facts.Wanted, standing: StandingFacts) async throws(StoreError) -> Facts {
        // On the writer's connection: its pages stay cached, while a reader's are stale after each commit.
        try await writing { database in
            var facts: Facts?
            try database.inTransaction(.deferred) {
                facts = try FactsQuery(database: database).facts(wanted, standing: standing)
                return .commit
            }
            return facts ?? Facts(standing: standing)
        }
    }

    package func commit(_ batch: CommitBatch) async throws(StoreError) {
        let folder = folder
        try await writing { try BatchWriter.commit(batch, to: $0, folder: folder) }
    }

    package func tile(level: UInt8, index: UInt64) async throws(StoreError) -> [UInt8]? {
        guard let place = TileKey(level: level, index: index) else { return nil }
        return try await reading { try LogQuery(database: $0).tile(place) }
    }

    package func entries(_ range: Range<UInt64>) async throws(StoreError) -> [[UInt8]] {
        try await reading { try LogQuery(database: $0).entries(range) }
    }

    package func inbox(
        _ party: PartyID, after: ArrivalNumber, limit: Int
    ) async throws(StoreError) -> [Arrival] {
        try await reading { try ViewQuery(database: $0).inbox(party, after: after, limit: limit) }
    }

    package func submissions(
        of party: PartyID, after: LogIndex, limit: Int
    ) async throws(StoreError) -> [MessageID] {
        try await reading { try ViewQuery(database: $0).submissions(of: party, after: after, limit: limit) }
    }

    package func scope(
        of party: PartyID, after: LogIndex, limit: Int
    ) async throws(StoreError) -> [StoredEntry] {
        try await reading { try ViewQuery(database: $0).scope(of: party, after: after, limit: limit) }
    }

    package func chain(_ message: MessageID) async throws(StoreError) -> [StoredEntry] {
        try await reading { try FactsQuery(database: $0).chain(message) }
    }

    package func publications(_ party: PartyID, at time: Timestamp) async throws(StoreError) -> [StoredEntry] {
        try await reading { try ViewQuery(database: $0).publications(party, at: time) }
    }

    package func keys(before index: LogIndex, at time: Timestamp) async throws(StoreError) -> [SealingKeyRecord] {
        try await reading { try ViewQuery(database: $0).keys(before: index, at: time) }
    }

    package func latestTick(_ party: PartyID) async throws(StoreError) -> StoredEntry? {
        try await reading { try ViewQuery(database: $0).latestTick(party) }
    }

    package func due(at time: Timestamp, limit: Int) async throws(StoreError) -> [MessageID] {
        try await reading { try ViewQuery(database: $0).due(at: time, limit: limit) }
    }

    package func stageEnvelope() async throws(StoreError) -> any StagedEnvelopeWriter {
        try StagedFile(in: folder, pool: pool)
    }

    package func envelopeSize(_ message: MessageID) async throws(StoreError) -> UInt64? {
        try await reading { try EnvelopeQuery(database: $0).find(message)?.size }
    }

    package func envelope(_ message: MessageID, _ range: Range<UInt64>) async throws(StoreError) -> [UInt8] {
        let folder = folder
        do {
            return try await reading { try EnvelopeQuery(database: $0).bytes(message, range, folder: folder) }
        } catch {
            // Its file may have gone while it was looked up.
            guard error.code == .damaged, try await erasure(message) != nil else { throw error }
            throw StoreError(.notFound, "the envelope of message \(message.short) is erased")
        }
    }

    package func close() async throws(StoreError) {
        let pool = pool
        let result = await StoreError.onQueue(StoreFolder.queue) {
            // Everything into the one file; what a reader keeps from it stays durable in the WAL.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
            try pool.close()
        }
        try result.get()
    }

    /// Runs in one snapshot on a reader's thread; a cancelled task does not interrupt it.
    func reading<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        let result: Result<Value, StoreError> = await withCheckedContinuation { continuation in
            pool.asyncRead { access in
                continuation.resume(returning: StoreError.catching { try body(access.get()) })
            }
        }
        return try result.get()
    }

    /// Runs alone on the writer's thread; a cancelled task does not interrupt it.
    func writing<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        let result: Result<Value, StoreError> = await withCheckedContinuation { continuation in
            pool.asyncWriteWithoutTransaction { database in
                continuation.resume(returning: StoreError.catching { try body(database) })
            }
        }
        return try result.get()
    }
}
