import GRDB
import Glibc
import Ledger
import Statements
import Store
@testable import StoreSQLite
import Synchronization
import TestKit
import Testing

@Suite("The SQLite store keeps its promises on disk")
struct SQLiteTests {
    @Test("every opening forces commits to the disk")
    func synchronous() async throws {
        let folder = try SQLitePlace()
        defer { folder.remove() }
        for _ in 0..<3 {
            let store = try folder.openSQLite()
            let scene = try Scene()
            if try await store.load() == nil { try await scene.commit(to: store) }
            let settings = try await store.pool.writeWithoutTransaction { database in
                try ["synchronous", "journal_mode", "page_size", "foreign_keys"].map {
                    try String.fetchOne(database, sql: "PRAGMA \($0)")
                }
            }
            #expect(settings == ["2", "wal", "8192", "0"])
            try await store.close()
        }
    }

    @Test("folder and files are their owner's alone, whatever the umask", arguments: [0o000, 0o022, 0o077] as [UInt32])
    func modes(mask: UInt32) async throws {
        let folder = try SQLitePlace()
        defer { folder.remove() }
        // The umask is the process's: other tests make their files private all the same.
        let before = umask(mask)
        defer { umask(before) }
        let store = try folder.openSQLite()
        _ = try await store.load()
        let staged = try await EnvelopeConformance.stage([1], in: store)
        #expect(SQLitePlace.mode(folder.store) == 0o700)
        #expect(SQLitePlace.mode(folder.store + "/envelopes") == 0o700)
        let files = SQLitePlace.names(folder.store).filter { $0 != "envelopes" }
        #expect(files == ["log.sqlite", "log.sqlite-shm", "log.sqlite-wal"])
        for file in files + ["envelopes/\(staged.name)"] {
            #expect(SQLitePlace.mode("\(folder.store)/\(file)") == 0o600, "\(file)")
        }
        try await store.close()
    }

    @Test("opening removes envelope files that no row refers to, and nothing else")
    func orphans() async throws {
        let folder = try SQLitePlace()
        defer { folder.remove() }
        let store = try folder.openSQLite()
        _ = try await EnvelopeConformance.stage([1, 2, 3], in: store)
        let envelopes = folder.store + "/envelopes"
        try SQLitePlace.put([1], at: envelopes + "/README")
        #expect(SQLitePlace.names(envelopes).count == 2)
        try await store.close()
        try await folder.openSQLite().close()
        #expect(SQLitePlace.names(envelopes) == ["README"])
    }

    @Test("a writer that is let go takes its unfinished file along")
    func abandoned() async throws {
        let folder = try SQLitePlace()
        defer { folder.remove() }
        let store = try folder.openSQLite()
        do {
            let writer = try await store.stageEnvelope()
            try await writer.write([1])
            #expect(SQLitePlace.names(folder.store + "/envelopes").count == 1)
        }
        #expect(SQLitePlace.names(folder.store + "/envelopes").isEmpty)
        try await store.close()
    }

    @Test("a COMMIT that fails has an unknown outcome, and loading settles it")
    func unknownOutcome() async throws {
        let folder = try SQLitePlace()
        defer { folder.remove() }
        let scene = try Scene()
        let store = try folder.openSQLite()
        try await store.commit(scene.batches[0])
        let failing = FailingCommit()
        store.pool.add(transactionObserver: failing, extent: .databaseLifetime)
        failing.isArmed.withLock { $0 = true }
        try await expect(.outcomeUnknown) { try await store.commit(scene.batches[1]) }
        failing.isArmed.withLock { $0 = false }
        #expect(try await store.load()?.head == scene.batches[0].head)
        try await store.commit(scene.batches[1])
        #expect(try await store.load()?.head == scene.batches[1].head)
        try await store.close()
    }

    @Test("a commit survives a process that ends without closing")
    func noClose() async throws {
        let folder = try SQLitePlace()
        defer { folder.remove() }
        let scene = try Scene()
        let store = try folder.openSQLite()
        try await scene.commit(to: store)
        // What a killed process leaves: the files as they are now, copied while the store is open.
        let copy = try SQLitePlace()
        defer { copy.remove() }
        mkdir(copy.store, 0o700)
        for name in ["log.sqlite", "log.sqlite-wal"] {
            try SQLitePlace.put(Self.contents("\(folder.store)/\(name)"), at: "\(copy.store)/\(name)")
        }
        try await store.close()
        try await copy.withStore { store async throws in #expect(try await store.load()?.head == scene.log.head) }
    }

    @Test("a torn tail of the WAL loses whole commits or none")
    func tornTail() async throws {
        let folder = try SQLitePlace()
        defer { folder.remove() }
        let scene = try Scene()
        let store = try folder.openSQLite()
        // Tables and charter go into the database file: the WAL has the commits after them.
        try await store.commit(scene.batches[0])
        try await store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        for batch in scene.batches.dropFirst() { try await store.commit(batch) }
        let database = try Self.contents(folder.store + "/log.sqlite")
        let wal = try Self.contents(folder.store + "/log.sqlite-wal")
        try await store.close()
        let heads = scene.batches.map(\.head)
        var seen: Set<Int> = []
        for cut in stride(from: wal.count - 1, to: 0, by: -wal.count / 23) {
            let copy = try SQLitePlace()
            defer { copy.remove() }
            mkdir(copy.store, 0o700)
            try SQLitePlace.put(database, at: copy.store + "/log.sqlite")
            try SQLitePlace.put(Array(wal[..<cut]), at: copy.store + "/log.sqlite-wal")
            try await copy.withStore { store in
                let head = try #require(try await store.load()).head
                seen.insert(try #require(heads.firstIndex(of: head)))
            }
        }
        #expect(seen.count > 1 && !seen.contains(heads.count - 1))
    }

    @Test("an upload that an earlier version began is an envelope's, and goes on")
    func earlierUploads() async throws {
        let folder = try SQLitePlace()
        defer { folder.remove() }
        let (hash, name) = (Hash.sha256([1]), String(repeating: "a", count: 32))
        try Self.makeThirdVersion(folder.store) {
            try $0.execute(
                sql: """
                    INSERT INTO uploads VALUES (x'\(Hex.encode(hash.bytes))', 'us-envoy', 10, 4, 1000, '\(name)')
                    """)
        }
        try SQLitePlace.put([1, 2, 3, 4], at: "\(folder.store)/envelopes/\(name)")
        let id = UploadID.envelope(MessageID(hash))
        let until = Timestamp(milliseconds: 1_000)
        try await folder.withStore { store async throws in
            let stands = StoredUpload(
                id: id, party: FixtureWorld.envoy.party, size: 10, offset: 4, expires: until)
            #expect(try await store.upload(id) == stands)
            #expect(try await store.upload(.draft(StatementID(hash))) == nil)
            try await store.appendUpload(id, [5, 6], at: 4)
            try await store.syncUpload(id, to: 6, expires: until)
        }
        try await folder.withStore { store async throws in
            #expect(try await store.uploadBytes(id, 0..<10) == [1, 2, 3, 4, 5, 6])
        }
    }

    /// A folder as version 3 of the tables left it.
    private static func makeThirdVersion(_ store: String, _ fill: (Database) throws -> Void) throws {
        for path in [store, store + "/envelopes"] { mkdir(path, 0o700) }
        let pool = try DatabasePool(path: store + "/log.sqlite")
        try Schema.migrator.migrate(pool, upTo: "3")
        try pool.writeWithoutTransaction { try fill($0) }
        try pool.close()
    }

    static func contents(_ path: String) throws -> [UInt8] {
        let file = open(path, O_RDONLY)
        let size = SQLitePlace.size(path)
        defer { close(file) }
        return [UInt8](unsafeUninitializedCapacity: size) { $1 = max(0, read(file, $0.baseAddress, size)) }
    }
}

/// Fails the COMMIT itself, once everything is written.
private final class FailingCommit: TransactionObserver {
    let isArmed = Mutex(false)
    struct Failure: Error {}

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { false }
    func databaseDidChange(with event: DatabaseEvent) {}
    func databaseWillCommit() throws { if isArmed.withLock({ $0 }) { throw Failure() } }
    func databaseDidCommit(_ database: Database) {}
    func databaseDidRollback(_ database: Database) {}
}
