import HTTPTypes
import Hummingbird
import Ledger
import NIOCore
import Rules
import Statements
import Store
import Wire

/// What a party of the charter may read: its inbox, its messages, the keys of others. Views of the log, with proofs.
struct PartyViews {
    let log: PublishedLog
    let store: any Store
    let reader: LogReader
    let bell: InboxBell

    /// What is there now.
    func inbox(_ query: InboxQuery, of party: PartyID) async throws -> Response {
        let newest = try await store.latestTick(party)
        let snapshot = await self.snapshot(covering: newest)
        let found = try await store.inbox(party, after: query.after, limit: query.limit + 1)
        var arrivals: [InboxPage.Arrival] = []
        var size = 0
        var more = found.count > query.limit
        for arrival in found.prefix(query.limit) {
            // What arrived after the snapshot that this page is proven in is for the next one.
            guard arrival.number.value <= snapshot.standing.counters[party]?.arrivals ?? 0 else {
                more = false
                break
            }
            let chain = try await reader.prove(store.chain(arrival.message), in: snapshot)
            size += Self.size(of: chain)
            if size > Self.room, !arrivals.isEmpty {
                more = true
                break
            }
            arrivals.append(
                InboxPage.Arrival(
                    number: arrival.number, message: arrival.message, leg: arrival.leg, chain: chain))
        }
        let page = InboxPage(
            party: party, checkpoint: snapshot.checkpoint, arrivals: arrivals,
            tick: try await prove(newest, in: snapshot), more: more)
        return Answer.json(try page.encoded())
    }

    /// What was submitted in a party's name, by whichever delegate.
    func sent(_ query: SentQuery, of party: PartyID) async throws -> Response {
        let snapshot = log.snapshot
        let found = try await store.submissions(of: party, after: query.after, limit: query.limit + 1)
        var messages: [SentPage.Message] = []
        var size = 0
        var more = found.count > query.limit
        for id in found.prefix(query.limit) {
            let chain = try await reader.prove(store.chain(id), in: snapshot)
            // What was submitted after the snapshot that this page is proven in is for a later look.
            guard !chain.isEmpty else {
                more = false
                break
            }
            size += Self.size(of: chain)
            if size > Self.room, !messages.isEmpty {
                more = true
                break
            }
            messages.append(SentPage.Message(id: id, chain: chain))
        }
        let page = SentPage(party: party, checkpoint: snapshot.checkpoint, messages: messages, more: more)
        return Answer.json(try page.encoded())
    }

    /// How many bytes of chains a page takes.
    private static let room = ByteLimit.view - ByteLimit.note * 2

    /// How many bytes a chain takes in a page, rounded up.
    private static func size(of chain: [ProvenEntry]) -> Int {
        chain.reduce(0) { $0 + ($1.entryBytes.count + $1.proof.count * 32 + 64) * 3 / 2 }
    }

    private func prove(_ entry: StoredEntry?, in snapshot: PublishedLog.Snapshot) async throws -> ProvenEntry? {
        guard let entry else { return nil }
        return try await reader.prove([entry], in: snapshot).first
    }

    /// A snapshot that has the tick in it: the store has a batch a moment before it is published.
    private func snapshot(covering tick: StoredEntry?) async -> PublishedLog.Snapshot {
        for _ in 0..<200 {
            let snapshot = log.snapshot
            guard let tick, tick.index.rawValue >= snapshot.head.size.rawValue else { return snapshot }
            try? await Task.sleep(for: .milliseconds(5))
        }
        return log.snapshot
    }

    func message(_ id: MessageID, for party: PartyID) async throws -> Response {
        let chain = try await visibleChain(id, to: party).stored
        let erasure = try await store.erasure(id)
        let snapshot = log.snapshot
        let view = MessageView(
            checkpoint: snapshot.checkpoint, chain: try await reader.prove(chain, in: snapshot),
            erasure: try await prove(erasure, in: snapshot))
        return Answer.json(try view.encoded())
    }

    /// The chain of a message, for those on its routes and auditors; for others it does not exist.
    private func visibleChain(
        _ id: MessageID, to party: PartyID
    ) async throws -> (stored: [StoredEntry], state: MessageState) {
        let stored = try await store.chain(id)
        let chain = try stored.map { (index: $0.index, entry: try Entry(der: $0.bytes, limit: Bounds.entry)) }
        guard let state = MessageState(chain: chain),
            Release.maySee(party, state, charter: log.snapshot.standing.charter)
        else { throw Problem(.notFound, "There is no message \(id.short) for \(party).") }
        return (stored, state)
    }

    func keys(of other: PartyID, for party: PartyID) async throws -> Response {
        let newest = try await store.latestTick(party)
        let snapshot = await self.snapshot(covering: newest)
        guard snapshot.standing.charter.party(other) != nil else {
            throw Problem(.notFound, "\(other) is not a party of the charter.")
        }
        let publications = try await store.publications(other, at: snapshot.standing.lastAcceptedAt)
        var list: KeyList?
        let tick = try await prove(newest, in: snapshot)
        if let tick {
            let entry = try Entry(der: tick.entryBytes, limit: Bounds.entry)
            list = KeyList(try await store.keys(before: tick.index, at: entry.acceptedAt), at: entry.acceptedAt)
        }
        let view = KeysView(
            checkpoint: snapshot.checkpoint, tick: tick, keyList: list,
            publications: try await reader.prove(publications, in: snapshot))
        return Answer.json(try view.encoded())
    }

    func consistency(from: TreeSize, to: TreeSize) async throws -> Response {
        let snapshot = log.snapshot
        guard to <= snapshot.head.size else {
            throw Problem(.notFound, "The log has \(snapshot.head.size) entries, not \(to).")
        }
        let proof = try await reader.consistency(from: from, to: to, in: snapshot)
        return Answer.json(ConsistencyView(from: from, to: to, proof: proof).encoded)
    }

    /// The envelope file, to a holder whose receipt is logged; whole, or from an offset.
    func envelope(_ id: MessageID, for party: PartyID, _ request: Request) async throws -> Response {
        let (_, state) = try await visibleChain(id, to: party)
        guard Release.permits(party, state) else {
            throw Problem(.notReleased, "No retrieved receipt of \(party) for message \(id.short) is in the log.")
        }
        guard let size = try await store.envelopeSize(id) else {
            if let erasure = try await store.erasure(id) {
                throw Problem(
                    .erased, "The content of message \(id.short) was erased, as entry \(erasure.index) of the log says."
                )
            }
            throw Problem(.notFound, "The content of message \(id.short) is no longer kept.")
        }
        let store = store
        return try Answer.file(request, size: size) { try await store.envelope(id, $0) }
    }
}
