import GRDB
import Glibc
import Store

/// Opens the database with the settings on which the store's promises rest.
enum StoreDatabase {
    /// Marks the file as this program's own: `VALS`.
    static let applicationID = 0x5641_4c53
    /// Taken when the file is made: a small envelope fills one page or two.
    private static let pageSize = 8_192
    /// In seconds.
    private static let busyTimeout = 5

    static func open(path: String) throws -> DatabasePool {
        let pool = try DatabasePool(path: path, configuration: configuration)
        try pool.writeWithoutTransaction { try configureWriter($0) }
        try pool.read { try refuseForeign($0) }
        try Schema.migrator.migrate(pool)
        return pool
    }

    /// Looks into a store that a relay may work in, or that an earlier version has left: nothing is migrated.
    /// - Parameter settings: SQL for the connection.
    /// - Throws: ``StoreError`` `notFound`, `wrongVersion` or `newerVersion`, and what the body throws.
    static func beside<Value>(
        _ folder: StoreFolder, label: String, readOnly: Bool = true, settings: String = "",
        _ body: (Database) throws -> Value
    ) throws -> Value {
        guard access(folder.database, F_OK) == 0 else {
            throw StoreError(.notFound, "there is no \(folder.database)")
        }
        var configuration = Configuration()
        configuration.label = label
        configuration.readonly = readOnly
        configuration.busyMode = .timeout(Double(busyTimeout))
        configuration.allowsUnsafeTransactions = true
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA trusted_schema = OFF; \(settings)") }
        let queue = try DatabaseQueue(path: folder.database, configuration: configuration)
        let value = try queue.writeWithoutTransaction { database in
            try refuseForeign(database)
            return try body(database)
        }
        try queue.close()
        return value
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "valise.store"
        configuration.busyMode = .timeout(Double(busyTimeout))
        configuration.foreignKeysEnabled = false
        configuration.maximumReaderCount = 4
        // A transaction that could not be rolled back fails the next call instead of the process.
        configuration.allowsUnsafeTransactions = true
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA page_size = \(pageSize); PRAGMA trusted_schema = OFF")
        }
        return configuration
    }

    /// Must run after opening and outside a transaction: the pool lowers `synchronous` when it turns WAL on.
    ///
    /// A checkpoint runs within a commit: one of 16 MiB holds it up for some 50 ms. A rarer one writes fewer pages
    /// twice, and holds up for longer: at 32 MiB the p99 at half load passes 100 ms.
    private static func configureWriter(_ database: Database) throws {
        try database.execute(
            sql: """
                PRAGMA synchronous = FULL;
                PRAGMA wal_autocheckpoint = 2000;
                PRAGMA journal_size_limit = 67108864;
                PRAGMA cache_size = -32768;
                PRAGMA secure_delete = ON;
                """)
        guard try Int.fetchOne(database, sql: "PRAGMA synchronous") == 2,
            try String.fetchOne(database, sql: "PRAGMA journal_mode") == "wal"
        else {
            throw StoreError(.unavailable, "the database does not force commits to the disk (synchronous=FULL, WAL)")
        }
    }

    /// Brings the write-ahead log into the database file and cuts it to nothing, unless somebody is reading from it for
    /// longer than a moment. A page that was overwritten with zeros is so on the disk then, as far as files go.
    /// - Returns: whether it is empty now.
    static func truncateLog(_ database: Database) throws -> Bool {
        try database.execute(sql: "PRAGMA busy_timeout = 100")
        defer { try? database.execute(sql: "PRAGMA busy_timeout = \(busyTimeout * 1_000)") }
        return try Command(database, "PRAGMA wal_checkpoint(TRUNCATE)").first { $0.integer(0) == 0 } ?? false
    }

    /// - Throws: ``StoreError`` `wrongVersion` or `newerVersion`; an empty file is fine.
    private static func refuseForeign(_ database: Database) throws {
        let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0
        guard tables > 0 else { return }
        guard try Int.fetchOne(database, sql: "PRAGMA application_id") == applicationID else {
            throw StoreError(.wrongVersion, "log.sqlite is the database of another program; name another folder")
        }
        if try Schema.migrator.hasBeenSuperseded(database) {
            throw StoreError(
                .newerVersion, "log.sqlite was written by a newer version of this program; start that version")
        }
    }
}
