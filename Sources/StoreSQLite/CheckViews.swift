import GRDB
import Ledger
import Statements
import Store

/// Holds the stored tiles and views against those that the entries give: both are read once, in the order of their
/// keys.
struct CheckViews {
    let database: Database

    func compareTiles(_ report: inout StoreCheckReport) throws {
        for table in ViewTable.all where table.name == "tiles" { try compareWhole(table, &report) }
    }

    func compareViews(_ report: inout StoreCheckReport) throws {
        for table in try ViewTable.present(database) where table.name != "tiles" { try compareWhole(table, &report) }
    }

    private func compareWhole(_ table: ViewTable, _ report: inout StoreCheckReport) throws {
        do { try compare(table, &report) } catch let error as DatabaseError {
            report.add(
                StoreDifference(
                    .page, table.name, expected: "rows that can be read", found: StoreError(error).message))
            report.leaveOut("what is left of \(table.name): it cannot be read")
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

    /// Names the entries that are not those which the stored tiles have hashed.
    /// - Parameter places: of the lowest tiles.
    func nameEntries(in places: Range<UInt64>, _ report: inout StoreCheckReport) throws {
        let sql = """
            SELECT t.place, t.bytes, m.bytes FROM temp.tiles t JOIN main.tiles m ON m.place = t.place
            WHERE t.place >= \(Int64(clamping: places.lowerBound)) AND t.place < \(Int64(clamping: places.upperBound))
                AND t.bytes IS NOT m.bytes ORDER BY t.place
            """
        let tiles = try Command(database, sql)
        while let row = try tiles.next() {
            let first = try row.unsigned(0) << TileID.height
            for position in Self.differing(try row.bytes(1), try row.bytes(2)) {
                try nameEntry(first + UInt64(position), &report)
            }
        }
    }

    /// Names an entry, once.
    func nameEntry(_ index: UInt64, _ report: inout StoreCheckReport) throws {
        let find = try Command(database, "SELECT 1 FROM temp.unsound WHERE idx = ?")
        guard try find.first(.unsigned(index), read: { _ in true }) == nil else { return }
        try Command(database, "INSERT INTO temp.unsound VALUES (?)").run(.unsigned(index))
        report.add(
            StoreDifference(
                .entry, "entries", row: "idx \(index)", expected: "the entry whose hash its tile has",
                found: "another one"))
    }

    /// The positions at which two tiles have different hashes.
    static func differing(_ a: [UInt8], _ b: [UInt8]) -> [Int] {
        (0..<min(a.count, b.count) / Hash.byteCount).filter { position in
            let place = position * Hash.byteCount..<(position + 1) * Hash.byteCount
            return a[place] != b[place]
        }
    }
}
