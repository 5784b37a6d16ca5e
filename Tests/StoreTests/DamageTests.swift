import GRDB
import Rules
import Statements
import Store
@testable import StoreSQLite
import TestKit
import Testing

@Suite("A damaged SQLite store is refused")
struct DamageTests {
    @Test("a file of garbage is damaged, not overwritten")
    func garbage() async throws {
        let folder = try SQLitePlace()
        defer { folder.remove() }
        try await folder.openSQLite().close()
        let garbage = FixtureWorld.bytes("garbage", 100_000)
        try SQLitePlace.put(garbage, at: folder.store + "/log.sqlite", truncate: true)
        try await expect(.damaged) { _ = try folder.openSQLite() }
        #expect(try SQLiteTests.contents(folder.store + "/log.sqlite") == garbage)
    }

    @Test("a file that was cut short is damaged", arguments: [1, 2, 3, 5])
    func torn(parts: Int) async throws {
        let folder = try await Self.filled()
        defer { folder.remove() }
        let path = folder.store + "/log.sqlite"
        let whole = try SQLiteTests.contents(path)
        try SQLitePlace.put(Array(whole[..<(whole.count * parts / 6)]), at: path, truncate: true)
        try await Self.expectDamage(folder)
    }

    @Test(
        "whatever does not fit together is damage",
        arguments: [
            "DELETE FROM entries WHERE idx = 3",
            "DELETE FROM entries WHERE idx = (SELECT max(idx) FROM entries)",
            "INSERT INTO entries VALUES (1000, x'00')",
            "DELETE FROM checkpoint",
            "UPDATE checkpoint SET size = size - 1",
            "UPDATE checkpoint SET size = -1",
            "UPDATE checkpoint SET root = zeroblob(32)",
            "UPDATE checkpoint SET root = x'00'",
            "DELETE FROM tiles",
            "UPDATE tiles SET bytes = substr(bytes, 1, 32)",
            "UPDATE tiles SET bytes = zeroblob(length(bytes))",
            "UPDATE entries SET bytes = zeroblob(700) WHERE idx = 4",
            "UPDATE entries SET bytes = (SELECT bytes FROM entries WHERE idx = 1) WHERE idx = 0",
            "UPDATE keys SET delegate = 'No Slug'",
            "UPDATE counters SET arrivals = -1",
        ])
    func contradiction(change: String) async throws {
        let folder = try await Self.filled()
        defer { folder.remove() }
        let store = try folder.openSQLite()
        try await store.pool.write { try $0.execute(sql: change) }
        try await store.close()
        try await Self.expectDamage(folder)
    }

    @Test("an old entry that is gone is missed at loading")
    func gap() async throws {
        let folder = try SQLitePlace()
        defer { folder.remove() }
        let (log, batch) = try Scene.ticking(300)
        let store = try folder.openSQLite()
        try await store.commit(log.founding)
        try await store.commit(batch)
        #expect(try await store.load()?.head == log.head)
        try await store.pool.write { try $0.execute(sql: "DELETE FROM entries WHERE idx = 10") }
        try await expect(.damaged) { _ = try await store.load() }
        try await store.close()
    }

    @Test("a custody chain with a hole is damage")
    func brokenChain() async throws {
        let folder = try await Self.filled()
        defer { folder.remove() }
        let scene = try Scene()
        let store = try folder.openSQLite()
        try await store.pool.write {
            try $0.execute(sql: "DELETE FROM message_entries WHERE idx = (SELECT min(idx) FROM message_entries)")
        }
        try await expect(.damaged) {
            for message in [scene.carried, scene.hurried, scene.recalled] {
                var wanted = Facts.Wanted()
                wanted.messages = [message]
                _ = try await store.facts(wanted, standing: scene.log.facts.standing)
            }
        }
        try await store.close()
    }

    @Test(
        "what has changed under a store that is open is seen when it is asked for",
        arguments: [
            "UPDATE statements SET idx = 2 WHERE idx = 3",
            "UPDATE tiles SET bytes = zeroblob(length(bytes))",
            """
            UPDATE entries SET bytes = CAST(substr(bytes, 1, length(bytes) - 1) || 'Z' AS BLOB)
            WHERE idx = (SELECT min(first_idx) FROM messages)
            """,
            "UPDATE entries SET bytes = CAST(substr(bytes, 1, length(bytes) - 1) || 'Z' AS BLOB) WHERE idx = 2",
        ])
    func changed(change: String) async throws {
        let folder = try await Self.filled()
        defer { folder.remove() }
        let scene = try Scene()
        var wanted = Facts.Wanted()
        for entry in scene.log.entries { if let signed = entry.entry.signed { wanted.add(signed) } }
        let asked = wanted
        let store = try folder.openSQLite()
        _ = try await store.facts(asked, standing: scene.log.facts.standing)
        try await store.pool.write { try $0.execute(sql: change) }
        try await expect(.damaged) { _ = try await store.facts(asked, standing: scene.log.facts.standing) }
        try await store.close()
    }

    @Test("a newer version's database is refused, and so is another program's")
    func versions() async throws {
        let folder = try await Self.filled()
        defer { folder.remove() }
        let store = try folder.openSQLite()
        try await store.pool.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('9999')") }
        try await store.close()
        try await expect(.newerVersion) { _ = try folder.openSQLite() }
        let other = try SQLitePlace()
        defer { other.remove() }
        let theirs = try other.openSQLite()
        try await theirs.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA application_id = 7") }
        try await theirs.close()
        try await expect(.wrongVersion) { _ = try other.openSQLite() }
    }

    @Test("a folder that cannot be made is unavailable")
    func noFolder() async throws {
        let folder = try SQLitePlace()
        defer { folder.remove() }
        try await expect(.unavailable) { _ = try SQLiteStore.open(directory: folder.root + "/missing/store") }
    }

    private static func filled() async throws -> SQLitePlace {
        let folder = try SQLitePlace()
        try await folder.withStore { try await Scene().commit(to: $0) }
        return folder
    }

    private static func expectDamage(_ folder: SQLitePlace) async throws {
        try await expect(.damaged) {
            let store = try folder.openSQLite()
            _ = try await store.load()
        }
    }
}
