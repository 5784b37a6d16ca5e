import Ledger
import Statements

/// The rules of erasures, from rules version 2 on.
extension ActContext {
    /// Every message is settled by entries, and has been for as long as the charter wants its content kept.
    ///
    /// A leg that ran out of time counts only when its notice is in the log: whoever reads the custody chain sees why
    /// it ended before the content goes.
    func erasure(_ messages: [MessageID]) throws(Objection) -> Changes {
        guard let retention = charter.retention else {
            throw Objection(.notDue, "the charter names no retention, so that nothing is ever erased")
        }
        var changes = baseChanges()
        for message in messages {
            switch changes.contents[message] ?? content(of: message) {
            case nil: throw Objection(.unknownMessage, "message \(message.short) is not in the log")
            case .unsettled:
                throw Objection(.wrongState, "message \(message.short) has a leg that no entry has ended")
            case .erased(let entry):
                throw Objection(.wrongState, "the content of message \(message.short) is erased by entry \(entry)")
            case .settled(let since):
                guard time >= since + retention else {
                    throw Objection(.notDue, "the content of message \(message.short) has to be kept for longer")
                }
                changes.contents[message] = .erased(index)
            }
        }
        return changes
    }

    private func content(of message: MessageID) -> ContentStage? {
        facts.contents[message] ?? (facts.messages[message] == nil ? nil : .unsettled)
    }
}
