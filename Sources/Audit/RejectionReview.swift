import Ledger
import Rules
package import Statements

/// Decides a rejected statement again: by the rules, on the log as it was when the relay said no
/// (`Docs/Specification.md#rejections`).
///
/// The entries before are replayed from entry 0, and are those that the mirror's checkpoint signs. Whatever the rules
/// look at is in them and in the statement; only the time is the relay's word, and the entries around bound it.
package struct RejectionReview: Sendable {
    let folder: MirrorFolder
    let charter: TrustedCharter
    let workers: Int
    private let progress: @Sendable (_ done: UInt64, _ of: UInt64) -> Void

    /// - Parameter workers: bundles that are examined at a time.
    package init(
        folder: MirrorFolder, charter: TrustedCharter, workers: Int,
        progress: @escaping @Sendable (_ done: UInt64, _ of: UInt64) -> Void = { _, _ in }
    ) {
        self.folder = folder
        self.charter = charter
        self.workers = max(1, workers)
        self.progress = progress
    }

    /// - Throws: ``AuditError`` with `rejection-not-signed`, `statement-not-signed`, `rejection-code-unknown`,
    ///   `mirror-too-short`, or when the mirror cannot be read; ``Finding`` when the mirror is not a log to decide by.
    package func run(_ rejected: RejectedStatement) async throws -> RejectionReport {
        let rejection = rejected.rejection.rejection
        guard rejected.rejection.isValid(key: charter.charter.relay.actKey),
            rejection.charter == charter.signed.id
        else { throw Self.notSigned }
        guard RejectionPast.examined(rejected.statement, CharterInForce(charter.signed)).isAuthentic else {
            throw Self.statementNotSigned
        }
        guard let code = RejectionCode(rawValue: rejection.code) else { throw Self.unknownCode(rejection.code) }
        let checkpoint = try openCheckpoint()
        let size = rejection.treeSize
        guard size > 0, size <= checkpoint.size else { throw tooShort(checkpoint.size, size) }
        var past = RejectionPast(charter, checkpoint, folder, upTo: size, of: rejected.statement)
        try await replay(&past, checkpoint)
        let tiles = ProvenBeginning(checkpoint, folder)
        try tiles.expect(past.root, at: past.size)
        let seen = rejected.statement.statement.seen
        if seen.size > size {
            guard seen.size <= checkpoint.size else { throw tooShort(checkpoint.size, seen.size) }
            if try tiles.root(at: seen.size) == seen.root {
                let sentence =
                    "The relay had shown its signer \(seen.size) entries before, and says that it decided on \(size)"
                return RejectionReport(rejected, code, past, .wrongful(.sizeBelowSeen, sentence))
            }
        }
        let verdict = try past.verdict(rejected.statement, code, at: rejection.decidedAt)
        let restsOnTime = verdict.isRightful && !past.rejects(rejected.statement, code, at: past.before)
        return RejectionReport(rejected, code, past, verdict, restsOnTime: restsOnTime)
    }

    private func openCheckpoint() throws -> Checkpoint {
        guard let note = try folder.read(MirrorFolder.checkpoint, limit: 65_536) else {
            throw Finding(.missingFile, path: MirrorFolder.checkpoint, "The mirror has no checkpoint")
        }
        return try charter.open(note, path: MirrorFolder.checkpoint).checkpoint
    }

    /// Replays the entries before, and looks at the next one's time.
    private func replay(_ past: inout RejectionPast, _ checkpoint: Checkpoint) async throws {
        let last = min(past.wanted.rawValue, checkpoint.size.rawValue - 1)
        let count = (last >> TileID.height) + 1
        let charter = CharterInForce(charter.signed)
        let folder = folder
        for first in stride(from: UInt64(0), to: count, by: 4 * workers) {
            let end = min(count, first + 4 * UInt64(workers))
            let bundles = try await withThrowingTaskGroup(of: ExaminedBundle.self) { group in
                for index in first..<end {
                    guard let id = EntryBundleID(index: index, size: checkpoint.size) else { continue }
                    group.addTask { try ExaminedBundle(id, in: folder, charter: charter) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for bundle in bundles.sorted(by: { $0.id.index < $1.id.index }) { try past.take(bundle) }
            progress(end, count)
        }
    }

    private static let notSigned = AuditError(
        .rejectionNotSigned, "The file's rejection is not signed by this charter's relay: it proves nothing.",
        hint: "check that the charter is that of the relay which rejected the statement")

    private static let statementNotSigned = AuditError(
        .statementNotSigned,
        "The file's statement is not signed by its signers; the relay rejects only what is: it proves nothing.",
        hint: "ask for the file again; valise rejections save writes it as the relay had it")

    private static func unknownCode(_ code: String) -> AuditError {
        AuditError(
            .rejectionCodeUnknown, "The rules that this program knows have no rejection '\(code)'.",
            hint: "use a newer valise-audit")
    }

    private func tooShort(_ size: TreeSize, _ wanted: TreeSize) -> AuditError {
        AuditError(
            .mirrorTooShort,
            "The mirror has \(size) entries, and \(wanted) are needed to decide again.",
            hint: "valise-audit mirror fetches the others; if the relay has fewer, it rolled its log back")
    }
}

/// What a review found.
package struct RejectionReport: Sendable {
    /// Why a rejection is wrongful.
    package enum Fault: String, Sendable {
        /// The rules accept the statement.
        case accepted
        /// The log had the statement, or its nonce, already: its first acceptance was due.
        case loggedBefore = "logged-before"
        /// The rules reject it for another reason.
        case otherCode = "other-code"
        /// The signed time is before the last entry that was decided on.
        case timeBeforeLog = "time-before-log"
        /// The log had grown beyond the signed size by the signed time.
        case timeAfterLog = "time-after-log"
        /// The relay had shown more of the log before.
        case sizeBelowSeen = "size-below-seen"
    }

    package enum Verdict: Sendable {
        /// The rules say the same; with their sentence.
        case rightful(String)
        /// One sentence without its period.
        case wrongful(Fault, String)

        package var isRightful: Bool { if case .rightful = self { true } else { false } }
    }

    package let statement: SignedStatement
    package let rejection: Rejection
    package let code: RejectionCode
    /// When the last entry before was accepted: the decision cannot be older.
    package let before: Timestamp
    /// When the next entry was accepted; nil where the mirror has none, and nothing bounds the time from above.
    package let after: Timestamp?
    package let verdict: Verdict
    /// The rules would not have said so at the time of the entry before: the rejection is as right as the time in it.
    package let restsOnTime: Bool

    init(
        _ rejected: RejectedStatement, _ code: RejectionCode, _ past: RejectionPast, _ verdict: Verdict,
        restsOnTime: Bool = false
    ) {
        statement = rejected.statement
        rejection = rejected.rejection.rejection
        self.code = code
        before = past.before
        after = past.after
        self.verdict = verdict
        self.restsOnTime = restsOnTime
    }
}
