import Ledger
import Transport

/// What was sent in the office's name.
extension Desk {
    /// Every message that was submitted in this party's name, by whichever delegate, as the log tells it; oldest first.
    ///
    /// Drafts and outboxes are not in the log. No tick counts submissions, so that none is missing is the relay's word.
    /// - Throws: ``DeskError`` `custody-broken`; ``Transport/TransportError``.
    package func officeSent() async throws -> [TrackedMessage] {
        var found: [TrackedMessage] = []
        var after = LogIndex(0)
        while true {
            let page = try await relay.sent(after: after)
            for chain in page.chains { found.append(try TrackedMessage(chain, charter: charter)) }
            guard page.more, let last = page.chains.last?.first?.index else { return found }
            after = last
        }
    }
}
