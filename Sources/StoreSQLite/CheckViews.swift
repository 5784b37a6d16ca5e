import GRDB
import Ledger
import Statements
import Store

/// Holds the stored tiles and views against those that the entries give: both are read once, in the order of their
/// keys.
struct CheckViews {
    let database: Database

    func compare(_ report: inout StoreCheckReport) throws {
        for table in ViewTable.all where try database.tableExists(table.name) {
            do { try compare(table, &report) } catch let error as DatabaseError {
                report.add(
                    StoreDifference(
                        .page, table.name, expected: "rows that can be read", found: StoreError(error).message))
            }
        }
    }

    private func compare(_ table: ViewTable, _ report: inout StoreCheckReport) throws {
        let stored = try table.rows(database, of: "main")
        let wanted = try table.rows(database, of: "temp")
        var found = try read(stored, table)
        var expected = try read(wanted, table)
        while found != nil || expected != nil {
            report.rows += 1
            switch Self.order(found, expected, table.keyCount) {
            case .same:
                if let found, let expected, found != expected { report.add(difference(table, expected, found)) }
                found = try read(stored, table)
                expected = try read(wanted, table)
            case .unexpected(let row):
                report.add(
                    StoreDifference(
                        .rowUnexpected, table.name, row: table.describe(row), expected: "no such row",
                        found: table.describeRest(row)))
                found = try read(stored, table)
            case .missing(let row):
                report.add(
                    StoreDifference(
                        .rowMissing, table.name, row: table.describe(row), expected: table.describeRest(row),
                        found: "no such row"))
                expected = try read(wanted, table)
            }
        }
    }

    private enum Order {
        case same
        case unexpected([Cell])
        case missing([Cell])
    }

    private static func order(_ found: [Cell]?, _ expected: [Cell]?, _ keyCount: Int) -> Order {
        guard let found else { return expected.map { .missing($0) } ?? .same }
        guard let expected else { return .unexpected(found) }
        for (a, b) in zip(found, expected).prefix(keyCount) where a != b {
            return a < b ? .unexpected(found) : .missing(expected)
        }
        return .same
    }

    private func difference(_ table: ViewTable, _ expected: [Cell], _ found: [Cell]) -> StoreDifference {
        let differs = { (column: Int) in expected[column] != found[column] }
        return StoreDifference(
            .rowDifferent, table.name, row: table.describe(expected),
            expected: table.describeRest(expected, where: differs), found: table.describeRest(found, where: differs))
    }

    private func read(_ command: Command, _ table: ViewTable) throws -> [Cell]? {
        guard let row = try command.next() else { return nil }
        return try (0..<Int32(table.columns.count)).map { try row.cell($0) }
    }

    /// The one row of `meta` that follows from the charter.
    func compareMeta(_ limits: Limits, _ report: inout StoreCheckReport) throws {
        let stored = try Command(database, "SELECT value FROM main.meta WHERE name = 'confirm_grace'").first {
            $0.integer(0)
        }
        let expected = limits.confirmGrace.milliseconds
        try Command(database, "INSERT INTO temp.meta VALUES ('confirm_grace', ?)").run(.integer(expected))
        guard stored != expected else { return }
        report.add(
            StoreDifference(
                stored == nil ? .rowMissing : .rowDifferent, "meta", row: "name 'confirm_grace'",
                expected: "value \(expected)", found: stored.map { "value \($0)" } ?? "no such row"))
    }

    /// Names the entries that are not those which the stored tiles have hashed: where the root is not the signed one,
    /// these are the ones to look at.
    func nameEntries(_ report: inout StoreCheckReport) throws {
        let sql = """
            SELECT t.place, t.bytes, m.bytes FROM temp.tiles t JOIN main.tiles m ON m.place = t.place
            WHERE t.place < ? AND t.bytes IS NOT m.bytes ORDER BY t.place
            """
        let tiles = try Command(database, sql).rows(.unsigned(1 << 56)) { row in
            let pair = (found: try row.bytes(1), expected: try row.bytes(2))
            let width = min(pair.found.count, pair.expected.count) / Hash.byteCount
            let differing = (0..<width).filter { position in
                let place = position * Hash.byteCount..<(position + 1) * Hash.byteCount
                return pair.found[place] != pair.expected[place]
            }
            return (first: try row.unsigned(0) << TileID.height, differing: differing)
        }
        for tile in tiles {
            for position in tile.differing {
                report.add(
                    StoreDifference(
                        .entry, "entries", row: "idx \(tile.first + UInt64(position))",
                        expected: "the entry whose hash its tile has", found: "another one"))
            }
        }
    }
}
