import Rules
package import Statements

/// How one party of a charter reaches the others.
package struct Reach: Sendable {
    private let charter: PinnedCharter
    private let own: PartyID
    private let now: Timestamp

    package init(charter: PinnedCharter, own: PartyID, now: Timestamp) {
        self.charter = charter
        self.own = own
        self.now = now
    }

    package func routes(_ party: PartyID) -> [Leg] {
        guard party != own else { return [] }
        return Routes(charter.inForce).permitted(from: own, to: party, at: now, precedence: .routine, payload: 0)
    }

    /// `you`, `directly`, `via X`, or `not reachable`, with `barred` where direct contact is.
    package func word(_ party: PartyID) -> String {
        if party == own { return "you" }
        let barred = charter.inForce.isBarred(own, party)
        guard let first = routes(party).first else { return barred ? "barred" : "not reachable" }
        if first.intermediaries.isEmpty { return "directly" }
        let via = first.intermediaries.map(\.description).joined(separator: ", ")
        return barred ? "via \(via) (directly barred)" : "via \(via)"
    }
}
