import Foundation
import GRDB
import Ledger
import Statements
import Store
@testable import StoreSQLite
import TestKit
import Testing

@Suite("A key that was destroyed is in no file")
struct DestroyedKeyTests {
    enum Table: String, CaseIterable, Sendable {
        case messages
        case files
    }

    /// Which of the keys that are there goes next.
    enum Order: String, CaseIterable, Sendable {
        /// One of the oldest, once all are there: as erasures come.
        case oldest
        /// The same, in more disorder.
        case older
        /// Any, between insertions.
        case mixed
    }

    @Test(
        "of 12,000 keys, inserted and destroyed in many orders, none is left once the write-ahead log is brought in",
        arguments: Table.allCases, Order.allCases)
    func many(table: Table, order: Order) async throws {
        for seed in [UInt64(1), 2] {
            let place = try SQLitePlace()
            defer { place.remove() }
            let store = try place.openSQLite()
            let (gone, left) = try await store.pool.writeWithoutTransaction { database in
                var life = KeyLife(table: table, keys: KeyQuery(database: database), seed: seed)
                try life.live(order, database)
                #expect(try StoreDatabase.truncateLog(database))
                return (life.gone, life.left)
            }
            #expect(gone.count > 9_000 && left.count > 100)
            // Read before the store is closed, and after it.
            #expect(Self.found(gone, in: place) == 0, "\(table), \(order), seed \(seed)")
            #expect(Self.found(left, in: place) >= left.count)
            try await store.close()
            #expect(Self.found(gone, in: place) == 0, "\(table), \(order), seed \(seed)")
        }
    }

    /// How many 8-byte pieces of the keys are in the files: a copy whose beginning was overwritten counts too.
    private static func found(_ keys: [StorageKey], in place: SQLitePlace) -> Int {
        var pieces: Set<UInt64> = []
        for key in keys {
            key.bytes.withUnsafeBytes { bytes in
                for start in stride(from: 0, to: 32, by: 8) {
                    pieces.insert(bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self))
                }
            }
        }
        var count = 0
        for name in SQLitePlace.names(place.store) where name.hasPrefix("log.sqlite") {
            let file = (try? SQLiteTests.contents("\(place.store)/\(name)")) ?? []
            guard file.count >= 8 else { continue }
            file.withUnsafeBytes { bytes in
                for start in 0...bytes.count - 8
                where pieces.contains(bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self)) { count += 1 }
            }
        }
        return count
    }

    @Test("a file's key takes the row of one that was destroyed")
    func rows() async throws {
        let place = try SQLitePlace()
        defer { place.remove() }
        let store = try place.openSQLite()
        try await store.pool.write { database in
            let keys = KeyQuery(database: database)
            for number in 0..<500 {
                let key = StorageKey()
                try keys.add(key, ofFile: KeyLife.name(number))
                try keys.add(StorageKey(), ofFile: KeyLife.name(number))
                #expect(try keys.key(ofFile: KeyLife.name(number)) == key)
                if number >= 10 { try keys.destroy(ofFile: KeyLife.name(number - 10)) }
            }
            #expect(try Int.fetchOne(database, sql: "SELECT count(*) FROM file_keys") == 11)
            #expect(try keys.key(ofFile: KeyLife.name(100)) == nil)
        }
        try await store.close()
    }

    @Test("keys of files that nothing refers to are destroyed when a store is opened")
    func orphans() async throws {
        let place = try SQLitePlace()
        defer { place.remove() }
        let store = try place.openSQLite()
        try await store.pool.write { try KeyQuery(database: $0).add(StorageKey(), ofFile: KeyLife.name(1)) }
        try await store.close()
        let next = try place.openSQLite()
        let error = await #expect(throws: StoreError.self) {
            try await next.pool.read { try KeyQuery(database: $0).key(ofFile: KeyLife.name(1)) }
        }
        #expect(error?.code == .damaged)
        try await next.close()
    }

    @Test("a destroyed key is never a key of zeros, and never none")
    func zeros() async throws {
        let place = try SQLitePlace()
        defer { place.remove() }
        var (scene, store) = try await ErasureScene.begun(in: place)
        let bytes = FixtureWorld.bytes("large", 200_000)
        let staged = try await EnvelopeConformance.stage(bytes, in: store)
        let large = try await scene.submit(.staged(staged), bytes.count, to: store)
        let small = try await scene.submit(.inline([1, 2, 3]), 3, to: store)
        try await store.addUpload(UploadConformance.upload(), room: .unlimited)
        try await store.pool.write { database in
            let keys = KeyQuery(database: database)
            try keys.destroy(ofFile: staged.name)
            let message = try #require(try EnvelopeQuery(database: database).find(small)?.message)
            try keys.destroy(of: message)
            for file in try String.fetchAll(database, sql: "SELECT file FROM uploads") {
                try keys.destroy(ofFile: file)
            }
        }
        for message in [small, large] {
            let error = await #expect(throws: StoreError.self) { try await store.envelope(message, 0..<3) }
            #expect(error?.code == .damaged)
        }
        let error = await #expect(throws: StoreError.self) { try await store.uploadBytes(UploadConformance.id, 0..<9) }
        #expect(error?.code == .damaged)
        let found = try StoreCheck(directory: place.store).run().differences.map(\.sentence)
        #expect(found.filter { $0.contains("storage key is destroyed") }.count == 3, "\(found)")
        // To erase them all the same finds them encrypted.
        try await scene.settle(small, large, in: store)
        scene.log.wait(ErasureScene.retention)
        try await store.commit(scene.erasure([small, large]))
        #expect(try await store.erasure(large) != nil)
        try await store.close()
    }

    @Test("a key that outlived its erasure is named by the check")
    func living() async throws {
        let place = try SQLitePlace()
        defer { place.remove() }
        var (scene, store) = try await ErasureScene.begun(in: place)
        let message = try await scene.outlive(.inline([1]), 1, in: store)
        try await store.commit(scene.erasure([message]))
        let check = StoreCheck(directory: place.store)
        let named = { try check.run().differences.filter { $0.table == "message_keys" }.count }
        #expect(try named() == 0)
        try await store.pool.write { try $0.execute(sql: "UPDATE message_keys SET key = randomblob(32)") }
        #expect(try named() == 1)
        try await store.close()
    }

    @Test("an erasure that fails leaves the writer overwriting what it deletes")
    func failing() async throws {
        let place = try SQLitePlace()
        defer { place.remove() }
        var (scene, store) = try await ErasureScene.begun(in: place)
        let message = try await scene.outlive(.inline([1]), 1, in: store)
        try await store.pool.write { database in
            try database.execute(
                sql: """
                    CREATE TEMP TRIGGER refusing BEFORE DELETE ON main.envelopes
                    BEGIN SELECT RAISE(ABORT, 'not now'); END
                    """)
        }
        let erasure = try scene.erasure([message])
        await #expect(throws: StoreError.self) { try await store.commit(erasure) }
        let mode = {
            try await store.pool.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA secure_delete") }
        }
        #expect(try await mode() == 1)
        try await store.pool.write { try $0.execute(sql: "DROP TRIGGER refusing") }
        try await store.commit(erasure)
        #expect(try await mode() == 1)
        try await store.close()
    }
}

/// Keys that come and go.
private struct KeyLife {
    let table: DestroyedKeyTests.Table
    let keys: KeyQuery
    var numbers: LogNumbers
    var living: [(number: Int, key: StorageKey)] = []
    var gone: [StorageKey] = []
    var left: [StorageKey] { living.map(\.key) }

    private static let count = 12_000

    init(table: DestroyedKeyTests.Table, keys: KeyQuery, seed: UInt64) {
        self.table = table
        self.keys = keys
        numbers = LogNumbers(seed: seed)
    }

    /// Names are in no order, as those of files.
    static func name(_ number: Int) -> String {
        String(Hex.encode(Hash.sha256(Array("\(number)".utf8)).bytes).prefix(32))
    }

    mutating func live(_ order: DestroyedKeyTests.Order, _ database: Database) throws {
        var next = 0
        while next < Self.count || living.count > 1_000 {
            try database.inTransaction(.immediate) {
                for _ in 0..<256 where next < Self.count {
                    try add(next)
                    next += 1
                }
                if order == .mixed || next == Self.count {
                    for _ in 0..<300 where living.count > 500 { try destroy(order) }
                }
                return .commit
            }
        }
    }

    private mutating func add(_ number: Int) throws {
        let key = StorageKey()
        switch table {
        case .messages: try keys.add(key, of: LogIndex(rawValue: UInt64(number) * 3))
        case .files: try keys.add(key, ofFile: Self.name(number))
        }
        living.append((number, key))
    }

    private mutating func destroy(_ order: DestroyedKeyTests.Order) throws {
        let reach =
            switch order {
            case .oldest: min(50, living.count)
            case .older: min(400, living.count)
            case .mixed: living.count
            }
        let (number, key) = living.remove(at: Int.random(in: 0..<reach, using: &numbers))
        switch table {
        case .messages: try keys.destroy(of: LogIndex(rawValue: UInt64(number) * 3))
        case .files: try keys.destroy(ofFile: Self.name(number))
        }
        gone.append(key)
    }
}
