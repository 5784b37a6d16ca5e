import Ledger
import Statements
import Wire

/// Where an arrival stands in the log: the entry that brought it to the party, and the leg. Arrivals are numbered in
/// this order, so that none can take the number of another.
struct ArrivalPlace: Hashable, Comparable, Sendable {
    let index: LogIndex
    let leg: LegNumber

    /// - Returns: nil for a message that has not reached the party by this leg.
    init?(_ arrival: VerifiedArrival, at party: PartyID) {
        guard case .submission(let submission)? = arrival.chain.first?.entry.signed?.statement.act,
            submission.legs.indices.contains(arrival.leg.value),
            let place = submission.legs[arrival.leg.value].holders.firstIndex(of: party)
        else { return nil }
        // The submission brings it to the first holder, each conveyance of the leg to the next one.
        let bringing = arrival.chain.filter { step in
            switch step.entry.signed?.statement.act {
            case .submission: true
            case .conveyance(let reference): reference.leg == arrival.leg
            default: false
            }
        }
        guard bringing.indices.contains(place) else { return nil }
        index = bringing[place].index
        leg = arrival.leg
    }

    static func < (a: ArrivalPlace, b: ArrivalPlace) -> Bool { (a.index, a.leg) < (b.index, b.leg) }
}

extension RelayClient {
    /// Holds the place of an arrival against that of the one before, where this client knows it.
    /// - Throws: ``TransportError`` `withheld`: another arrival must have had this number.
    func follow(_ arrival: VerifiedArrival, of party: PartyID) throws(TransportError) {
        guard let place = ArrivalPlace(arrival, at: party) else {
            throw TransportError(
                .withheld,
                "message \(arrival.message.short), shown as arrival \(arrival.number), has not reached \(party)")
        }
        if let before = lastArrival, before.number.value + 1 == arrival.number.value, place <= before.place {
            throw TransportError(
                .withheld,
                "arrival \(arrival.number) stands at entry \(place.index), not behind the one before, at "
                    + "\(before.place.index)")
        }
        lastArrival = (arrival.number, place)
    }
}
