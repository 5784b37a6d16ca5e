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
        try await store.close()
        let after = try StoreCheck(directory: path).run()
        #expect(after.isGood && after.schema == Schema.migrator.migrations.last, "\(after.differences.map(\.sentence))")
        #expect(after.head == before.head && after.payloads == before.payloads)
        #expect(after.payloadBytes == before.payloadBytes)
    }

    @Test(
        "a store that the migrations made up to a version is checked, opened and checked again",
        arguments: SchemaFixture.earlier)
    func made(version: String) async throws {
        let folder = try TemporaryFolder()
        let real = try await RealStore.shared.value
        try await SchemaFixture.make(version, from: real, at: folder.path + "/data")
        try await Self.takeOver(folder.path + "/data", version: version)
    }

    @Test("a fixture that was kept is checked, opened and checked again", arguments: ["1", "2", "3", "4", "5"])
    func kept(version: String) async throws {
        let copy = try RealCopy(of: "\(Self.fixtures())/schema-\(version)/relay")
        try await Self.takeOver(copy.path, version: version)
    }

    @Test(
        "what release 0.1 left is checked as it is, and after it was opened",
        arguments: [("0.1", "1"), ("0.1-desk", "3")])
    func released(release: String, version: String) async throws {
        let copy = try RealCopy(of: "\(Self.fixtures())/\(release)/relay")
        #expect(try copy.check().isGood)
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
        for version in SchemaFixture.earlier.prefix(5) {
            let folder = "\(target)/schema-\(version)"
            guard !FileManager.default.fileExists(atPath: folder) else { continue }
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try await SchemaFixture.make(version, from: RealStore.shared.value, at: folder + "/relay")
        }
    }
}
