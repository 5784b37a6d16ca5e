import GRDB
import Glibc
import Ledger
import Rules
import Statements
package import Store

/// Holds everything that a store keeps against its entries: the signed root, every rule, tiles, views and payloads.
///
/// It reads one snapshot and writes nothing but SQLite's temporary files, so that it may run beside a relay. What
/// follows from the entries is made again by the code that the relay itself writes it with.
package struct StoreCheck {
    /// How far a check has come.
    package enum Step: Hashable, Sendable {
        case entries(done: UInt64, of: UInt64)
        case payloads(done: UInt64)
    }

    let folder: StoreFolder
    private let progress: @Sendable (Step) -> Void

    /// - Parameter directory: a store's folder; nothing is made in it.
    package init(directory: String, progress: @escaping @Sendable (Step) -> Void = { _ in }) {
        self.init(folder: StoreFolder(at: directory), progress: progress)
    }

    init(folder: StoreFolder, progress: @escaping @Sendable (Step) -> Void) {
        self.folder = folder
        self.progress = progress
    }

    /// Blocks the calling thread.
    /// - Throws: ``StoreError`` when the store cannot be read at all: `notFound`, `unavailable`, `damaged`,
    ///   `newerVersion` or `wrongVersion`.
    package func run() throws(StoreError) -> StoreCheckReport {
        try StoreError.translating {
            try withDatabase(readOnly: true) { database in
                var report = StoreCheckReport()
                // Every read within it sees the same commit.
                try database.beginTransaction(.deferred)
                defer { try? database.rollback() }
                try examine(database, &report)
                return report
            }
        }
    }

    func withDatabase<Value>(readOnly: Bool, _ body: (Database) throws -> Value) throws -> Value {
        let settings = """
            PRAGMA synchronous = FULL; PRAGMA temp_store = FILE; PRAGMA cache_size = -16384;
            PRAGMA temp.cache_size = -16384;
            """
        return try StoreDatabase.beside(
            folder, label: "valise.check", readOnly: readOnly, settings: settings, body)
    }

    /// Fills the temporary tables, and reports what differs from them.
    func examine(_ database: Database, _ report: inout StoreCheckReport) throws {
        let schema = try CheckSchema(of: database)
        report.schema = schema.version
        try guarded("sqlite_master", &report) { try schema.compare(database, &$0) }
        try guarded("log.sqlite", &report) { try checkPages(database, &$0) }
        try schema.makeTemporary(database)
        guard let signed = try checkCheckpoint(database, &report) else { return }
        report.head = signed.head
        let progress = progress
        let size = signed.head.size
        var replay = CheckReplay(database, size: size) {
            progress(.entries(done: $0, of: size.rawValue))
        }
        try guarded("entries", &report) { try replay.run(&$0) }
        report.decided = replay.decided
        guard replay.builder.size == size, replay.builder.root == signed.head.root else {
            if replay.builder.size == size { report.add(Self.otherRoot(signed.head, replay.builder.root)) }
            return try guarded("tiles", &report) { try CheckViews(database: database).nameEntries(&$0) }
        }
        guard replay.isWhole, let charter = replay.charter else { return }
        report.isSound = signed.isGood
        let views = CheckViews(database: database)
        try views.compare(&report)
        try guarded("meta", &report) { try views.compareMeta(charter.limits, &$0) }
        try guarded("envelopes", &report) { report in
            try CheckPayloads(database: database, folder: folder, isStill: isStill) { progress(.payloads(done: $0)) }
                .run(&report)
        }
        try guarded("notes, drafts, uploads", &report) { report in
            try CheckBeside(database: database, folder: folder, schema: schema, isStill: isStill).run(
                charter, log: signed.key, size: size, root: { try replay.root(at: $0) }, &report)
        }
    }

    /// Whether a table refers to a file now. Rows are those of one commit, and files are those of the moment: beside a
    /// relay one that was missed may have been erased or removed since. Rows go before their files do.
    private func isStill(_ table: String, _ file: String) throws -> Bool {
        try withDatabase(readOnly: true) { database in
            try Command(database, "SELECT 1 FROM main.\(table) WHERE file = ?").first(.text(file)) { _ in true }
                ?? false
        }
    }

    /// What SQLite says of its own pages and indexes.
    private func checkPages(_ database: Database, _ report: inout StoreCheckReport) throws {
        let lines = try Command(database, "PRAGMA main.integrity_check(100)").rows { try $0.text(0) }
        for line in lines where line != "ok" {
            report.add(
                StoreDifference(
                    .page, "log.sqlite", expected: "whole pages and indexes", found: line.replacing("\n", with: " ")))
        }
    }

    private struct SignedHead {
        let head: LogHead
        let key: VerifierKey
        /// Whether the log key signed it.
        let isGood: Bool
    }

    /// The stored checkpoint, as the log key signed it; the key is that of the charter in entry 0.
    private func checkCheckpoint(_ database: Database, _ report: inout StoreCheckReport) throws -> SignedHead? {
        let row = try Command(database, "SELECT size, root, note FROM main.checkpoint").first { row in
            (size: try row.cell(0), root: try row.cell(1), note: try row.bytes(2))
        }
        guard let row else {
            report.add(StoreDifference(.checkpoint, "checkpoint", expected: "a row", found: "nothing"))
            return nil
        }
        guard let key = try logKey(database) else {
            report.add(
                StoreDifference(
                    .entry, "entries", row: "idx 0", expected: "a charter", found: "an entry that is none"))
            return nil
        }
        let opened = try? Checkpoint.open(SignedNote(parsing: row.note), log: key).checkpoint
        if let opened {
            let head = LogHead(size: opened.size, root: opened.root)
            let stored = [row.size, row.root]
            let expected: [Cell] = [.integer(Int64(clamping: head.size.rawValue)), .blob(head.root.bytes)]
            if stored != expected {
                report.add(
                    StoreDifference(
                        .checkpoint, "checkpoint", row: "id 1", expected: "size \(expected[0]) root \(expected[1])",
                        found: "size \(stored[0]) root \(stored[1])"))
            }
            return SignedHead(head: head, key: key, isGood: stored == expected)
        }
        report.add(
            StoreDifference(
                .checkpoint, "checkpoint", row: "id 1", expected: "a note that \(key.name) signed",
                found: "\(row.note.count) bytes that are none"))
        guard case .integer(let size) = row.size, case .blob(let bytes) = row.root, let root = Hash(bytes),
            let size = UInt64(exactly: size)
        else { return nil }
        return SignedHead(head: LogHead(size: TreeSize(rawValue: size), root: root), key: key, isGood: false)
    }

    private func logKey(_ database: Database) throws -> VerifierKey? {
        guard let bytes = try LogQuery(database: database).entry(0),
            case .charter(let signed) = (try? Entry(der: bytes, limit: Bounds.entry))?.body
        else { return nil }
        return try? signed.charter.relay.verifierKey
    }

    private static func otherRoot(_ head: LogHead, _ root: Hash) -> StoreDifference {
        StoreDifference(
            .rootDifferent, "entries", expected: "entries with the signed root \(Base64.encode(head.root.bytes))",
            found: "the root \(Base64.encode(root.bytes))")
    }

    /// A part that cannot be read to its end is damage, and the others are looked at all the same.
    private func guarded(
        _ table: String, _ report: inout StoreCheckReport, _ body: (inout StoreCheckReport) throws -> Void
    ) throws {
        do { try body(&report) } catch {
            let failure = StoreError(error)
            guard failure.code == .damaged else { throw failure }
            report.add(StoreDifference(.page, table, expected: "rows that can be read", found: failure.message))
            report.isSound = false
        }
    }
}
