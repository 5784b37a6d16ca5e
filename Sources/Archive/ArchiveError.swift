/// What can go wrong with an archive; nothing of a message's content is in it.
package struct ArchiveError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        case unreadable = "archive-unreadable"
        case unwritable = "archive-unwritable"
        case damaged = "archive-damaged"
        /// The key is not the one the archive was written with.
        case otherKey = "archive-other-key"
        /// A newer version wrote it.
        case newerVersion = "archive-newer-version"
    }
    package let code: Code
    /// One sentence.
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
