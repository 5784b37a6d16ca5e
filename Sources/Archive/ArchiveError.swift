/// What can go wrong with an archive; nothing of a message's content is in it.
package struct ArchiveError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        case unreadable = "archive-unreadable"
        case unwritable = "archive-unwritable"
        case damaged = "archive-damaged"
        /// The key is not the one the archive was written with.
        case otherKey = "archive-other-key"
        /// A newer version wrote it.
        case newerVersion = "archive-newer-version"
        /// Another program holds it for longer than ten seconds.
        case busy = "archive-busy"
        /// What was to be kept is no submission, or too large.
        case unfit = "archive-unfit"
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

/// A place in an archive where nothing can be read.
package struct ArchiveDamage: Hashable, Sendable, CustomStringConvertible {
    /// The number of the segment file.
    package let segment: UInt32
    /// From this byte of it.
    package let offset: UInt64
    /// So many bytes.
    package let length: UInt64

    package init(segment: UInt32, offset: UInt64, length: UInt64) {
        self.segment = segment
        self.offset = offset
        self.length = length
    }

    package var description: String { "\(SegmentFile.name(segment)), \(length) bytes from byte \(offset)" }
}
