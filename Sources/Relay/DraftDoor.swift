import Statements
import Wire

/// How many drafts of a party may be on their way at a time: until one is on the shelf, its bytes count nowhere else.
actor DraftDoor {
    static let mostOfAParty = 4
    private var inside: [PartyID: [StatementID]] = [:]

    func enter(_ id: StatementID, of party: PartyID) throws {
        guard inside[party, default: []].count < Self.mostOfAParty else {
            throw Problem(.busy, "\(Self.mostOfAParty) drafts of the party are on their way already.")
        }
        inside[party, default: []].append(id)
    }

    func leave(_ id: StatementID, of party: PartyID) {
        guard let place = inside[party]?.firstIndex(of: id) else { return }
        inside[party]?.remove(at: place)
    }
}
