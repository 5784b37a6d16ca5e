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

    /// Fills the temporary tables, and reports what differs from them. Whatever does not hold, every other part is
    /// looked at as far as the stored entries tell of it.
    func examine(_ database: Database, _ report: inout StoreCheckReport) throws {
        let schema = try CheckSchema(of: database)
        report.schema = schema.version
        try guarded("sqlite_master", &report) { try schema.compare(database, &$0) }
        try guarded("log.sqlite", &report) { try checkPages(database, &$0) }
        try schema.makeTemporary(database)
        let signed = try CheckHead.read(database, &report)
        report.head = signed.head
        let replay = try replay(database, to: signed.head?.size ?? Self.length(database), &report)
        if signed.key == nil, replay.charter != nil {
            report.add(
                StoreDifference(
                    .entry, "entries", row: "idx 0", expected: "the log key", found: "none that can be read"))
        }
        report.isSound = replay.gives(signed.head) && replay.isWhole && signed.isGood
        var isTreeKnown = false
        try guarded("tiles", &report) { isTreeKnown = try checkTiles(database, signed.head, replay, &$0) }
        if replay.gives(signed.head), replay.isWhole, let charter = replay.charter {
            let views = CheckViews(database: database)
            try views.compareViews(&report)
            try guarded("meta", &report) { try views.compareMeta(charter.limits, &$0) }
        } else {
            report.leaveOut("views: they follow from entries that are signed and that the rules bear, all of them")
            let undecided = CheckUndecided(database: database, first: replay.decided, size: replay.size)
            try guarded("entries", &report) { _ in try undecided.run() }
        }
        let progress = progress
        try guarded("envelopes", &report) { report in
            try CheckPayloads(database: database, folder: folder, isStill: isStill) { progress(.payloads(done: $0)) }
                .run(&report)
        }
        let beside = CheckBeside(database: database, folder: folder, schema: schema, isStill: isStill)
        try guarded("drafts", &report) { try beside.checkDrafts(&$0) }
        try guarded("uploads", &report) { try beside.checkUploads(&$0) }
        let log = isTreeKnown ? try log(database, signed, replay) : nil
        try guarded("notes", &report) { try beside.checkNotes(log, &$0) }
    }

    /// Up to the newest entry, where no checkpoint says how many there are.
    private static func length(_ database: Database) throws -> TreeSize {
        let last = try Command(database, "SELECT idx FROM main.entries ORDER BY idx DESC LIMIT 1").first {
            $0.integer(0)
        }
        guard let last, last >= 0 else { return 0 }
        return TreeSize(rawValue: UInt64(last) + 1)
    }

    private func replay(
        _ database: Database, to size: TreeSize, _ report: inout StoreCheckReport
    ) throws -> CheckReplay {
        let progress = progress
        var replay = try CheckReplay(database, size: size) { progress(.entries(done: $0, of: size.rawValue)) }
        try guarded("entries", &report) { try replay.run(&$0) }
        report.decided = replay.decided
        if !replay.isWhole, replay.decided + 1 < size.rawValue {
            report.leaveOut("what the rules say of entries from \(replay.decided + 1) on: the one before does not hold")
        }
        return replay
    }

    /// - Returns: whether the temporary tiles are those of the signed tree now.
    private func checkTiles(
        _ database: Database, _ head: LogHead?, _ replay: CheckReplay, _ report: inout StoreCheckReport
    ) throws -> Bool {
        let views = CheckViews(database: database)
        if replay.gives(head) {
            try views.compareTiles(&report)
            return true
        }
        if let head, replay.builder.size == head.size {
            report.add(Self.otherRoot(head, replay.builder.root))
            var tiles = CheckTiles(database: database, head: head)
            if try tiles.settle(&report) {
                try views.compareTiles(&report)
                guard tiles.lost > 0 else { return true }
                let tiles = tiles.lost == 1 ? "a tile" : "\(tiles.lost) tiles"
                report.leaveOut("what lies under \(tiles) that, like the entries there, does not fit the one above")
                return false
            }
        }
        report.leaveOut("which tiles are damaged: neither they nor the entries give a signed root")
        try views.nameEntries(in: 0..<1 << 56, &report)
        return false
    }

    /// Nil where entry 0 is not the signed one.
    private func log(_ database: Database, _ signed: CheckHead, _ replay: CheckReplay) throws -> CheckBeside.Log? {
        let isOther = try Command(database, "SELECT 1 FROM temp.unsound WHERE idx = 0").first { _ in true } ?? false
        guard !isOther, let key = signed.key, let charter = replay.charter, let size = signed.head?.size else {
            return nil
        }
        let tiles = TileReader(size: size, capacity: 64) { try LogQuery(database: database).tile($0) }
        return CheckBeside.Log(charter: charter, key: key, size: size) { try Merkle.root(size: $0, from: tiles) }
    }

    /// Whether a table refers to a file now. Rows are those of one commit, and files are those of the moment: beside a
    /// relay one that was missed may have been erased or removed since. Rows go before their files do.
    private func isStill(_ table: String, _ file: String) throws -> Bool {
        try withDatabase(readOnly: true) { database in
            try Command(database, "SELECT 1 FROM main.\(table) WHERE file = ?").first(.text(file)) { _ in true }
                ?? false
        }
    }

    /// The most that SQLite is asked to say.
    private static let mostLines = 100

    /// What SQLite says of its own pages and indexes.
    private func checkPages(_ database: Database, _ report: inout StoreCheckReport) throws {
        let lines = try Command(database, "PRAGMA main.integrity_check(\(Self.mostLines))").rows { try $0.text(0) }
        for line in lines where line != "ok" {
            report.add(
                StoreDifference(
                    .page, "log.sqlite", expected: "whole pages and indexes", found: line.replacing("\n", with: " ")))
        }
        guard lines.count >= Self.mostLines else { return }
        report.leaveOut("what SQLite's own check would say after its first \(Self.mostLines) lines")
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
            report.leaveOut("what is left of \(table): it cannot be read")
            report.isSound = false
        }
    }
}
