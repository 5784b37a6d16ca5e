import Statements

/// Bytes that are not an envelope file, or not the one that its submission speaks of.
package struct EnvelopeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Stable names, also on the wire.
    package enum Code: String, Sendable, CaseIterable {
        /// Not the format, or bytes after the payload's end.
        case malformed
        /// A length above its bound.
        case oversized
        /// A signed statement of a version that this program does not know.
        case unknownVersion = "unknown-version"
        /// The sealed-keys block or the payload is not the one whose digest was signed.
        case digestMismatch = "digest-mismatch"
        /// The sealed-keys block does not list exactly the submission's keys in their order.
        case blockMismatch = "block-mismatch"
        /// The bytes ended too early.
        case truncated
        /// Signatures are missing from a draft that was to become a statement.
        case unsigned
    }

    package let code: Code
    /// What was read, for example `payload`.
    package let field: String
    /// What was expected there, as half a sentence.
    package let expected: String

    package init(_ code: Code, _ field: String, expected: String) {
        self.code = code
        self.field = field
        self.expected = expected
    }

    init(_ error: FormError) {
        let code: Code =
            switch error.code {
            case .malformed: .malformed
            case .oversized: .oversized
            case .unknownVersion: .unknownVersion
            }
        self.init(code, error.field, expected: error.expected)
    }

    /// The next step for whoever has the file.
    package var hint: String {
        switch code {
        case .unsigned: "Ask those named for their signatures: valise cosign."
        case .truncated: "Fetch or copy the file again."
        case .unknownVersion: "Update this program."
        default: "Ask for the file again; if it comes the same, it was changed or made by another program."
        }
    }

    package var description: String { "\(field): expected \(expected) [\(code.rawValue)]" }
}
