/// Why a desk could not do what was asked: a stable code, one sentence, and what to do next.
package struct DeskError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of "no" it is; programs choose their exit code by its word.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case failed
        /// A signature, proof or digest does not hold.
        case verification
        /// The rules or the charter do not allow it; nothing was changed.
        case refused
        case notFound = "not-found"
        case unavailable
        /// A key or passphrase is missing or wrong.
        case locked
        /// What the person gave is not what was asked for.
        case usage
    }

    /// Stable, lowercase, hyphenated.
    package let code: String
    package let message: String
    /// The next step; empty when there is none.
    package let hint: String
    package let kind: Kind

    package init(_ code: String, _ message: String, hint: String, kind: Kind = .failed) {
        self.code = code
        self.message = message
        self.hint = hint
        self.kind = kind
    }

    package var description: String { "\(message) [\(code)]" }
}
