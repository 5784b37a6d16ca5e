import GRDB
import Store

/// The tables as the migrations make them, held against those of a store; and empty ones of the same kind in SQLite's
/// temporary schema, which stand before the stored ones wherever a query names no schema.
struct CheckSchema {
    private struct Made {
        let type: String
        let name: String
        let sql: String
    }

    /// The newest migration of the store.
    let version: String
    private let made: [Made]

    /// - Throws: ``StoreError`` `damaged` where no migration can be named.
    init(of database: Database) throws {
        guard let version = try Schema.migrator.completedMigrations(database).last else {
            throw StoreError.damaged("log.sqlite has no tables of this program")
        }
        self.version = version
        let fresh = try DatabaseQueue()
        try Schema.migrator.migrate(fresh, upTo: version)
        made = try fresh.read { try Self.objects($0, in: "main") }
    }

    /// Whether the store has what a migration brought.
    func has(_ migration: String) -> Bool {
        (Schema.migrator.migrations.firstIndex(of: migration) ?? .max)
            <= (Schema.migrator.migrations.firstIndex(of: version) ?? -1)
    }

    /// Compares the stored tables and indexes with those that the migrations make.
    func compare(_ database: Database, _ report: inout StoreCheckReport) throws {
        let stored = try Self.objects(database, in: "main")
        let found = Dictionary(stored.map { ($0.name, $0.sql) }) { first, _ in first }
        let wanted = Dictionary(made.map { ($0.name, $0.sql) }) { first, _ in first }
        for object in made where found[object.name] != object.sql {
            report.add(
                StoreDifference(
                    .schema, "sqlite_master", row: "name '\(object.name)'", expected: object.sql,
                    found: found[object.name] ?? "nothing"))
        }
        for object in stored where wanted[object.name] == nil {
            report.add(
                StoreDifference(
                    .schema, "sqlite_master", row: "name '\(object.name)'", expected: "no such \(object.type)",
                    found: object.sql))
        }
    }

    /// Makes the empty tables.
    func makeTemporary(_ database: Database) throws {
        for object in made where object.type == "table" && ViewTable.names.contains(object.name) {
            try database.execute(sql: "CREATE TEMP" + object.sql.dropFirst("CREATE".count))
        }
        try database.execute(
            sql: "CREATE UNIQUE INDEX temp.messages_by_nonce ON messages (nonce, originator)")
        // Entries that are not the signed ones, or none at all.
        try database.execute(sql: "CREATE TEMP TABLE unsound (idx INTEGER PRIMARY KEY)")
        guard !has("6") else { return }
        // What an earlier version has stored has no keys; who reads it looks for them.
        try database.execute(
            sql: """
                CREATE TEMP TABLE message_keys (message INTEGER PRIMARY KEY, key BLOB NOT NULL);
                CREATE TEMP TABLE file_keys (file TEXT PRIMARY KEY, key BLOB NOT NULL);
                """)
    }

    private static func objects(_ database: Database, in schema: String) throws -> [Made] {
        let sql = "SELECT type, name, sql FROM \(schema).sqlite_master WHERE sql IS NOT NULL ORDER BY name"
        return try Command(database, sql).rows {
            Made(type: try $0.text(0), name: try $0.text(1), sql: try $0.text(2))
        }
    }
}
