package import Ledger
package import Statements
package import Wire

extension RelayClient {
    /// The relay's charter, which must be the pinned one.
    ///
    /// - Throws: ``TransportError`` `proof-wrong` for another charter, `malformed-answer` for amendments, which no
    ///   rules version knows yet.
    package func fetchCharter() async throws -> SignedCharter {
        let bytes = try await get(.charter, limit: ByteLimit.view)
        let view = try answer("the charter") { () throws(FormError) in try CharterView(parsing: bytes) }
        guard view.charter.id == charter.id else {
            throw TransportError(
                .proofWrong, "the relay runs under the charter \(view.charter.id.short), not \(charter.id.short)")
        }
        guard view.amendments.isEmpty else {
            throw TransportError(.malformedAnswer, "the relay's charter has amendments that this version cannot check")
        }
        return view.charter
    }

    /// The identity's party's arrivals with numbers above `query.after`, in order, waiting for one if asked to.
    ///
    /// - Throws: ``TransportError`` `withheld` for a gap in the numbers or in a custody chain, for an arrival that has
    ///   not reached the party or stands elsewhere than it did, or than its neighbours say, and for fewer arrivals than
    ///   the party's newest tick counts.
    package func inbox(_ query: InboxQuery) async throws -> InboxAnswer {
        let party = try asker()
        let bytes = try await get(
            .inbox(query), limit: ByteLimit.view, patience: .seconds(Int64(query.wait)))
        let page = try answer("the inbox") { () throws(FormError) in try InboxPage(parsing: bytes) }
        guard page.party == party, page.arrivals.count <= query.limit else {
            throw TransportError(.malformedAnswer, "the inbox is not the page of \(party) that was asked for")
        }
        let head = try await adopt(page.checkpoint)
        var arrivals: [VerifiedArrival] = []
        var last = query.after
        for arrival in page.arrivals {
            guard arrival.number.value == last.value + 1 else {
                throw TransportError(.withheld, "arrival \(last.value + 1) is missing before \(arrival.number)")
            }
            last = arrival.number
            arrivals.append(try verified(arrival, of: party, in: head))
        }
        let tick = try page.tick.map { proven throws(TransportError) in try verified(tick: proven, of: party, in: head)
        }
        // A page may be cut short, but not to nothing: "more" alone must not hide what the tick counts.
        if let tick, !page.more || arrivals.isEmpty, tick.tick.arrivals > last.value {
            throw TransportError(
                .withheld, "the party's tick counts \(tick.tick.arrivals) arrivals; the relay shows \(last)")
        }
        try await compare(arrivals, of: party)
        try await compare(arrivals.map(\.chain), of: arrivals.map(\.message), in: head)
        return InboxAnswer(head: head, arrivals: arrivals, tick: tick, more: page.more)
    }

    /// A message's custody chain, and the erasure of its content.
    package func message(_ id: MessageID) async throws -> MessageAnswer {
        let bytes = try await get(.message(id), limit: ByteLimit.view)
        let view = try answer("the custody chain") { () throws(FormError) in try MessageView(parsing: bytes) }
        let head = try await adopt(view.checkpoint)
        let erasure = try view.erasure.map { proven throws(TransportError) in
            try verified(erasure: proven, of: id, in: head)
        }
        let chain = try verified(chain: view.chain, of: id, in: head)
        try await compare([chain], of: [id], in: head)
        return MessageAnswer(head: head, chain: chain, erasure: erasure)
    }

    /// The custody chains of what was submitted in the identity's party's name, by whichever delegate, oldest first.
    ///
    /// No tick counts submissions: that none is left out between two of them is the relay's word.
    /// - Parameters:
    ///   - after: submissions with greater log indexes are wanted; 0 for all.
    ///   - limit: of one page, 1 to ``Wire/SentQuery/mostMessages``; what is outside is taken as the nearest of these.
    /// - Throws: ``TransportError`` `withheld` for a gap in a custody chain, `proof-wrong` for another party's message.
    package func sent(after: LogIndex, limit: Int = SentQuery.mostMessages) async throws -> SentAnswer {
        let party = try asker()
        guard let query = SentQuery(after: after, limit: min(max(limit, 1), SentQuery.mostMessages)) else {
            throw TransportError(.malformedAnswer, "no log has an entry \(after)")
        }
        let bytes = try await get(.sent(query), limit: ByteLimit.view)
        let page = try answer("what was sent") { () throws(FormError) in try SentPage(parsing: bytes) }
        // A page may be cut short, but not to nothing: it would be asked for again without end.
        guard page.party == party, page.messages.count <= query.limit, !page.more || !page.messages.isEmpty else {
            throw TransportError(.malformedAnswer, "what was sent is not the page of \(party) that was asked for")
        }
        let head = try await adopt(page.checkpoint)
        var chains: [[VerifiedEntry]] = []
        var last = after
        for message in page.messages {
            let chain = try verified(chain: message.chain, of: message.id, in: head)
            guard let first = chain.first, let statement = first.entry.signed?.statement,
                statement.act.kind == .submission, statement.party == party
            else {
                throw TransportError(.proofWrong, "message \(message.id.short) was not submitted by \(party)")
            }
            guard last < first.index else {
                throw TransportError(.malformedAnswer, "message \(message.id.short) is out of order")
            }
            last = first.index
            chains.append(chain)
        }
        try await compare(chains, of: page.messages.map(\.id), in: head)
        return SentAnswer(head: head, chains: chains, more: page.more)
    }

    /// A party's sealing keys, with the asking party's tick over the keys of all.
    ///
    /// - Throws: ``TransportError`` `withheld` if a key that the tick counts is not among the publications.
    package func keys(_ party: PartyID) async throws -> KeysAnswer {
        let asker = try asker()
        let bytes = try await get(.keys(party), limit: ByteLimit.view)
        let view = try answer("the keys") { () throws(FormError) in try KeysView(parsing: bytes) }
        guard (view.tick == nil) == (view.keyList == nil) else {
            throw TransportError(.malformedAnswer, "the keys come with a tick or a key list, not with both")
        }
        let head = try await adopt(view.checkpoint)
        var published: [KeysAnswer.PublishedKey] = []
        for proven in view.publications { published.append(try verified(key: proven, of: party, in: head)) }
        var tick: VerifiedTick?
        if let proven = view.tick, let list = view.keyList {
            let found = try verified(tick: proven, of: asker, in: head)
            try expect(published, of: party, toCover: list, under: found)
            tick = found
        }
        return KeysAnswer(head: head, tick: tick, keyList: view.keyList, publications: published)
    }

    private nonisolated func asker() throws(TransportError) -> PartyID {
        guard let identity else {
            throw TransportError(.relayRefused, "only a delegate of the charter may ask for this; no identity is set")
        }
        return identity.delegate.party
    }

    private nonisolated func verified(
        _ arrival: InboxPage.Arrival, of party: PartyID, in head: VerifiedHead
    ) throws(TransportError) -> VerifiedArrival {
        let chain = try verified(chain: arrival.chain, of: arrival.message, in: head)
        guard case .submission(let submission) = chain.first?.entry.signed?.statement.act,
            arrival.leg.value < submission.legs.count,
            submission.legs[arrival.leg.value].holders.contains(party)
        else {
            throw TransportError(.proofWrong, "arrival \(arrival.number) is of a message that is not for \(party)")
        }
        return VerifiedArrival(number: arrival.number, message: arrival.message, leg: arrival.leg, chain: chain)
    }

    /// Every entry is in the log and of the message, the first is its submission, and each names the one before.
    private nonisolated func verified(
        chain: [ProvenEntry], of message: MessageID, in head: VerifiedHead
    ) throws(TransportError) -> [VerifiedEntry] {
        var entries: [VerifiedEntry] = []
        for proven in chain {
            let next = try verified(proven, in: head)
            guard next.entry.message == message else {
                throw TransportError(.proofWrong, "entry \(next.index) is not of message \(message.short)")
            }
            guard next.entry.previous == entries.last?.index else {
                throw TransportError(.withheld, "an entry before \(next.index) of message \(message.short) is missing")
            }
            entries.append(next)
        }
        guard let first = entries.first, first.entry.signed.map({ MessageID($0.id) }) == message else {
            throw TransportError(.withheld, "the submission of message \(message.short) is missing")
        }
        return entries
    }

    private nonisolated func verified(
        erasure proven: ProvenEntry, of message: MessageID, in head: VerifiedHead
    ) throws(TransportError) -> VerifiedEntry {
        let entry = try verified(proven, in: head)
        guard let signed = entry.entry.signed, signed.statement.party == .relay,
            case .erasure(let messages) = signed.statement.act, messages.contains(message), isAuthentic(signed)
        else {
            throw TransportError(
                .proofWrong, "entry \(entry.index) is no erasure of message \(message.short) by the relay")
        }
        return entry
    }

    private nonisolated func verified(
        tick proven: ProvenEntry, of party: PartyID, in head: VerifiedHead
    ) throws(TransportError) -> VerifiedTick {
        let entry = try verified(proven, in: head)
        guard let signed = entry.entry.signed, signed.statement.party == .relay,
            case .tick(let tick) = signed.statement.act, tick.party == party, isAuthentic(signed)
        else { throw TransportError(.proofWrong, "entry \(entry.index) is no tick for \(party) by the relay") }
        return VerifiedTick(tick: tick, entry: entry)
    }

    private nonisolated func verified(
        key proven: ProvenEntry, of party: PartyID, in head: VerifiedHead
    ) throws(TransportError) -> KeysAnswer.PublishedKey {
        let entry = try verified(proven, in: head)
        guard let signed = entry.entry.signed, signed.statement.party == party,
            case .keyPublication(let publication) = signed.statement.act, signed.statement.signers.count == 1,
            let signer = signed.statement.signers.first, isAuthentic(signed)
        else { throw TransportError(.proofWrong, "entry \(entry.index) is no sealing key by a delegate of \(party)") }
        return KeysAnswer.PublishedKey(
            delegate: signed.statement.delegate(signer), publication: publication, entry: entry)
    }

    /// The list is the one that the tick was taken over, and no key in it was left out.
    private nonisolated func expect(
        _ published: [KeysAnswer.PublishedKey], of party: PartyID, toCover list: KeyList, under tick: VerifiedTick
    ) throws(TransportError) {
        let hash = try answer("the key list") { () throws(FormError) in try list.hash() }
        guard hash == tick.tick.keys else {
            throw TransportError(.proofWrong, "the key list is not the one that the tick \(tick.entry.index) names")
        }
        let known = Set(published.map { $0.publication.keyID })
        let now = options.now()
        for record in list.keys where record.delegate.party == party && now < record.sealUntil {
            guard known.contains(record.keyID) else {
                throw TransportError(.withheld, "a sealing key of \(record.delegate) is missing")
            }
        }
    }
}
