package import Ledger
import Rules
package import Statements

/// A leg that ran out of time, by the times in the log, and of which the log has no notice. No rule is broken by that:
/// it is a duty of the relay, and its originator's quota is not given back.
package struct OverdueNotice: Hashable, Sendable {
    package let message: MessageID
    package let leg: LegNumber
    /// The submission's entry.
    package let entry: LogIndex
    /// When the leg ran out of time.
    package let since: Timestamp
}

extension Replay {
    /// The legs without a notice, those that have waited longest first; at most this many.
    func overdue(_ most: Int = 64) -> [OverdueNotice] {
        guard let last = tally.last else { return [] }
        let grace = charterInForce.limits.confirmGrace
        var found: [OverdueNotice] = []
        for message in facts.messages.values {
            guard let first = message.deadline(grace: grace), first <= last else { continue }
            for (number, state) in message.legs.enumerated() {
                guard let leg = LegNumber(number), !state.stage.isTerminal,
                    message.stage(leg, at: last, grace: grace).isTerminal
                else { continue }
                let expiry = message.submission.expiry
                found.append(
                    OverdueNotice(
                        message: message.id, leg: leg, entry: message.firstIndex,
                        since: state.stage == .retrieved ? expiry + grace : expiry))
            }
        }
        return Array(found.sorted { ($0.since, $0.entry, $0.leg) < ($1.since, $1.entry, $1.leg) }.prefix(most))
    }
}
