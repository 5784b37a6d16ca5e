package import Statements
package import Wire

/// Why nothing usable came from the relay.
///
/// Sentences may hold the relay's own words: show them as untrusted text.
package struct TransportError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The charter names an address or keys that no client can use.
        case charterUnusable = "charter-unusable"
        /// No connection, no answer in time, or an answer cut short. Every request may safely be repeated.
        case relayUnavailable = "relay-unavailable"
        /// The machine at the relay's address is not the charter's relay (TLS).
        case relayUntrusted = "relay-untrusted"
        /// The relay said no: see ``TransportError/problem``.
        case relayRefused = "relay-refused"
        /// An entry or a signature that had to prove something does not.
        case proofWrong = "proof-wrong"
        /// A checkpoint that is not the log's, or older than a known one without being its beginning.
        case checkpointWrong = "checkpoint-wrong"
        /// Two checkpoints of the log that contradict each other: see ``TransportError/fork``.
        case fork
        /// A rejection that the relay signed and that cannot be true: see ``TransportError/rejection``.
        case rejectionWrong = "rejection-wrong"
        /// An entry with a time that is still to come.
        case entryAhead = "entry-ahead"
        /// Something that must be there was left out.
        case withheld
        /// Bytes that are no answer of this protocol.
        case malformedAnswer = "malformed-answer"
    }

    package let code: Code
    /// One sentence that names the thing and what was expected.
    package let message: String
    /// What to do next.
    package let hint: String
    /// What the relay answered; with ``Code/relayRefused`` only.
    package let problem: Problem?
    /// Whether the relay stands by its refusal of a statement; with ``Code/relayRefused`` and
    /// ``Code/rejectionWrong`` only.
    package let rejection: RejectionStanding?
    /// The two checkpoints; with ``Code/fork`` only.
    package let fork: ForkEvidence?

    /// - Parameter hint: the code's own if it is nil.
    package init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint ?? code.hint
        problem = nil
        rejection = nil
        fork = nil
    }

    init(problem: Problem, rejection: RejectionStanding?) {
        code = .relayRefused
        message = problem.detail.isEmpty ? problem.title : problem.detail
        hint = problem.hint.isEmpty ? Code.relayRefused.hint : problem.hint
        self.problem = problem
        self.rejection = rejection
        fork = nil
    }

    /// - Parameter doubt: why the rejection cannot be true, as half a sentence.
    init(untrue rejection: SignedRejection, _ doubt: String) {
        code = .rejectionWrong
        message = "the relay rejected the statement as \(rejection.rejection.code), which cannot be true: \(doubt)"
        hint = Code.rejectionWrong.hint
        problem = nil
        self.rejection = .signed(rejection)
        fork = nil
    }

    init(fork: ForkEvidence, _ message: String) {
        code = .fork
        self.message = message
        hint = Code.fork.hint
        problem = nil
        rejection = nil
        self.fork = fork
    }

    /// The relay's code for a refusal, otherwise the own one.
    package var reportedCode: String { problem?.code ?? code.rawValue }

    /// For how long the relay says that it is busy; nil for any other error, and where it does not say.
    package var busyWait: TimeSpan? {
        let codes: [ServiceCode] = [.busy, .overloaded]
        guard let problem, codes.contains(where: { $0.rawValue == problem.code }), let seconds = problem.retryAfter,
            (1...60).contains(seconds)
        else { return nil }
        return .seconds(Int64(seconds))
    }

    package var description: String { "\(message) [\(reportedCode)]" }
}

extension TransportError.Code {
    var hint: String {
        switch self {
        case .charterUnusable: "Ask the stewards for a charter with a proper relay address and keys."
        case .relayUnavailable: "Check the network and the relay's address, then try again."
        case .relayUntrusted: "Do not go on: check the address, and ask the operator for the relay's TLS roots."
        case .relayRefused: "Correct what the relay names and try again."
        case .proofWrong: "Do not rely on this answer; tell the relay's operator and an auditor."
        case .checkpointWrong: "Do not rely on this answer; ask an auditor which checkpoint is the newest."
        case .fork: "Keep both checkpoints and call the other parties: the relay shows different logs."
        case .rejectionWrong:
            "Compare this machine's clock; if it is right, hand the rejection to an auditor: valise rejections save."
        case .entryAhead: "Compare this machine's clock; if it is right, tell the relay's operator and an auditor."
        case .withheld: "Do not rely on this answer; tell the other parties and an auditor."
        case .malformedAnswer: "Check that client and relay are of fitting versions, then tell the operator."
        }
    }
}

/// What stands behind the refusal of a statement.
package enum RejectionStanding: Sendable, Hashable {
    /// Signed by the act key, of this statement and with this code: anyone with the log can decide it again.
    case signed(SignedRejection)
    /// The refusal is the service's own (such as `busy`), or the relay did not sign it.
    case absent
    /// Something was attached that is no rejection of this statement by this relay.
    case invalid
}
