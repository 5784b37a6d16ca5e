/// Why an audit could not be done; it says nothing about the log.
package struct AuditError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Stable codes.
    package enum Code: String, Sendable {
        /// The source has no such file.
        case notServed = "not-served"
        case sourceUnavailable = "source-unavailable"
        /// Another process writes into the folder.
        case mirrorBusy = "mirror-busy"
        case fileUnreadable = "file-unreadable"
        case fileUnwritable = "file-unwritable"
        case logTooLarge = "log-too-large"
        /// The charter's bytes are none.
        case charterMalformed = "charter-malformed"
        /// The copy is not the log that the checkpoint signs.
        case noVerdict = "no-verdict"
        /// The party is no limited auditor of the charter.
        case notLimited = "not-a-limited-auditor"
        /// A rejection that this relay's act key did not sign.
        case rejectionNotSigned = "rejection-not-signed"
        /// A statement with a signature that is not its signer's: the relay rejects only what is signed.
        case statementNotSigned = "statement-not-signed"
        /// A rejection with a code of other rules.
        case rejectionCodeUnknown = "rejection-code-unknown"
        /// The mirror does not reach as far as the rejection.
        case mirrorTooShort = "mirror-too-short"
    }

    package let code: Code
    /// One sentence that names the thing and what was expected.
    package let message: String
    /// What to do next.
    package let hint: String

    package init(_ code: Code, _ message: String, hint: String) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    package var description: String { "\(message) [\(code.rawValue)]" }
}
