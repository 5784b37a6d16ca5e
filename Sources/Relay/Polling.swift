import Hummingbird
import Rules
import Statements
import Wire

/// Inboxes that wait for something to arrive. Thousands may wait at a time, and all that is on the way to the wait
/// stays in memory meanwhile: an async function that waits in one of its branches holds room for the others. So these
/// requests part from the others early, and nothing that comes after the wait shares a function with it.
extension RelayResponder {
    /// The query of a request that waits; nil for every other request.
    static func waiting(_ route: Route) -> InboxQuery? {
        guard case .inbox(let query) = route, query.wait > 0 else { return nil }
        return query
    }

    func poll(_ query: InboxQuery, _ request: Request) async throws -> Response {
        let party = try poller(query, request)
        let views = PartyViews(log: log, store: store, reader: reader, bell: bell)
        return try await turnstile.poll(of: party) {
            try await views.hold(query, of: party, request)
            return try await views.inbox(query, of: party)
        }
    }

    private func poller(_ query: InboxQuery, _ request: Request) throws -> PartyID {
        let who = try Authentication.reader(
            request, route: .inbox(query), charter: log.snapshot.standing.charter, now: clock.now)
        try turnstile.admitRequest(who)
        return who.party
    }
}

extension PartyViews {
    /// Returns when there is something behind the query's place, or its time is up.
    /// - Throws: `CancellationError` when the client goes away: a waiting handler does not end by that alone.
    func hold(_ query: InboxQuery, of party: PartyID, _ request: Request) async throws {
        let log = log
        let hasMore: @Sendable () -> Bool = {
            (log.snapshot.standing.counters[party]?.arrivals ?? 0) > query.after.value
        }
        if hasMore() { return }
        let place = bell.place(for: party)
        let isThere = try await request.body.consumeWithInboundCloseHandler { _ in
            await place.wait(for: .seconds(query.wait), unless: hasMore)
        } onInboundClosed: {
            place.leave()
        }
        guard isThere else { throw CancellationError() }
    }
}
