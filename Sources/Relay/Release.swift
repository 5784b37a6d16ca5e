import Rules
import Statements

/// The duty of release: content goes only to a holder whose `retrieved` receipt is in the log; a blind hop and a
/// bystander never get it. No log can show a breach (`Docs/Specification.md#duties`).
enum Release {
    static func permits(_ party: PartyID, _ message: MessageState) -> Bool {
        message.legs.contains { leg in
            if leg.route.recipient == party {
                switch leg.stage {
                case .retrieved, .opened, .unreadable, .unconfirmed: return true
                default: return false
                }
            }
            return leg.hopReceipts[party] != nil
        }
    }

    /// Who may see a message's custody chain.
    static func maySee(_ party: PartyID, _ message: MessageState, charter: CharterInForce) -> Bool {
        message.parties.contains(party) || charter.party(party)?.capabilities.auditor == true
    }
}
