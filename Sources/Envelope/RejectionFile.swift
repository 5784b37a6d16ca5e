package import Statements

/// A file with one rejected statement: what a party hands to an auditor, or to anyone who has the log
/// (`Docs/Specification.md#rejection-file`).
extension RejectedStatement {
    /// Reads a whole file. Signatures are not verified here.
    /// - Throws: ``EnvelopeError``.
    package init(parsing file: [UInt8]) throws(EnvelopeError) {
        let body = try SingleValueFile.body(of: file, .rejection, limit: Bounds.rejectedStatement)
        do throws(FormError) {
            try self.init(der: body, limit: Bounds.rejectedStatement)
        } catch { throw EnvelopeError(error) }
    }

    /// The file.
    /// - Throws: ``EnvelopeError`` for a statement that is too long.
    package func bytes() throws(EnvelopeError) -> [UInt8] {
        try SingleValueFile.bytes(self, .rejection, limit: Bounds.rejectedStatement)
    }

    /// The most bytes of such a file.
    package static let longest = ValiseFileKind.rejection.magic.count + 4 + Bounds.rejectedStatement
}
