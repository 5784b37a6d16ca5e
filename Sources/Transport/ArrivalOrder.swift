package import Ledger
package import Statements
import Wire

/// Where an arrival stands in the log: the entry that brought it to the party, and the leg. Arrivals are numbered in
/// this order, so that none can take the number of another.
package struct ArrivalPlace: Hashable, Comparable, Sendable {
    package let index: LogIndex
    package let leg: LegNumber

    package init(index: LogIndex, leg: LegNumber) {
        self.index = index
        self.leg = leg
    }

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

    /// How many of the newest arrivals' places are remembered.
    package static let most = 4_096

    /// Those of the newest arrivals.
    package static func newest(_ places: [ArrivalNumber: ArrivalPlace]) -> [ArrivalNumber: ArrivalPlace] {
        guard places.count > most else { return places }
        return Dictionary(uniqueKeysWithValues: places.sorted { $0.key < $1.key }.suffix(most))
    }

    package static func < (a: ArrivalPlace, b: ArrivalPlace) -> Bool { (a.index, a.leg) < (b.index, b.leg) }
}

extension RelayClient {
    /// Holds the places of arrivals against those of the ones beside them, also as an earlier run saw them, and
    /// remembers them.
    /// - Throws: ``TransportError`` `withheld`: another arrival must have had one of these numbers.
    func compare(_ arrivals: [VerifiedArrival], of party: PartyID) async throws {
        guard !arrivals.isEmpty else { return }
        var known = try await knownPlaces()
        var fresh: [ArrivalNumber: ArrivalPlace] = [:]
        for arrival in arrivals {
            let place = try place(of: arrival, at: party, among: known)
            guard known[arrival.number] == nil else { continue }
            known[arrival.number] = place
            fresh[arrival.number] = place
        }
        guard !fresh.isEmpty else { return }
        remember(known)
        try await views?.note(fresh)
    }

    /// Remembers places beside those that are known, as many as are kept on the disk.
    func remember(_ known: [ArrivalNumber: ArrivalPlace]) {
        places = ArrivalPlace.newest(known.merging(places ?? [:]) { one, _ in one })
    }

    private func knownPlaces() async throws -> [ArrivalNumber: ArrivalPlace] {
        if let places { return places }
        let loaded = try await views?.places() ?? [:]
        // Another call may have gone on meanwhile.
        if places == nil { places = loaded }
        return places ?? loaded
    }

    private nonisolated func place(
        of arrival: VerifiedArrival, at party: PartyID, among known: [ArrivalNumber: ArrivalPlace]
    ) throws(TransportError) -> ArrivalPlace {
        let number = arrival.number
        guard let place = ArrivalPlace(arrival, at: party) else {
            throw TransportError(
                .withheld, "message \(arrival.message.short), shown as arrival \(number), has not reached \(party)")
        }
        if let before = known[number], before != place {
            throw Self.reordered("arrival \(number) stood at entry \(before.index) before, and at \(place.index) now")
        }
        if number.value > 0, let before = known[ArrivalNumber(number.value - 1)], place <= before {
            throw Self.reordered(
                "arrival \(number) stands at entry \(place.index), not behind the one before, at \(before.index)")
        }
        if let after = known[ArrivalNumber(number.value + 1)], place >= after {
            throw Self.reordered(
                "arrival \(number) stands at entry \(place.index), not before the one after it, at \(after.index)")
        }
        return place
    }

    private static func reordered(_ message: String) -> TransportError {
        TransportError(
            .withheld, message,
            hint:
                "Do not rely on this answer; tell the other parties and an auditor. If the relay was wrong before and "
                + "an auditor confirms what it shows now: valise inbox --forget-places.")
    }
}
