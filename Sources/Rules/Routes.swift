package import Statements

/// Which routes the charter permits: used to decide, to answer `no-channel` and `barred` with a way that works, and by
/// a client that was not told one.
package struct Routes: Sendable {
    private let charter: CharterInForce

    package init(_ charter: CharterInForce) { self.charter = charter }

    /// Why one hop is not permitted now; nil if it is.
    package func objection(
        from a: PartyID, to b: PartyID, at time: Timestamp, precedence: Precedence, payload: UInt64
    ) -> RejectionCode? {
        if charter.isBarred(a, b) { return .barred }
        let channels = charter.channels(from: a, to: b)
        if channels.isEmpty { return .noChannel }
        let open = channels.filter { $0.isOpen(at: time) }
        if open.isEmpty { return .channelClosed }
        let wide = open.contains { precedence <= $0.highestPrecedence && payload <= $0.largestPayload }
        return wide ? nil : .overLimit
    }

    /// The permitted routes, shortest first, at most `limit`; none goes on past a party that reaches the recipient
    /// itself.
    package func permitted(
        from originator: PartyID, to recipient: PartyID, at time: Timestamp, precedence: Precedence, payload: UInt64,
        limit: Int = 8
    ) -> [Leg] {
        var found: [Leg] = []
        var open: [[PartyID]] = [[originator]]
        var steps = 0
        while !open.isEmpty, found.count < limit, steps < 4_096 {
            let path = open.removeFirst()
            steps += 1
            guard let last = path.last else { continue }
            let reaches = { (next: PartyID) in
                objection(from: last, to: next, at: time, precedence: precedence, payload: payload) == nil
            }
            if reaches(recipient) {
                found.append(Leg(intermediaries: Array(path.dropFirst()), recipient: recipient))
                continue
            }
            guard path.count <= Bounds.intermediaries else { continue }
            for party in charter.charter.parties
            where party.capabilities.intermediary && party.id != recipient && !path.contains(party.id) {
                if reaches(party.id) { open.append(path + [party.id]) }
            }
        }
        return found
    }
}
