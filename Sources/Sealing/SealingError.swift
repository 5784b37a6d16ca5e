import Statements

/// Why content could not be sealed. It never holds a secret.
///
/// Opening has no such error: what can be wrong with a message is an `UnreadableReason`.
package struct SealingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Stable names; they do not change between releases.
    package enum Code: String, Sendable, CaseIterable {
        /// A part is not what it was when its digest was taken.
        case changedWhileReading = "changed-while-reading"
        case contentTooLarge = "content-too-large"
        case fieldMalformed = "field-malformed"
        case sealingKeyMalformed = "sealing-key-malformed"
        case wrongKeyCount = "wrong-key-count"
        case noRandomness = "no-randomness"
        case cryptographyFailed = "cryptography-failed"
    }

    package let code: Code
    /// One sentence: the thing, and what was expected.
    package let message: String
    /// The next step.
    package let hint: String

    package init(_ code: Code, _ message: String, hint: String) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    init(_ error: FormError) {
        self.init(
            .fieldMalformed, "\(error.field) is expected to be \(error.expected).",
            hint: "Shorten or rename it and send again.")
    }

    static func changed(_ info: PartInfo) -> SealingError {
        SealingError(
            .changedWhileReading, "Part \(info.name) is not what it was when it was first read.",
            hint: "Close whatever writes to the file, then send again.")
    }

    /// An operation of the cryptographic library that fails only when memory or random bytes run out.
    static func failed(_ operation: String) -> SealingError {
        SealingError(
            .cryptographyFailed, "The cryptographic library could not \(operation).",
            hint: "Check free memory, then try again.")
    }

    package var description: String { "\(code.rawValue): \(message) \(hint)" }
}
