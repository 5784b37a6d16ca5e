import Ledger
import Statements
import Store
@testable import StoreSQLite
import TestKit
import Testing

/// In a log of 301 entries: one full tile, and two at the edge.
@Suite("Where entries and tiles differ, the signed root tells which are damaged")
struct CheckTilesTests {
    private static let log = Task {
        let place = try SQLitePlace()
        defer { place.remove() }
        let (log, batch) = try Scene.ticking(300)
        let store = try place.openSQLite()
        try await store.commit(log.founding)
        try await store.commit(batch)
        try await store.close()
        return try RealCopy(of: place.store)
    }

    /// Puts its neighbour in an entry's place: it can be read, and has another hash.
    private static func alter(_ index: Int) -> String {
        "UPDATE entries SET bytes = (SELECT bytes FROM entries WHERE idx = \(index - 1)) WHERE idx = \(index);"
    }

    /// Damages one hash of a tile.
    private static func damage(_ place: UInt64, at position: Int = 0) -> String {
        """
        UPDATE tiles SET bytes = CAST(substr(bytes, 1, \(position * 32)) || zeroblob(32)
            || substr(bytes, \(position * 32 + 33)) AS BLOB) WHERE place = \(place);
        """
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let sql: String
        var entries: [Int] = []
        var tiles: [UInt64] = []
        /// How the sentence begins that says what cannot be told.
        var left: String?
    }

    static let upper = UInt64(1) << 56
    static let cases = [
        Case(testDescription: "an entry under a full tile", sql: alter(5), entries: [5]),
        Case(testDescription: "an entry under the edge", sql: alter(280), entries: [280]),
        Case(
            testDescription: "an entry, and a tile that is not above it", sql: alter(280) + damage(0, at: 3),
            entries: [280], tiles: [0]),
        Case(
            testDescription: "an entry, and the edge beside it", sql: alter(5) + damage(1, at: 7), entries: [5],
            tiles: [1]),
        Case(
            testDescription: "an entry, and a tile that is gone", sql: alter(5) + "DELETE FROM tiles WHERE place = 1;",
            entries: [5], tiles: [1]),
        Case(
            testDescription: "an entry, and the tile above it", sql: alter(5) + damage(0, at: 200), entries: [5, 200],
            tiles: [0], left: "what lies under a tile"),
        Case(
            testDescription: "an entry, and the tile two levels above it", sql: alter(5) + damage(upper),
            entries: [5], left: "which tiles are damaged"),
    ]

    @Test("each is named, and what cannot be told is said", arguments: cases)
    func named(_ damage: Case) async throws {
        let copy = try RealCopy(of: try await Self.log.value.path)
        #expect(try copy.check().isGood)
        try copy.change(damage.sql)
        let report = try copy.check()
        let differences = report.differences
        #expect(
            differences.filter { $0.kind == .entry }.map(\.row) == damage.entries.map { "idx \($0)" },
            "\(differences.map(\.sentence))")
        #expect(Set(differences.filter { $0.table == "tiles" }.map(\.row)) == Set(damage.tiles.map { "place \($0)" }))
        #expect(differences.filter { $0.table == "tiles" }.count == damage.tiles.count)
        #expect(differences.filter { $0.kind == .rootDifferent }.count == 1)
        let left = report.unjudged.filter { $0.hasPrefix("what lies") || $0.hasPrefix("which tiles") }
        #expect(left.count == (damage.left == nil ? 0 : 1))
        if let begins = damage.left { #expect(left.allSatisfy { $0.hasPrefix(begins) }, "\(left)") }
        #expect(!report.isSound)
        #expect(try StoreCheck(directory: copy.path).repair().before.repaired.isEmpty)
    }
}
