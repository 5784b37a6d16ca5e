package import Ledger
package import Statements

/// One thing that is wrong with a log or with a copy of it.
package struct Finding: Error, Hashable, Sendable, CustomStringConvertible {
    /// Stable codes (`Docs/Specification.md#audit`).
    package enum Code: String, Sendable, CaseIterable {
        /// The note is not a checkpoint.
        case checkpointMalformed = "checkpoint-malformed"
        /// The charter's log key did not sign the checkpoint, or a witness's signature in it does not hold.
        case checkpointSignature = "checkpoint-signature"
        /// The entries or tiles do not give the root that the checkpoint signs.
        case rootMismatch = "root-mismatch"
        /// A tile is not the one that the entries give.
        case tileMismatch = "tile-mismatch"
        case bundleMalformed = "bundle-malformed"
        case missingFile = "missing-file"
        /// The bytes are no entry that may stand there.
        case entryMalformed = "entry-malformed"
        /// The same values have other, canonical bytes.
        case entryNotCanonical = "entry-not-canonical"
        /// Entry 0, or the fingerprint asked for, is not the charter's; or the charter is unfit.
        case charterMismatch = "charter-mismatch"
        case signatureBad = "signature-bad"
        /// The rules reject the statement: see ``Finding/rule``.
        case ruleBroken = "rule-broken"
        case duplicateStatement = "duplicate-statement"
        case timeWentBack = "time-went-back"
        /// A field that the rules determine says something else.
        case recomputedField = "recomputed-field"
        case tickWrong = "tick-wrong"
        /// The log is smaller than it was.
        case rolledBackLog = "rolled-back-log"
        /// Two checkpoints that cannot be of one history.
        case forkedLog = "forked-log"
        /// Only a remark: a file that belongs to no tile or bundle of this tree.
        case unexpectedFile = "unexpected-file"
        /// Only a remark: a signature line by a key that the charter does not name.
        case unexpectedSignature = "unexpected-signature"
        /// Only a remark: a kept state from which the replay could not go on, or one that could not be kept.
        case unusableState = "unusable-state"
    }

    package let code: Code
    /// The first entry that it concerns, where it is about entries.
    package let index: LogIndex?
    /// The file in the mirror, where it is about one.
    package let path: String?
    /// Why the rules reject; with ``Code/ruleBroken`` and ``Code/tickWrong`` only.
    package let rule: RejectionCode?
    /// One sentence that names the thing and what was expected. It may hold strangers' text.
    package let message: String

    package init(
        _ code: Code, index: LogIndex? = nil, path: String? = nil, rule: RejectionCode? = nil, _ message: String
    ) {
        self.code = code
        self.index = index
        self.path = path
        self.rule = rule
        self.message = message
    }

    package var description: String { "\(message) [\(label)]" }

    /// The code, with what is needed to tell two of one kind apart: `rule-broken(barred)`.
    package var label: String {
        if code == .ruleBroken, let rule { return "\(code.rawValue)(\(rule))" }
        return code.rawValue
    }

    /// What to do next.
    package var nextStep: String {
        switch code {
        case .missingFile, .unexpectedFile: "run valise-audit mirror again: it fetches what is missing"
        case .checkpointMalformed, .tileMismatch, .bundleMalformed:
            "move the file away and run valise-audit mirror again; if the new one is the same, report the relay"
        case .checkpointSignature: "check that the charter is that of this relay; if so, keep the note and report it"
        case .charterMismatch: "compare the charter's fingerprint with another party by phone"
        case .unexpectedSignature: "no step is needed; the line proves nothing"
        case .unusableState: "no step is needed; the next replay goes on from what this one kept"
        case .rolledBackLog, .forkedLog: "keep both checkpoints: they prove it; show them to every party"
        case .rootMismatch: "make a new mirror in an empty folder; if that is the same, report the relay"
        default: "keep this mirror as it is: the signed checkpoint and the entry prove it; show them to every party"
        }
    }
}
