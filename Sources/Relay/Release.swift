import Rules
import Statements

/// The duty of release: content goes only to a holder whose `retrieved` receipt is in the log; a blind hop and a
/// bystander never get it. No log can show a breach (`Docs/Specification.md#duties`).
enum Release {
    static func permits(_ party: PartyID, _ message: MessageState) -> Bool {
        if let own = message.legs.first(where: { $0.route.recipient == party }) {
            switch own.stage {
            case .retrieved, .opened, .unreadable, .unconfirmed: return true
            default: return false
            }
        }
        return message.legs.contains { $0.hopReceipts[party] != nil }
    }

    /// Who may see a message's custody chain.
    static func maySee(_ party: PartyID, _ message: MessageState, charter: CharterInForce) -> Bool {
        message.parties.contains(party) || charter.party(party)?.capabilities.auditor == true
    }
}
