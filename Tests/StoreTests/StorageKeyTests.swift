import Foundation
import GRDB
import Glibc
import Ledger
import Statements
import Store
@testable import StoreSQLite
import TestKit
import Testing

@Suite("What lies on the disk is encrypted")
struct StorageKeyTests {
    /// The cipher of the counters 0, 1 and 2 under a key of zeros, from test cases 13 and 14 of the GCM specification
    /// (McGrew and Viega): the hash key, the tag and the ciphertext.
    @Test("the key stream is AES-256 of the block's number")
    func known() throws {
        let key = try StorageKey(bytes: [UInt8](repeating: 0, count: 32))
        let stream = try key.apply(to: [UInt8](repeating: 0, count: 48), at: 0)
        #expect(
            Hex.encode(stream) == "dc95c078a2408989ad48a21492842087530f8afbc74536b9a963b4f1c4cb738b"
                + "cea7403d4d606b6e074ec5d3baf39d18")
    }

    @Test("a part at any offset is that part of the whole, and the same again gives the bytes back")
    func offsets() throws {
        let key = StorageKey()
        let bytes = FixtureWorld.bytes("whole", 3_000_000)
        let whole = try key.apply(to: bytes, at: 0)
        #expect(try key.apply(to: whole, at: 0) == bytes)
        for (start, count) in [(0, 1), (1, 15), (15, 2), (16, 16), (17, 4_096), (1_048_570, 1_500_000), (2_999_999, 1)]
        {
            let part = Array(bytes[start..<start + count])
            #expect(try key.apply(to: part, at: UInt64(start)) == Array(whole[start..<start + count]), "\(start)")
        }
        #expect(try key.apply(to: [], at: 7).isEmpty)
        // Beyond 2^32 blocks the counter goes on.
        let far: UInt64 = 1 << 40
        #expect(try key.apply(to: [0], at: far) != key.apply(to: [0], at: 0))
        #expect(try StorageKey().apply(to: bytes, at: 0) != whole)
    }

    @Test("no file of a store has a piece of an envelope, an upload or a draft as it came")
    func unreadable() async throws {
        let place = try SQLitePlace()
        defer { place.remove() }
        var (scene, store) = try await ErasureScene.begun(in: place)
        let (small, large) = (FixtureWorld.bytes("small", 9_000), FixtureWorld.bytes("large", 200_000))
        try await scene.submit(.inline(small), small.count, to: store)
        let staged = try await EnvelopeConformance.stage(large, in: store)
        try await scene.submit(.staged(staged), large.count, to: store)
        try await store.addUpload(UploadConformance.upload(), room: .unlimited)
        let upload = UploadConformance.bytes
        try await store.appendUpload(UploadConformance.id, Array(upload[1_000..<50_000]), at: 1_000)
        for path in Self.files(place) {
            let found = try SQLiteTests.contents(path)
            #expect(!found.isEmpty)
            let pieces = [
                small[0..<32], small[8_000..<8_032], large[0..<32], large[150_001..<150_033], upload[0..<32],
                upload[40_000..<40_032],
            ]
            for piece in pieces { #expect(!Self.contains(found, piece), "\(path)") }
        }
        try await store.close()
    }

    @Test("once an erasure is finished, no file has a key of what was erased, and every other key is there")
    func destroyed() async throws {
        let place = try SQLitePlace()
        defer { place.remove() }
        var (scene, store) = try await ErasureScene.begun(in: place)
        // Enough for several pages of keys, which are then taken from everywhere in them.
        for _ in 0..<6 { try await scene.submit(100, to: store) }
        let staged = try await EnvelopeConformance.stage(FixtureWorld.bytes("large", 200_000), in: store)
        try await scene.submit(.staged(staged), 200_000, to: store)
        let gone = scene.messages.enumerated().filter { $0.offset % 7 != 3 || $0.offset > 590 }.map(\.element)
        try await scene.settle(gone, in: store)
        let keys = try await Self.keys(store)
        #expect(keys.count == 601)
        scene.log.wait(ErasureScene.retention)
        for start in stride(from: 0, to: gone.count, by: 200) {
            try await store.commit(scene.erasure(Array(gone[start..<min(start + 200, gone.count)])))
        }
        let left = try await Self.keys(store)
        #expect(left.count == 601 - gone.count)
        #expect(try await store.finishErasures())
        let disk = try Self.files(place).map { try SQLiteTests.contents($0) }
        for key in left { #expect(disk.contains { Self.contains($0, key[...]) }) }
        for key in keys.subtracting(left) { #expect(!disk.contains { Self.contains($0, key[...]) }) }
        try await store.close()
    }

    @Test("a process that ends between the commit of an erasure and the removal of its files has the next one do it")
    func killed() async throws {
        let (place, copy) = (try SQLitePlace(), try SQLitePlace())
        defer {
            place.remove()
            copy.remove()
        }
        var (scene, store) = try await ErasureScene.begun(in: place)
        let staged = try await EnvelopeConformance.stage(FixtureWorld.bytes("large", 200_000), in: store)
        let message = try await scene.submit(.staged(staged), 200_000, to: store)
        try await scene.settle(message, in: store)
        let keys = try await Self.keys(store)
        scene.log.wait(ErasureScene.retention)
        try await store.commit(scene.erasure([message]))
        for path in [copy.store, copy.store + "/envelopes"] { mkdir(path, 0o700) }
        for name in ["log.sqlite", "log.sqlite-wal", "envelopes/\(staged.name)"] {
            try SQLitePlace.put(SQLiteTests.contents("\(place.store)/\(name)"), at: "\(copy.store)/\(name)")
        }
        try await store.close()
        let next = try copy.openSQLite()
        #expect(SQLitePlace.names(copy.store + "/envelopes").isEmpty)
        #expect(try await next.erasure(message) != nil)
        let disk = try Self.files(copy).map { try SQLiteTests.contents($0) }
        #expect(keys.count == 1)
        for key in keys { #expect(!disk.contains { Self.contains($0, key[...]) }) }
        try await next.close()
    }

    @Test("while somebody reads, traces of a key may be left, and they go as soon as nobody does")
    func reading() async throws {
        let place = try SQLitePlace()
        defer { place.remove() }
        var (scene, store) = try await ErasureScene.begun(in: place)
        let message = try await scene.submit(.inline([1]), 1, to: store)
        try await scene.settle(message, in: store)
        #expect(try await store.finishErasures())
        scene.log.wait(ErasureScene.retention)
        var snapshot: DatabaseSnapshot? = try store.pool.makeSnapshot()
        _ = try await snapshot?.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM envelopes") }
        try await store.commit(scene.erasure([message]))
        #expect(try await !store.finishErasures())
        snapshot = nil
        #expect(try await store.finishErasures())
        #expect(SQLitePlace.size(place.store + "/log.sqlite-wal") == 0)
        try await store.close()
    }

    @Test("what an earlier version has stored as it came is served as it is")
    func earlier() async throws {
        let place = try SQLitePlace()
        defer { place.remove() }
        let bytes = FixtureWorld.bytes("large", 200_000)
        let (small, large, file) = try await place.withStore { store in
            var scene = try ErasureScene()
            try await scene.begin(store)
            let small = try await scene.submit(.inline([1, 2, 3]), 3, to: store)
            let staged = try await EnvelopeConformance.stage(bytes, in: store)
            return (small, try await scene.submit(.staged(staged), bytes.count, to: store), staged.name)
        }
        // As version 5 of the tables has them: bytes, and no keys.
        let queue = try DatabaseQueue(path: place.store + "/log.sqlite")
        try await queue.write { database in
            try database.execute(
                sql: "DELETE FROM message_keys; DELETE FROM file_keys; UPDATE envelopes SET bytes = x'010203' "
                    + "WHERE file IS NULL")
        }
        try queue.close()
        try SQLitePlace.put(bytes, at: "\(place.store)/envelopes/\(file)", truncate: true)
        try await place.withStore { store async throws in
            #expect(try await store.envelope(small, 1..<9) == [2, 3])
            #expect(try await store.envelope(large, 1_000..<200_000) == Array(bytes[1_000...]))
        }
    }

    private static func keys(_ store: SQLiteStore) async throws -> Set<[UInt8]> {
        try await store.pool.read { database in
            let rows = try Data.fetchAll(
                database, sql: "SELECT key FROM message_keys UNION ALL SELECT key FROM file_keys")
            // Zeros stand for a key that was destroyed.
            return Set(rows.map { Array($0) }.filter { $0.contains { $0 != 0 } })
        }
    }

    private static func files(_ place: SQLitePlace) -> [String] {
        let names = SQLitePlace.names(place.store).filter { $0 == "log.sqlite" || $0 == "log.sqlite-wal" }
        return (names + SQLitePlace.names(place.store + "/envelopes").map { "envelopes/\($0)" }).map {
            "\(place.store)/\($0)"
        }
    }

    private static func contains(_ bytes: [UInt8], _ piece: ArraySlice<UInt8>) -> Bool {
        guard let first = piece.first, bytes.count >= piece.count else { return false }
        return bytes.withUnsafeBytes { bytes in
            piece.withUnsafeBytes { piece in
                guard let start = bytes.baseAddress, let wanted = piece.baseAddress else { return false }
                let last = start + bytes.count - piece.count
                var place = start
                while place <= last, let next = memchr(place, Int32(first), last - place + 1) {
                    if memcmp(next, wanted, piece.count) == 0 { return true }
                    place = UnsafeRawPointer(next) + 1
                }
                return false
            }
        }
    }
}
