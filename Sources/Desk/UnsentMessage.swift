import Statements

/// Why a message that the archive has as sent is not known to be in the log.
package enum UnsentMessage: Hashable, Sendable {
    /// Cancelled, rejected by its releaser, or signed anew under another identifier.
    case withdrawn
    /// The relay refused it for good, with this code of the rules; what has expired in the outbox is not handed over.
    case refused(code: String)
    /// It is in the outbox.
    case waiting

    /// The code of the relay's "no".
    package var refusal: String? { if case .refused(let code) = self { code } else { nil } }

    /// What stands beside it in a list.
    package var words: String {
        switch self {
        case .withdrawn: "withdrawn"
        case .refused(RejectionCode.expired.rawValue): "expired"
        case .refused(let code): "refused: \(code)"
        case .waiting: "in the outbox"
        }
    }
}

extension UnsentMessage {
    /// The same where there is no room.
    package var word: String {
        switch self {
        case .refused: "refused"
        default: words
        }
    }
}

extension OutboxReason {
    /// The rule that the relay's final "no" names; nil for every other reason.
    var rejection: RejectionCode? { isFinal ? RejectionCode(rawValue: code) : nil }
}
