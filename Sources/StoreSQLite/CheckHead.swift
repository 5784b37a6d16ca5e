import GRDB
import Ledger
import Statements
import Store

/// What the stored checkpoint says, and whether the log key signed it.
struct CheckHead {
    /// Nil where no checkpoint can be read.
    let head: LogHead?
    /// That of the charter in entry 0; nil where there is none.
    let key: VerifierKey?
    /// Whether the log key signed what is stored.
    let isGood: Bool

    static func read(_ database: Database, _ report: inout StoreCheckReport) throws -> CheckHead {
        let key = try logKey(database)
        let row = try Command(database, "SELECT size, root, note FROM main.checkpoint").first { row in
            (cells: [try row.cell(0), try row.cell(1)], note: try row.bytes(2))
        }
        guard let row else {
            report.add(StoreDifference(.checkpoint, "checkpoint", expected: "a row", found: "nothing"))
            return CheckHead(head: nil, key: key, isGood: false)
        }
        guard let key else {
            report.leaveOut("the checkpoint's signature: there is no charter that names the log key")
            return CheckHead(head: head(row.cells), key: nil, isGood: false)
        }
        guard let opened = try? Checkpoint.open(SignedNote(parsing: row.note), log: key).checkpoint else {
            report.add(
                StoreDifference(
                    .checkpoint, "checkpoint", row: "id 1", expected: "a note that \(key.name) signed",
                    found: "\(row.note.count) bytes that are none"))
            return CheckHead(head: head(row.cells), key: key, isGood: false)
        }
        let expected: [Cell] = [.integer(Int64(clamping: opened.size.rawValue)), .blob(opened.root.bytes)]
        if row.cells != expected {
            report.add(
                StoreDifference(
                    .checkpoint, "checkpoint", row: "id 1", expected: "size \(expected[0]) root \(expected[1])",
                    found: "size \(row.cells[0]) root \(row.cells[1])"))
        }
        return CheckHead(
            head: LogHead(size: opened.size, root: opened.root), key: key, isGood: row.cells == expected)
    }

    /// Of the two columns beside the note.
    private static func head(_ cells: [Cell]) -> LogHead? {
        guard case .integer(let size) = cells[0], case .blob(let bytes) = cells[1], let root = Hash(bytes),
            let size = UInt64(exactly: size)
        else { return nil }
        return LogHead(size: TreeSize(rawValue: size), root: root)
    }

    private static func logKey(_ database: Database) throws -> VerifierKey? {
        guard let bytes = try LogQuery(database: database).entry(0),
            case .charter(let signed) = (try? Entry(der: bytes, limit: Bounds.entry))?.body
        else { return nil }
        return try? signed.charter.relay.verifierKey
    }
}
