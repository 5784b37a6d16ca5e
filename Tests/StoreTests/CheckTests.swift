import Audit
import GRDB
import Glibc
import Ledger
import Statements
import Store
@testable import StoreSQLite
import TestKit
import Testing

@Suite("A check names every difference between a store and its entries")
struct CheckTests {
    @Test("a store that a relay has left is what its entries say, and every table was looked at")
    func content() async throws {
        let real = try await RealStore.shared.value
        let copy = try real.copy()
        let report = try copy.check()
        #expect(report.isGood, "\(report.differences.map(\.sentence))")
        #expect(report.isSound && report.isRepairable)
        let store = try SQLiteStore.open(directory: copy.path)
        let head = try #require(try await store.load()).head
        try await store.close()
        #expect(report.head == head)
        #expect(report.entries == head.size.rawValue && report.decided == report.entries)
        #expect(report.payloads == 5 && report.payloadBytes > 200_000)
        var counted = 0
        for table in ViewTable.all { counted += try copy.rows(table.name).count }
        #expect(report.rows == UInt64(counted))
    }

    @Test("it reads one commit of a store that is open, and changes nothing")
    func besideRelay() async throws {
        let site = try RelaySite()
        try await RelayInABox.run(site) { box in
            let data = site.folder.path + "/data"
            for _ in 0..<3 {
                try await box.accept(box.envelope())
                let before = box.head
                let report = try StoreCheck(directory: data).run()
                #expect(report.isGood, "\(report.differences.map(\.sentence))")
                #expect(report.head == before)
            }
            try await box.accept(box.envelope())
            #expect(try await box.audit().report.isGood)
        }
    }

    /// A damage to one table that the entries put right.
    struct Damage: CustomTestStringConvertible, Sendable {
        let kind: StoreDifference.Kind
        let table: String
        let sql: String
        var testDescription: String { sql }
        init(_ kind: StoreDifference.Kind, _ table: String, _ sql: String) {
            self.kind = kind
            self.table = table
            self.sql = sql
        }
    }

    static let repairable = [
        Damage(.rowDifferent, "tiles", "UPDATE tiles SET bytes = zeroblob(length(bytes))"),
        Damage(.rowDifferent, "tiles", "UPDATE tiles SET bytes = substr(bytes, 1, 32)"),
        Damage(.rowMissing, "tiles", "DELETE FROM tiles"),
        Damage(.rowUnexpected, "tiles", "INSERT INTO tiles VALUES (77, zeroblob(32))"),
        Damage(.rowMissing, "statements", "DELETE FROM statements WHERE idx = 5"),
        Damage(.rowUnexpected, "statements", "INSERT INTO statements VALUES (zeroblob(32), 5)"),
        Damage(.rowDifferent, "statements", "UPDATE statements SET idx = 6 WHERE idx = 5"),
        Damage(
            .rowDifferent, "messages",
            "UPDATE messages SET deadline = 1 WHERE first_idx = (SELECT max(first_idx) FROM messages)"),
        Damage(.rowDifferent, "messages", "UPDATE messages SET originator = 'hezbollah'"),
        Damage(.rowDifferent, "messages", "UPDATE messages SET id = zeroblob(32)"),
        Damage(.rowMissing, "messages", "DELETE FROM messages"),
        Damage(.rowMissing, "message_entries", "DELETE FROM message_entries WHERE idx % 2"),
        Damage(.rowUnexpected, "message_entries", "INSERT INTO message_entries VALUES (1, 2)"),
        Damage(.rowDifferent, "inbox", "UPDATE inbox SET leg = 3"),
        Damage(.rowMissing, "inbox", "DELETE FROM inbox WHERE number = 1"),
        Damage(.rowUnexpected, "inbox", "INSERT INTO inbox VALUES ('us-envoy', 99, zeroblob(32), 0, 1)"),
        Damage(.rowDifferent, "counters", "UPDATE counters SET unsettled_bytes = unsettled_bytes + 1"),
        Damage(.rowMissing, "counters", "DELETE FROM counters"),
        Damage(.rowDifferent, "keys", "UPDATE keys SET keep_until = keep_until + 1"),
        Damage(.rowDifferent, "keys", "UPDATE keys SET delegate = 'No Slug'"),
        Damage(.rowMissing, "ticks", "DELETE FROM ticks"),
        Damage(.rowDifferent, "ticks", "UPDATE ticks SET idx = idx - 1"),
        Damage(.rowDifferent, "meta", "UPDATE meta SET value = 1 WHERE name = 'confirm_grace'"),
        Damage(.rowMissing, "meta", "DELETE FROM meta WHERE name = 'confirm_grace'"),
    ]

    @Test("a row that does not follow from the entries is named, and made again on request", arguments: repairable)
    func views(damage: Damage) async throws {
        let copy = try await RealStore.shared.value.copy()
        let entries = try (copy.rows("entries"), copy.rows("checkpoint"))
        try copy.change(damage.sql)
        let report = try copy.check()
        let first = try #require(report.differences.first)
        #expect(first.kind == damage.kind && first.table == damage.table && first.row != nil, "\(first.sentence)")
        #expect(report.differences.allSatisfy { $0.table == damage.table })
        #expect(report.isSound && report.isRepairable)
        let (before, after) = try StoreCheck(directory: copy.path).repair()
        #expect(before.differences == report.differences && before.repaired == [damage.table])
        #expect(after.isGood, "\(after.differences.map(\.sentence))")
        #expect(try copy.rows("entries") == entries.0 && copy.rows("checkpoint") == entries.1)
        let store = try SQLiteStore.open(directory: copy.path)
        #expect(try await store.load()?.head == report.head)
        try await store.close()
    }

    static let beyondRepair = [
        Damage(.rootDifferent, "entries", "UPDATE entries SET bytes = zeroblob(length(bytes)) WHERE idx = 7"),
        Damage(
            .rootDifferent, "entries",
            "UPDATE entries SET bytes = (SELECT bytes FROM entries WHERE idx = 8) WHERE idx = 7"),
        Damage(.entry, "entries", "DELETE FROM entries WHERE idx = 7"),
        Damage(.entry, "entries", "DELETE FROM entries WHERE idx = (SELECT max(idx) FROM entries)"),
        Damage(.entry, "entries", "INSERT INTO entries VALUES (100000, x'00')"),
        Damage(.entry, "entries", "UPDATE entries SET bytes = x'3000' WHERE idx = 0"),
        Damage(.checkpoint, "checkpoint", "UPDATE checkpoint SET root = zeroblob(32)"),
        Damage(.checkpoint, "checkpoint", "UPDATE checkpoint SET size = size - 1"),
        Damage(.checkpoint, "checkpoint", "UPDATE checkpoint SET note = zeroblob(200)"),
        Damage(.checkpoint, "checkpoint", "DELETE FROM checkpoint"),
        Damage(.payloadDamaged, "envelopes", "UPDATE envelopes SET bytes = zeroblob(size) WHERE bytes IS NOT NULL"),
        Damage(.payloadMissing, "envelopes", "UPDATE envelopes SET size = size + 1"),
        Damage(.payloadMissing, "envelopes", "DELETE FROM envelopes"),
        Damage(.rowUnexpected, "envelopes", "INSERT INTO envelopes VALUES (1, 1, NULL, x'00')"),
        Damage(.note, "notes", "INSERT INTO notes VALUES ('checkpoint/parties', x'00')"),
        Damage(
            .draft, "drafts",
            """
            INSERT INTO drafts (id, party, submit_by, statement, size, file)
            VALUES (zeroblob(32), 'us-envoy', 1, x'00', 1, '00000000000000000000000000000000')
            """),
        Damage(
            .upload, "uploads",
            """
            INSERT INTO uploads VALUES
                ('envelope', zeroblob(32), 'us-envoy', 9, 1, 1, '00000000000000000000000000000000')
            """),
        Damage(.schema, "sqlite_master", "DROP INDEX messages_by_originator"),
        Damage(.schema, "sqlite_master", "CREATE TABLE more (a)"),
    ]

    @Test("what no entry can give back is named, and nothing is changed for it", arguments: beyondRepair)
    func truth(damage: Damage) async throws {
        let copy = try await RealStore.shared.value.copy()
        try copy.change(damage.sql)
        let report = try copy.check()
        let named = try #require(report.differences.first { $0.kind == damage.kind && $0.table == damage.table })
        #expect(!named.isRepairable && !report.isRepairable)
        let entries = try (copy.rows("entries"), copy.rows("tiles"))
        let (before, after) = try StoreCheck(directory: copy.path).repair()
        #expect(before.repaired.isEmpty && after.differences == report.differences)
        #expect(try copy.rows("entries") == entries.0 && copy.rows("tiles") == entries.1)
    }

    @Test("an entry that was altered is named by its index, not by the tiles that it does not fit")
    func alteredEntry() async throws {
        let copy = try await RealStore.shared.value.copy()
        try copy.change("UPDATE entries SET bytes = CAST(bytes || x'00' AS BLOB) WHERE idx = 9")
        let report = try copy.check()
        #expect(!report.isSound)
        #expect(report.differences.filter { $0.row == "idx 9" }.map(\.table).contains("entries"))
        #expect(report.differences.allSatisfy { $0.table == "entries" })
    }

    @Test("a payload file that is gone, cut or altered is named with the parties that may have it")
    func payloadFile() async throws {
        let real = try await RealStore.shared.value
        for damage in 0..<3 {
            let copy = try real.copy()
            let name = try #require(copy.envelopes.first)
            let file = "envelopes/\(name)"
            switch damage {
            case 0: unlink("\(copy.path)/\(file)")
            case 1: truncate("\(copy.path)/\(file)", 1_000)
            default: try copy.flip(file, at: copy.size(file) / 2, 4)
            }
            let report = try copy.check()
            let difference = try #require(report.differences.first)
            #expect(report.differences.count == 1 && report.isSound && !report.isRepairable)
            #expect(difference.kind == (damage == 2 ? .payloadDamaged : .payloadMissing))
            #expect(difference.ask == ["us-envoy"], "\(difference.sentence)")
            #expect(difference.sentence.contains("ask us-envoy"))
        }
    }

    @Test("an index that does not fit its table is found and made again")
    func index() async throws {
        let copy = try await RealStore.shared.value.copy()
        // Behind SQLite's back: the rows come back while the index takes none.
        try copy.change(
            """
            \(RealCopy.index(takes: false))
            CREATE TEMP TABLE kept AS SELECT * FROM keys;
            DELETE FROM keys;
            INSERT INTO keys SELECT * FROM kept;
            \(RealCopy.index(takes: true))
            """)
        let report = try copy.check()
        #expect(report.differences.contains { $0.kind == .page && $0.found.contains("keys_by_party") })
        #expect(report.differences.allSatisfy { $0.kind == .page }, "\(report.differences.map(\.sentence))")
        let (before, after) = try StoreCheck(directory: copy.path).repair()
        #expect(before.repaired == ["indexes"] && after.isGood, "\(after.differences.map(\.sentence))")
    }

    @Test("a folder without a log, a newer version's and another program's are refused, each with its code")
    func refused() async throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: StoreError.self) { try StoreCheck(directory: folder.path).run() }
        #expect(error?.code == .notFound)
        for (sql, code) in [
            ("INSERT INTO grdb_migrations VALUES ('9999')", StoreError.Code.newerVersion),
            ("PRAGMA application_id = 7", .wrongVersion),
        ] {
            let copy = try await RealStore.shared.value.copy()
            try copy.change(sql)
            #expect(throws: StoreError.self) { try copy.check() }
            do { _ = try copy.check() } catch let error as StoreError { #expect(error.code == code) }
        }
    }
}
