import Foundation
import GRDB
import Ledger
import Statements
import Store
@testable import StoreSQLite
import TestKit
import Testing

/// Bits that turn over on the disk, in the real file, at places drawn from a seed.
@Suite("No bit of a store turns over unseen")
struct BitFlipTests {
    private struct Numbers: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    /// Everything that queries can see.
    private static func contents(_ copy: RealCopy) throws -> [String: [String]] {
        let queue = try DatabaseQueue(path: copy.database)
        defer { try? queue.close() }
        return try queue.read { database in
            let tables = try String.fetchAll(
                database, sql: "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            var contents: [String: [String]] = [:]
            for table in tables {
                let columns = try Row.fetchAll(database, sql: "SELECT name FROM pragma_table_info('\(table)')")
                    .map { "quote(\($0[0] as String))" }.joined(separator: " || ',' || ")
                contents[table] = try String.fetchAll(database, sql: "SELECT \(columns) FROM \(table) ORDER BY 1")
            }
            return contents
        }
    }

    @Test("a flipped bit is found by the check, or changes nothing that anybody can read", arguments: [1, 2, 3, 4])
    func anywhere(seed: UInt64) async throws {
        let real = try await RealStore.shared.value
        let whole = try Self.contents(real.copy())
        let bytes = try SQLiteTests.contents(real.path + "/log.sqlite")
        // Most of a small database is empty pages, where a bit means nothing.
        let used = bytes.indices.filter { bytes[$0] != 0 }
        var numbers = Numbers(state: seed)
        var found = 0
        for _ in 0..<40 {
            let offset = try #require(used.randomElement(using: &numbers))
            if try await Self.flip(real, at: offset, &numbers, whole: whole, "seed \(seed)") { found += 1 }
        }
        #expect(found >= 20, "seed \(seed): only \(found) of 40 were found")
    }

    @Test(
        "a flipped bit of a stored value is found, in its row and in every index",
        arguments: [
            "SELECT bytes FROM entries WHERE idx = 7", "SELECT bytes FROM entries WHERE idx = 0",
            "SELECT bytes FROM tiles WHERE place = 0", "SELECT root FROM checkpoint", "SELECT note FROM checkpoint",
            "SELECT id FROM statements WHERE idx = 6", "SELECT nonce FROM messages", "SELECT id FROM messages",
            "SELECT message FROM inbox", "SELECT key_id FROM keys",
            "SELECT bytes FROM envelopes WHERE bytes IS NOT NULL",
            "SELECT key FROM message_keys", "SELECT key FROM file_keys",
        ])
    func value(sql: String) async throws {
        let real = try await RealStore.shared.value
        let whole = try Self.contents(real.copy())
        let copy = try real.copy()
        let queue = try DatabaseQueue(path: copy.database)
        let value = try #require(try await queue.read { try Data.fetchOne($0, sql: sql) })
        try queue.close()
        let file = try Data(contentsOf: URL(fileURLWithPath: real.path + "/log.sqlite"))
        let part = value.dropFirst(value.count / 2).prefix(12)
        var numbers = Numbers(state: 7)
        var (found, place) = (0, file.startIndex)
        while let range = file.range(of: part, in: place..<file.endIndex) {
            let offset = range.lowerBound + Int.random(in: 0..<part.count, using: &numbers)
            if try await Self.flip(real, at: offset, &numbers, whole: whole, sql) { found += 1 }
            place = range.upperBound
        }
        #expect(found > 0, "\(sql) is not found in the file, or its damage is not")
    }

    /// - Returns: whether the check has found it; if not, nothing may have changed.
    private static func flip(
        _ real: RealStore, at offset: Int, _ numbers: inout Numbers, whole: [String: [String]], _ label: String
    ) async throws -> Bool {
        let copy = try real.copy()
        let mask = UInt8(1) << UInt8.random(in: 0..<8, using: &numbers)
        try copy.flip("log.sqlite", at: offset, mask)
        if try isFound(copy) {
            try await expectSignedHead(copy, real, "\(label), byte \(offset), mask \(mask)")
            return true
        }
        let seen = try? contents(copy)
        #expect(seen == whole, "\(label): byte \(offset) with mask \(mask) is not found")
        return false
    }

    private static func isFound(_ copy: RealCopy) throws -> Bool {
        do {
            let report = try copy.check()
            return report.differences.contains { !$0.expected.isEmpty && !$0.found.isEmpty }
        } catch let error as StoreError {
            return [.damaged, .wrongVersion, .newerVersion, .unavailable].contains(error.code)
        }
    }

    /// A relay that starts in spite of the damage, or does not see it, goes on from the head that was signed.
    private static func expectSignedHead(_ copy: RealCopy, _ real: RealStore, _ place: String) async throws {
        guard let store = try? SQLiteStore.open(directory: copy.path) else { return }
        if let head = try? await RelayInABox.startingHead(of: store, in: real.world) {
            #expect(head == real.head, "\(place)")
        }
        try? await store.close()
    }

    @Test("a flipped bit of an envelope file is found, wherever it is", arguments: [5, 6] as [UInt64])
    func envelope(seed: UInt64) async throws {
        let real = try await RealStore.shared.value
        var numbers = Numbers(state: seed)
        for _ in 0..<12 {
            let copy = try real.copy()
            let file = "envelopes/" + (try #require(copy.envelopes.first))
            let offset = Int.random(in: 0..<copy.size(file), using: &numbers)
            try copy.flip(file, at: offset, UInt8(1) << UInt8.random(in: 0..<8, using: &numbers))
            let report = try copy.check()
            #expect(report.differences.map(\.kind) == [.payloadDamaged], "seed \(seed), byte \(offset)")
        }
    }
}
