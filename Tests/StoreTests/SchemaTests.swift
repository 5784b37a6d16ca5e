import Foundation
import GRDB
import Ledger
import Statements
import Store
@testable import StoreSQLite
import Synchronization
import TestKit
import Testing

/// What every earlier version of the tables has left is taken over, and a migration is whole or has not happened.
@Suite("Earlier versions of the tables")
struct SchemaTests {
    private static func fixtures(from here: String = #filePath) -> String {
        URL(fileURLWithPath: here).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures").path
    }

    /// Checked as it is, then opened, which brings it to this version.
    private static func takeOver(_ path: String, version: String) async throws {
        let before = try StoreCheck(directory: path).run()
        #expect(before.isGood && before.schema == version, "\(before.differences.map(\.sentence))")
        let store = try SQLiteStore.open(directory: path)
        #expect(try await store.load()?.head == before.head)
        if version >= "2" {
            let upload = try #require(try await store.upload(SchemaFixture.upload))
            #expect(upload.offset == 4 && upload.size == 10)
            #expect(try await store.uploadBytes(SchemaFixture.upload, 0..<10) == [1, 2, 3, 4])
        }
        if SchemaFixture.hasKeys(version) { try await expectErasures(store) }
        try await store.close()
        let after = try StoreCheck(directory: path).run()
        #expect(after.isGood && after.schema == Schema.migrator.migrations.last, "\(after.differences.map(\.sentence))")
        #expect(after.head == before.head && after.payloads == before.payloads)
        #expect(after.payloadBytes == before.payloadBytes)
    }

    /// What was erased is known to be, and its keys are gone; what was not is read with its own.
    private static func expectErasures(_ store: SQLiteStore) async throws {
        let messages = try await store.reading { database in
            try Command(
                database,
                """
                SELECT m.id, x.message, k.key, f.key, e.file FROM messages m
                LEFT JOIN erasures x ON x.message = m.first_idx LEFT JOIN envelopes e ON e.message = m.first_idx
                LEFT JOIN message_keys k ON k.message = m.first_idx LEFT JOIN file_keys f ON f.file = e.file
                """
            ).rows { row in
                (
                    id: MessageID(try row.hash(0)), isErased: !row.isNull(1),
                    key: row.isNull(2) ? nil : try row.bytes(2), fileKey: row.isNull(3) ? nil : try row.bytes(3),
                    isFile: !row.isNull(4)
                )
            }
        }
        let (erased, kept) = (messages.filter(\.isErased), messages.filter { !$0.isErased })
        #expect(erased.count == 2 && kept.count == 5 && kept.filter(\.isFile).count == 1)
        for message in erased {
            #expect(try await store.erasure(message.id) != nil)
            #expect(try await store.envelopeSize(message.id) == nil)
            #expect((message.key ?? []).allSatisfy { $0 == 0 } && message.fileKey == nil)
        }
        for message in kept {
            #expect(try await store.erasure(message.id) == nil)
            #expect((message.isFile ? message.fileKey : message.key)?.contains { $0 != 0 } == true)
        }
        #expect(erased.filter { $0.key != nil }.count == 1)
        #expect(try await store.settled(before: Timestamp(milliseconds: .max), limit: 10).isEmpty == false)
    }

    @Test(
        "a store that the migrations made up to a version is checked, opened and checked again",
        arguments: SchemaFixture.earlier)
    func made(version: String) async throws {
        let folder = try TemporaryFolder()
        try await SchemaFixture.make(version, at: folder.path + "/data")
        try await Self.takeOver(folder.path + "/data", version: version)
    }

    @Test("a fixture that was kept is checked, opened and checked again", arguments: SchemaFixture.earlier)
    func kept(version: String) async throws {
        let copy = try RealCopy(of: "\(Self.fixtures())/schema-\(version)/relay")
        try await Self.takeOver(copy.path, version: version)
    }

    @Test(
        "what release 0.1 left is checked as it is, and after it was opened",
        arguments: [("0.1", "1"), ("0.1-desk", "3")])
    func released(release: String, version: String) async throws {
        let copy = try RealCopy(of: "\(Self.fixtures())/\(release)/relay")
        let before = try copy.check()
        #expect(before.isGood && before.schema == version)
        try await SQLiteStore.open(directory: copy.path).close()
        let report = try copy.check()
        #expect(report.isGood && report.schema == Schema.migrator.migrations.last)
    }

    @Test("an older version's store is backed up as it is, and restored")
    func backedUp() async throws {
        let copy = try RealCopy(of: "\(Self.fixtures())/schema-3/relay")
        let manifest = try StoreBackup(
            of: copy.path, to: copy.beside + "/backup", at: Timestamp(milliseconds: 1)
        ).make()
        #expect(manifest.schema == "3")
        mkdir(copy.beside + "/restored", 0o700)
        _ = try StoreRestore(from: copy.beside + "/backup", to: copy.beside + "/restored").run()
        try await Self.takeOver(copy.beside + "/restored", version: "3")
    }

    @Test(
        "what a kill leaves, before any statement of the migrations, is taken over as if nothing had happened",
        arguments: ["1", "3"])
    func killed(version: String) async throws {
        let copy = try RealCopy(of: "\(Self.fixtures())/schema-\(version)/relay")
        let whole = try copy.check()
        let stages = Mutex<[[[UInt8]]]>([])
        let path = copy.database
        var configuration = Configuration()
        configuration.prepareDatabase { database in
            database.trace { _ in
                // The page cache dies with the process; what was written to the two files stays.
                let files = ["", "-wal"].map { (try? SQLiteTests.contents(path + $0)) ?? [] }
                stages.withLock { if $0.last != files { $0.append(files) } }
            }
        }
        let pool = try DatabasePool(path: path, configuration: configuration)
        try Schema.migrator.migrate(pool)
        try pool.close()
        let seen = stages.withLock { $0 }
        #expect(seen.count > 3, "the migrations were not seen at work")
        for files in seen {
            let left = try RealCopy(of: "\(Self.fixtures())/schema-\(version)/relay")
            try SQLitePlace.put(files[0], at: left.database, truncate: true)
            try SQLitePlace.put(files[1], at: left.database + "-wal", truncate: true)
            let store = try SQLiteStore.open(directory: left.path)
            #expect(try await store.load()?.head == whole.head)
            try await store.close()
            let report = try left.check()
            #expect(report.isGood && report.payloads == whole.payloads, "\(report.differences.map(\.sentence))")
        }
    }

    @Test(
        "fixtures are made where VALISE_FIXTURES says",
        .enabled(if: ProcessInfo.processInfo.environment["VALISE_FIXTURES"] != nil))
    func make() async throws {
        let target = try #require(ProcessInfo.processInfo.environment["VALISE_FIXTURES"])
        for version in SchemaFixture.earlier {
            let folder = "\(target)/schema-\(version)"
            guard !FileManager.default.fileExists(atPath: folder) else { continue }
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try await SchemaFixture.make(version, at: folder + "/relay")
        }
    }
}
