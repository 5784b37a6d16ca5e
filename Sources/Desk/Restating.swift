package import Archive
import Ledger
import Rules
import Sealing
package import Statements
import Transport

/// What a message of the archive says that another one builds on.
package struct ReplyBasis: Sendable {
    package let message: MessageID
    package let legs: [Leg]
    package let subject: String?
    package let precedence: Precedence
}

extension Desk {
    /// How to answer a message: the same way back to its originator; for one that this party sent, the same way again.
    /// - Throws: ``DeskError`` `not-in-archive` for a message that was neither sent nor read here.
    package func replyBasis(_ id: MessageID) async throws -> ReplyBasis {
        let summary = try await archived(id)
        let answer = summary.subject.map { subject in
            subject.lowercased().hasPrefix("re:") ? subject : "Re: \(subject)"
        }
        let legs = summary.originator == party ? summary.legs : [try wayBack(summary.legs, to: summary.originator)]
        return ReplyBasis(message: id, legs: legs, subject: answer, precedence: summary.precedence)
    }

    private func wayBack(_ legs: [Leg], to originator: PartyID) throws -> Leg {
        let own = legs.first { $0.recipient == party } ?? legs.first { $0.holders.contains(party) }
        guard let own else {
            throw DeskError(
                "not-here", "The message was not on its way through \(party).", hint: "use valise send --to",
                kind: .refused)
        }
        let before = own.intermediaries.prefix { $0 != party }
        return Leg(intermediaries: before.reversed(), recipient: originator)
    }

    /// What the archive says of a message.
    package func archived(_ id: MessageID) async throws -> MessageSummary {
        guard let summary = try await archive().summary(id) else {
            throw DeskError(
                "not-in-archive", "Message \(id.short) was neither sent nor read at this desk.",
                hint: "valise read \(id.short)", kind: .notFound)
        }
        return summary
    }

    /// Makes sure that this party may say that its words are those of a message: it has opened it.
    /// - Throws: ``DeskError`` with `not-in-archive`, `own-message`.
    package func restatable(_ id: MessageID) async throws -> MessageSummary {
        let summary = try await archived(id)
        guard summary.originator != party else {
            throw DeskError(
                "own-message", "Message \(id.short) is \(party)'s own: there is nobody else's word in it.",
                hint: "valise send writes another one", kind: .refused)
        }
        return summary
    }
}
