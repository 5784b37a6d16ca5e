import Archive
package import Rules
package import Statements
package import Transport
import Wire

/// One arrival with what its verified custody chain says now.
package struct InboxRow: Sendable {
    package let arrival: VerifiedArrival
    package let tracked: TrackedMessage
    /// The leg's stage now, ended by time included.
    package let stage: LegStage
    /// Whether this party is the leg's recipient; otherwise it carries it.
    package let isRecipient: Bool
    /// Whether something is left to do here: to carry it on, to retrieve it, or to open it.
    package let isOpen: Bool
    /// Whether no earlier look at the inbox showed it.
    package let isNew: Bool

    package var submission: Submission { tracked.state.submission }
    package var recipient: PartyID { tracked.state.legs[arrival.leg.value].route.recipient }
    /// Nobody of this party has retrieved or passed it on.
    package var isUnread: Bool {
        switch stage {
        case .held: isOpen
        case .available: isRecipient
        default: false
        }
    }

    /// - Throws: ``DeskError`` `custody-broken`.
    init(_ arrival: VerifiedArrival, desk: Desk, seen: ArrivalNumber) throws {
        self.arrival = arrival
        tracked = try TrackedMessage(arrival.chain, charter: desk.charter)
        stage = tracked.stage(arrival.leg, at: desk.now(), charter: desk.charter)
        let leg = tracked.state.legs[arrival.leg.value]
        isRecipient = leg.route.recipient == desk.party
        isNew = arrival.number > seen
        isOpen = Self.concerns(desk.party, leg.route, stage)
        isSettledHere = !Self.concerns(desk.party, leg.route, leg.stage)
    }

    private static func concerns(_ party: PartyID, _ route: Leg, _ stage: LegStage) -> Bool {
        switch stage {
        case .held(let hop): route.intermediaries[hop] == party
        case .available, .retrieved: route.recipient == party
        default: false
        }
    }

    /// Whether nothing more can concern this party, as the log says and whatever a clock says: what has ended stays
    /// ended, and a leg that was passed on does not come back.
    fileprivate let isSettledHere: Bool
}

/// What a look at the inbox showed.
package struct InboxLook: Sendable {
    /// In the order of arrival.
    package let rows: [InboxRow]
    package let tick: VerifiedTick?
    package let head: VerifiedHead
    /// The number of the newest arrival; 0 if nothing ever arrived.
    package let newest: ArrivalNumber
}

extension Desk {
    /// Looks at this party's inbox.
    ///
    /// What lies before the first arrival that was still open at an earlier look is not asked for again unless `all`.
    /// - Parameter marking: whether what is shown now counts as seen from now on.
    /// - Throws: ``Transport/TransportError`` `withheld` for a gap, or fewer arrivals than the tick counts.
    package func inbox(all: Bool = false, marking: Bool = true) async throws -> InboxLook {
        let memory = InboxMemory(home)
        let known = try memory.load()
        let answer = try await arrivals(after: all ? ArrivalNumber(0) : known.settled)
        let rows = try answer.arrivals.map { try InboxRow($0, desk: self, seen: known.seen) }
        let newest = max(answer.arrivals.last?.number ?? known.settled, known.settled)
        var settled = all ? ArrivalNumber(0) : known.settled
        for row in rows {
            guard row.isSettledHere, row.arrival.number.value == settled.value + 1 else { break }
            settled = row.arrival.number
        }
        try memory.note(
            rows.map(\.arrival), settled: settled, seen: marking ? newest : known.seen)
        return InboxLook(rows: rows, tick: answer.tick, head: answer.head, newest: newest)
    }

    /// Waits for arrivals with greater numbers, up to `seconds`; none when nothing came.
    func awaitArrivals(after: ArrivalNumber, seconds: Int) async throws -> InboxLook {
        guard let query = InboxQuery(after: after, wait: seconds) else { throw Self.tooLong }
        let page = try await relay.inbox(query)
        let rows = try page.arrivals.map { try InboxRow($0, desk: self, seen: after) }
        let newest = page.arrivals.last?.number ?? after
        return InboxLook(rows: rows, tick: page.tick, head: page.head, newest: newest)
    }

    /// Notes that somebody, or some program, has been told of these arrivals.
    package func markSeen(_ look: InboxLook) throws {
        let memory = InboxMemory(home)
        try memory.note(look.rows.map(\.arrival), settled: try memory.load().settled, seen: look.newest)
    }

    /// Every arrival in this party's inbox with a greater number, with its newest tick.
    /// - Throws: ``Transport/TransportError`` `withheld` for a gap, or fewer arrivals than the tick counts.
    package func arrivals(after: ArrivalNumber) async throws -> InboxAnswer {
        var arrivals: [VerifiedArrival] = []
        while true {
            guard let query = InboxQuery(after: arrivals.last?.number ?? after, limit: InboxQuery.mostArrivals) else {
                throw Self.tooLong
            }
            let page = try await relay.inbox(query)
            arrivals.append(contentsOf: page.arrivals)
            if !page.more {
                return InboxAnswer(head: page.head, arrivals: arrivals, tick: page.tick, more: false)
            }
        }
    }

    /// The messages that this desk knows of whose identifiers begin so: arrived, sent, or in the archive. The relay is
    /// asked only when none does.
    package func known(beginning prefix: String) async throws -> Set<MessageID> {
        var found = Set(try InboxMemory(home).arrived(beginning: prefix))
        found.formUnion(try SentList(home).messages().filter { $0.description.hasPrefix(prefix) })
        found.formUnion(try await archive().matching(prefix: prefix))
        if !found.isEmpty { return found }
        let answer = try await arrivals(after: ArrivalNumber(0))
        let memory = InboxMemory(home)
        let kept = try memory.load()
        try memory.note(answer.arrivals, settled: kept.settled, seen: kept.seen)
        return Set(answer.arrivals.map(\.message).filter { $0.description.hasPrefix(prefix) })
    }

    private static let tooLong = DeskError(
        "inbox-too-long", "The inbox cannot be numbered further.", hint: "tell the operator")
}
