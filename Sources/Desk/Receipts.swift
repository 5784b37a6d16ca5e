import Rules
import Statements

/// The receipts of a holder: `retrieved` before content is released, `opened` or `unreadable` after.
extension Desk {
    /// Logs the receipt before any content is asked for.
    /// - Parameter needsKey: whether the content is to be opened here, and not only fetched.
    func retrieve(_ tracked: TrackedMessage, leg: LegNumber, canOpen: Bool, needsKey: Bool = false) async throws {
        let state = tracked.state
        let route = state.legs[leg.value].route
        let stage = tracked.stage(leg, at: now(), charter: charter)
        let isRecipient = route.recipient == party
        if !isRecipient, !canOpen {
            throw DeskError(
                "blind-carriage", "Message \(state.id.short) is sealed to others: \(party) carries it unread.",
                hint: "valise convey \(state.id.short) passes it on, valise refuse \(state.id.short) ends it",
                kind: .refused)
        }
        switch stage {
        case .retrieved, .opened, .unreadable, .unconfirmed:
            if needsKey { try expectKey(canOpen, state) }
            if isRecipient { return }
        case .refused, .recalled, .expired:
            throw DeskError(
                "ended", "Message \(state.id.short) is \(stage.word); its content is not released any more.",
                hint: "valise track \(state.id.short) shows how it ended", kind: .refused)
        case .held, .available: break
        }
        if !isRecipient, state.legs[leg.value].hopReceipts[party] != nil { return }
        guard state.legs[leg.value].hasReached(party) else {
            throw DeskError(
                "not-here", "Message \(state.id.short) has not reached \(party) yet.",
                hint: "valise track \(state.id.short) shows where it is", kind: .refused)
        }
        if needsKey { try expectKey(canOpen, state) }
        _ = try await say(.receipt(LegReference(message: state.id, leg: leg), .retrieved))
    }

    /// A desk without a key says nothing of the message: another delegate of the party may be able to open it.
    private func expectKey(_ canOpen: Bool, _ state: MessageState) throws {
        guard !canOpen else { return }
        throw DeskError(
            "no-own-key", "Message \(state.id.short) is sealed to none of this desk's keys; nothing was logged.",
            hint: "another delegate of \(party) may open it; if nobody can: valise refuse \(state.id.short) "
                + "--reason cannot-open", kind: .locked)
    }

    /// Confirms once; a leg that is past `retrieved` already is left as it is.
    func confirm(_ reference: LegReference, _ outcome: ReceiptOutcome) async throws {
        try await confirm(message(reference.message), reference.leg, outcome)
    }

    /// Logs `opened` if that is still to be said, as after a run that was stopped before it could.
    func confirmOpened(_ tracked: TrackedMessage) async throws {
        guard let leg = tracked.readingLeg(of: party) else { return }
        try await confirm(tracked, leg, .opened)
    }

    private func confirm(_ tracked: TrackedMessage, _ number: LegNumber, _ outcome: ReceiptOutcome) async throws {
        let leg = tracked.state.legs[number.value]
        let waits =
            leg.route.recipient == party
            ? tracked.stage(number, at: now(), charter: charter) == .retrieved
            : leg.hopReceipts[party] == .retrieved
        if waits { _ = try await say(.receipt(LegReference(message: tracked.state.id, leg: number), outcome)) }
    }

    static func unreadable(_ id: MessageID, _ reason: UnreadableReason, originator: PartyID) -> DeskError {
        DeskError(
            "unreadable-\(reason)", "Message \(id.short) could not be opened: \(sentence(reason)).",
            hint: "the log says so now; ask \(originator) to send it again", kind: .verification)
    }

    static func sentence(_ reason: UnreadableReason) -> String {
        switch reason {
        case .notServed: "the relay does not serve its content"
        case .digest: "the relay served other bytes than the originator signed"
        case .noKey: "it is sealed to none of this desk's keys"
        case .wrap: "its key was not sealed for this message and this key"
        case .keyCommitment: "its key is not the one the originator committed to"
        case .content: "its content is not what the originator committed to"
        }
    }
}
