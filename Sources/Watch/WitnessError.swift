/// Why a witness cannot be set up or started: for its operator.
package struct WitnessError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Stable names.
    package enum Code: String, Sendable, CaseIterable {
        /// The name for a new key cannot stand in notes.
        case nameMalformed = "name-malformed"
        /// `witness.vkey` is no verifier key, or not that of `witness.key`.
        case keysDamaged = "witness-keys-damaged"
        /// A log's key is the witness's own, or serves another purpose.
        case logUnusable = "witness-log-unusable"
        /// A record is none, or is not where it belongs.
        case stateDamaged = "witness-state-damaged"
        /// A record was not cosigned by this witness's key.
        case otherKey = "witness-other-key"
        /// The address, certificate or key of the listener cannot be used.
        case listenerUnusable = "witness-listener-unusable"
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

    /// A word for the kind of error, by which a program chooses its exit code.
    package var kind: String {
        switch code {
        case .nameMalformed, .logUnusable: "usage"
        case .keysDamaged: "locked"
        case .stateDamaged, .otherKey: "verification"
        case .listenerUnusable: "failed"
        }
    }
}
