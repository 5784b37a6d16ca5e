import GRDB
import Ledger
import Statements
import Store
@testable import StoreSQLite
import TestKit
import Testing

@Suite("What does not hold keeps a check from nothing else")
struct CheckEverythingTests {
    private static let conveyance = "idx = (SELECT min(idx) FROM message_entries)"

    /// With an envelope's file damaged, and what this SQL does.
    private static func damaged(_ sql: String) async throws -> RealCopy {
        let copy = try await RealStore.shared.value.copy()
        let file = "envelopes/" + (try #require(copy.envelopes.first))
        try copy.flip(file, at: copy.size(file) / 2, 4)
        try copy.change(sql)
        return copy
    }

    private static func kinds(_ report: StoreCheckReport) -> Set<StoreDifference.Kind> {
        Set(report.differences.map(\.kind))
    }

    @Test(
        "beside an altered entry, a payload, a note, drafts and an upload are named, and views are said to be left out")
    func altered() async throws {
        let copy = try await Self.damaged(
            """
            UPDATE inbox SET leg = 3;
            INSERT INTO notes SELECT 'checkpoint/parties', note FROM checkpoint;
            INSERT INTO notes VALUES ('checkpoint/strangers', x'00');
            INSERT INTO drafts (id, party, submit_by, statement, size, file)
            VALUES (x'00', 'us-envoy', 1, x'00', 1, '00000000000000000000000000000000');
            INSERT INTO uploads
            VALUES ('envelope', zeroblob(32), 'us-envoy', 9, 1, 1, '00000000000000000000000000000001');
            UPDATE entries SET bytes = CAST(bytes || x'00' AS BLOB) WHERE \(Self.conveyance);
            """)
        let report = try copy.check()
        #expect(
            Self.kinds(report) == [.entry, .rootDifferent, .payloadDamaged, .note, .page, .upload],
            "\(report.differences.map(\.sentence))")
        #expect(report.differences.filter { $0.kind == .entry }.count == 1)
        #expect(report.differences.filter { $0.kind == .note }.map(\.row) == ["slot 'checkpoint/strangers'"])
        #expect(report.differences.filter { $0.kind == .page }.map(\.table) == ["drafts"])
        #expect(report.differences.filter { $0.kind == .payloadDamaged }.map(\.ask) == [["us-envoy"]])
        #expect(report.payloads == 5)
        for part in ["views: ", "what the rules say of entries from ", "what is left of drafts: "] {
            #expect(report.unjudged.filter { $0.hasPrefix(part) }.count == 1, "\(report.unjudged)")
        }
        #expect(!report.isSound && !report.isRepairable)
        let rows = try (copy.rows("inbox"), copy.rows("tiles"))
        #expect(try StoreCheck(directory: copy.path).repair().before.repaired.isEmpty)
        #expect(try copy.rows("inbox") == rows.0 && copy.rows("tiles") == rows.1)
    }

    @Test(
        "a payload is not held against an entry that is not its own, and the report says so", arguments: [true, false])
    func ownEntry(isAltered: Bool) async throws {
        let submission = "idx = (SELECT min(first_idx) FROM messages)"
        let copy = try await Self.damaged(
            isAltered
                ? "UPDATE entries SET bytes = (SELECT bytes FROM entries WHERE idx = 1) WHERE \(submission)"
                : "DELETE FROM entries WHERE \(submission)")
        let report = try copy.check()
        #expect(report.differences.filter { $0.table == "envelopes" }.map(\.kind) == [.payloadDamaged])
        #expect(report.payloads == 4)
        #expect(report.unjudged.contains { $0.hasPrefix("a payload: ") }, "\(report.unjudged)")
    }

    @Test("every entry that is missing is named, and those behind it are hashed at their places")
    func missing() async throws {
        let copy = try await Self.damaged(
            "DELETE FROM entries WHERE idx IN (1, 3, 4, (SELECT max(idx) FROM entries))")
        let report = try copy.check()
        let size = try #require(report.head).size.rawValue
        let rows = report.differences.filter { $0.kind == .entry }.map(\.row)
        #expect(rows == ["idx 1", "idx 3 to 4", "idx \(size - 1)"])
        #expect(report.entries == size - 4 && report.decided == 1)
        #expect(report.differences.contains { $0.kind == .payloadDamaged })
        #expect(!report.differences.contains { $0.kind == .rootDifferent || $0.table == "tiles" })
    }

    @Test("without a checkpoint, and without a charter, payloads are read all the same")
    func headless() async throws {
        for (sql, kind) in [
            ("DELETE FROM checkpoint", StoreDifference.Kind.checkpoint),
            ("UPDATE entries SET bytes = x'3000' WHERE idx = 0", .entry),
            ("DELETE FROM entries WHERE idx = 0", .entry),
        ] {
            let report = try await Self.damaged("INSERT INTO notes VALUES ('checkpoint/parties', x'00'); \(sql)")
                .check()
            #expect(Self.kinds(report).isSuperset(of: [kind, .payloadDamaged]), "\(sql)")
            #expect(report.payloads == 5 && !report.isSound)
            #expect(report.unjudged.contains { $0.hasPrefix("notes and verdicts: ") }, "\(report.unjudged)")
        }
    }

    @Test("a row that cannot be read does not end the reading of payloads")
    func unreadable() async throws {
        let report = try await Self.damaged("UPDATE envelopes SET size = -1 WHERE file IS NULL").check()
        #expect(report.differences.filter { $0.kind == .payloadMissing }.count == 4)
        #expect(report.differences.filter { $0.kind == .payloadDamaged }.count == 1)
        #expect(report.differences.allSatisfy { !$0.ask.isEmpty } && report.payloads == 5)
    }

    @Test(
        "differences that are not listed are counted: damaged payloads, stray ones, keys that outlived an erasure"
    )
    func counted() async throws {
        let place = try SQLitePlace()
        defer { place.remove() }
        var (scene, store) = try await ErasureScene.begun(in: place)
        // Their bytes are no envelopes.
        try await scene.submit(120, to: store)
        let check = StoreCheck(directory: place.store)
        let payloads = try check.run()
        #expect(payloads.differences.filter { $0.kind == .payloadDamaged }.count == 120 && payloads.omitted == 0)
        try await scene.settle(scene.messages, in: store)
        scene.log.wait(ErasureScene.retention)
        try await store.commit(scene.erasure(scene.messages))
        #expect(try check.run().isGood)
        try await store.pool.write { try $0.execute(sql: "UPDATE message_keys SET key = randomblob(32)") }
        #expect(try check.run().differences.filter { $0.table == "message_keys" }.count == 120)
        try await store.pool.write {
            try $0.execute(
                sql: """
                    WITH RECURSIVE numbers(i) AS (SELECT 100000 UNION ALL SELECT i + 1 FROM numbers WHERE i < 101199)
                    INSERT INTO envelopes SELECT i, 1, NULL, x'00' FROM numbers
                    """)
        }
        let all = try check.run()
        #expect(all.differences.count == StoreCheckReport.mostListed && all.omitted == 1_200 + 120 - 1_000)
        try await store.close()
    }

    @Test("that SQLite's own check was cut is said")
    func pages() async throws {
        let copy = try await RealStore.shared.value.copy()
        try copy.change(
            """
            \(RealCopy.index(takes: false))
            WITH RECURSIVE numbers(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM numbers WHERE i < 1149)
            INSERT INTO keys SELECT i, randomblob(32), 'us-envoy', 'desk', 1, 2, 3 FROM numbers;
            \(RealCopy.index(takes: true))
            """)
        let report = try copy.check()
        #expect(report.differences.filter { $0.kind == .page }.count == 100)
        #expect(report.unjudged.contains { $0.contains("SQLite's own check") })
    }

    @Test("where the rules do not bear an entry of the signed log, tiles and later payloads are looked at")
    func broken() async throws {
        let place = try SQLitePlace()
        defer { place.remove() }
        var (scene, store) = try await ErasureScene.begun(in: place)
        try await scene.submit(5, to: store)
        try await store.close()
        let copy = try RealCopy(of: place.store)
        // Signed by the log key, and accepted before the entry before it.
        try copy.resign(scene.log, entry: 4, acceptedAt: FixtureWorld.standardStart + TimeSpan(milliseconds: -1))
        try copy.change("INSERT INTO tiles VALUES (77, zeroblob(32)); DELETE FROM envelopes WHERE message = 5")
        let report = try copy.check()
        #expect(report.differences.filter { $0.kind == .ruleBroken }.map(\.row) == ["idx 4"])
        #expect(report.differences.filter { $0.table == "tiles" }.map(\.row) == ["place 77"])
        #expect(report.differences.filter { $0.kind == .payloadMissing }.count == 1)
        #expect(report.differences.filter { $0.kind == .payloadDamaged }.count == 4)
        #expect(report.differences.count == 7, "\(report.differences.map(\.sentence))")
        #expect(report.unjudged.contains { $0.hasPrefix("views: ") } && !report.isSound)
        #expect(try StoreCheck(directory: copy.path).repair().before.repaired.isEmpty)
    }
}

extension RealCopy {
    /// Alters the time of an entry, and makes tiles and checkpoint anew as a dishonest relay would.
    fileprivate func resign(_ log: LogFixture, entry index: Int, acceptedAt time: Timestamp) throws {
        let old = log.entries[index].entry
        let altered = try Entry(
            acceptedAt: time, salt: old.salt, constitution: old.constitution, roster: old.roster,
            previous: old.previous, body: old.body
        ).derBytes()
        var tiles = TileBuilder()
        for (place, entry) in log.entries.enumerated() {
            tiles.append(Merkle.leafHash(place == index ? altered : entry.bytes))
        }
        let head = LogHead(size: tiles.size, root: tiles.root)
        let note = try log.world.checkpoint(head)
        let tile = tiles.drain().flatMap(\.bytes)
        try change(
            """
            UPDATE entries SET bytes = x'\(Hex.encode(altered))' WHERE idx = \(index);
            UPDATE tiles SET bytes = x'\(Hex.encode(tile))' WHERE place = 0;
            UPDATE checkpoint SET root = x'\(Hex.encode(head.root.bytes))', note = x'\(Hex.encode(note))';
            """)
    }
}
