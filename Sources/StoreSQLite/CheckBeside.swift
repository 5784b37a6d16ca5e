import Envelope
import GRDB
import Ledger
import Rules
import Statements
import Store

/// What lies beside the log: notes that others signed, drafts and uploads. Entries say nothing of them, but they hold
/// together or do not.
struct CheckBeside {
    let database: Database
    let folder: StoreFolder
    let schema: CheckSchema
    /// Whether a table refers to a file now, whatever the snapshot says.
    let isStill: (_ table: String, _ file: String) throws -> Bool

    private static let step = 1 << 20

    /// Whose signatures notes bear, and the log that they are about.
    struct Log {
        let charter: CharterInForce
        let key: VerifierKey
        let size: TreeSize
        /// The root of the signed tree's first entries.
        let root: (TreeSize) throws -> Hash
    }

    /// - Parameter log: nil where the entries do not give the signed root, nor the tiles.
    func checkNotes(_ log: Log?, _ report: inout StoreCheckReport) throws {
        guard schema.has("5") else { return }
        guard let log else {
            return report.leaveOut("notes and verdicts: there is no charter, or no root, to hold them against")
        }
        let isOfThisLog = { (head: LogHead) in
            head.size > 0 && head.size <= log.size ? try log.root(head.size) == head.root : false
        }
        try checkNotes(log.key, log.size, isOfThisLog, &report)
        try checkVerdicts(log.charter, isOfThisLog, &report)
    }

    private func notes() throws -> [(slot: String, note: [UInt8])] {
        try Command(database, "SELECT slot, note FROM notes ORDER BY slot").rows {
            (slot: try $0.text(0), note: try $0.bytes(1))
        }
    }

    /// A verdict that is shown is one of this log, signed by a delegate of a full auditor.
    private func checkVerdicts(
        _ charter: CharterInForce, _ isOfThisLog: (LogHead) throws -> Bool, _ report: inout StoreCheckReport
    ) throws {
        for note in try notes() where note.slot.hasPrefix(NoteSlot.verdicts) {
            let found: String
            if let signed = try? SignedVerdict(der: note.note, limit: Bounds.verdict) {
                if NoteSlot.verdict(signed.verdict.auditor).name != note.slot {
                    found = "one of \(signed.verdict.auditor)"
                } else if !charter.signed.vouches(for: signed) {
                    found = "one that no delegate of a full auditor of this charter has signed"
                } else if try !isOfThisLog(signed.verdict.head) {
                    found = "one of another log, or of a longer one: of \(signed.verdict.head.size) entries"
                } else {
                    continue
                }
            } else {
                found = "\(note.note.count) bytes that are none"
            }
            report.add(
                StoreDifference(
                    .note, "notes", row: "slot '\(note.slot)'", expected: "its auditor's verdict on this log",
                    found: found))
        }
    }

    /// A checkpoint that was shown is one of this log, and no larger than it: otherwise the log is an older copy.
    private func checkNotes(
        _ log: VerifierKey, _ size: TreeSize, _ isOfThisLog: (LogHead) throws -> Bool,
        _ report: inout StoreCheckReport
    ) throws {
        let shown = [NoteSlot.partiesCheckpoint.name, NoteSlot.strangersCheckpoint.name]
        for note in try notes() where shown.contains(note.slot) {
            let opened = try? Checkpoint.open(SignedNote(parsing: note.note), log: log).checkpoint
            guard let opened else {
                report.add(
                    StoreDifference(
                        .note, "notes", row: "slot '\(note.slot)'", expected: "a checkpoint that the log key signed",
                        found: "\(note.note.count) bytes that are none"))
                continue
            }
            guard try !isOfThisLog(LogHead(size: opened.size, root: opened.root)) else { continue }
            report.add(
                StoreDifference(
                    .note, "notes", row: "slot '\(note.slot)'", expected: "a checkpoint of this log",
                    found: "one of \(opened.size) entries, which this log of \(size) does not have"))
        }
    }

    /// Every draft with its file.
    func checkDrafts(_ report: inout StoreCheckReport) throws {
        guard schema.has("2") else { return }
        struct Row {
            let id: StatementID
            let party: String
            let file: StagedEnvelope
        }
        let rows = try Command(database, "SELECT id, party, file, size FROM drafts ORDER BY number").rows { row in
            Row(
                id: StatementID(try row.hash(0)), party: try row.text(1),
                file: StagedEnvelope(name: try row.text(2), size: try row.unsigned(3)))
        }
        for row in rows {
            do {
                let header = try read(row.file)
                guard header.draft.id == row.id else {
                    throw StoreError(.damaged, "the file of another draft")
                }
                guard try DraftQuery(database: database).find(row.id) != nil else {
                    throw StoreError(.damaged, "no draft")
                }
            } catch let error as DatabaseError { throw error } catch {
                guard try isStill("drafts", row.file.name) else { continue }
                let found = (error as? StoreError)?.message ?? "\(error)"
                report.add(
                    StoreDifference(
                        .draft, "drafts", row: "id \(row.id)", expected: "a draft and its file", found: found,
                        ask: [row.party]))
            }
        }
    }

    private func read(_ file: StagedEnvelope) throws -> DraftHeader {
        try folder.check(file)
        let kept = KeptFile(name: file.name, key: try KeyQuery(database: database).key(ofFile: file.name))
        var reader = DraftReader()
        var offset: UInt64 = 0
        while offset < file.size {
            let count = min(Self.step, Int(clamping: file.size - offset))
            _ = try reader.take(try kept.read(offset..<offset + UInt64(count), of: file.size, in: folder)[...])
            offset += UInt64(count)
        }
        return try reader.finish()
    }

    /// That each upload's file has what was acknowledged.
    func checkUploads(_ report: inout StoreCheckReport) throws {
        guard schema.has("2") else { return }
        let sql = """
            SELECT u.id, u.party, u.file, u.synced, k.key IS \(KeyQuery.destroyed)
            FROM uploads u LEFT JOIN file_keys k ON k.file = u.file
            """
        let rows = try Command(database, sql).rows { row in
            (
                id: StatementID(try row.hash(0)), party: try row.text(1), file: try row.text(2),
                synced: try row.unsigned(3), isDestroyed: row.integer(4) == 1
            )
        }
        for row in rows {
            let size = folder.size(row.file)
            let found: String
            if size.map({ $0 < row.synced }) ?? true {
                found = size.map { "\($0)" } ?? "no file"
            } else if row.isDestroyed {
                found = "one whose storage key is destroyed"
            } else {
                continue
            }
            guard try isStill("uploads", row.file) else { continue }
            report.add(
                StoreDifference(
                    .upload, "uploads", row: "id \(row.id)", expected: "a file of at least \(row.synced) bytes",
                    found: found, ask: [row.party]))
        }
    }
}
