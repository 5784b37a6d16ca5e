import Statements
import Transport
import Wire

/// Drafts of this desk that the relay does not show any more. The shelf is in no log: that one is gone only its drafter
/// can tell.
extension Desk {
    /// Own drafts that wait for signatures, and are neither on the shelf nor in the log.
    /// - Throws: ``DeskError``, ``Transport/TransportError``, ``Keyring/KeyringError``.
    func missingDrafts() async throws -> [OutboxItem] {
        let outbox = try await Outbox(self)
        guard !outbox.names(ending: ".draft").isEmpty else { return [] }
        let shelf = try await relay.drafts()
        try await settleParked(shelf)
        let shelved = Set(shelf.map { MessageID($0.id) })
        return try outbox.parked().filter { !shelved.contains($0.message) && now() < $0.submitBy }
    }
}

extension StatusReport.Concern {
    static func missing(_ draft: OutboxItem) -> Self {
        .init(
            weight: .caution, code: "draft-missing",
            sentence: "Draft \(draft.message.short) of this desk is on the shelf no more, and not in the log.",
            advice: "ask those who were to sign it; if nobody took it off, tell the operator, and draft it again")
    }
}
