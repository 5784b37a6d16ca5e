/// Bytes or text that are not what a format of `Docs/Valise.asn1` demands.
///
/// It is what every decoder of this room throws; nothing is allocated for a field before its bound was checked.
package struct FormError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Stable code, also on the wire.
    package let code: Code
    /// The format or field that was read, for example `Submission.legs`.
    package let field: String
    /// What was expected there, as half a sentence.
    package let expected: String

    package enum Code: String, Sendable {
        case malformed
        case oversized
        case unknownVersion = "unknown-version"
    }

    package init(_ field: String, expected: String, code: Code = .malformed) {
        self.code = code
        self.field = field
        self.expected = expected
    }

    package var description: String { "\(field): expected \(expected) [\(code.rawValue)]" }
}
