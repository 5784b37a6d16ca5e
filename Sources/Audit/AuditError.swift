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
