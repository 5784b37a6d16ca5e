import Statements

/// Walks the source's keys and makes the charter of them.
struct CharterSourceReader {
    let now: Timestamp
    let file: (String) throws -> [UInt8]

    private static let largestPayload: UInt64 = 64 << 20
    private static let rosterDelay = TimeSpan.days(3)
    private static let retention = TimeSpan.days(30)

    func charter(_ root: SourceNode) throws(CharterSourceError) -> Charter {
        let keys = try root.keys(
            "title", "made", "relay", "parties", "channels", "bars", "limits", "stewards", "witnesses",
            "limited-auditors")
        let madeAt = try keys["made"].map { (node) throws(CharterSourceError) in try node.time() } ?? now
        let stewards = try keys.required("stewards").keys("threshold", "roster-delay")
        let witnesses = try witnesses(keys["witnesses"])
        return Charter(
            rulesVersion: RulesVersions.known.upperBound, title: try keys.required("title").text(), madeAt: madeAt,
            relay: try relay(try keys.required("relay")), parties: try parties(try keys.required("parties")),
            channels: try channels(try keys.required("channels"), from: madeAt), bars: try bars(keys["bars"]),
            limits: try limits(keys["limits"]), witnesses: witnesses.list, witnessQuorum: witnesses.quorum,
            stewardThreshold: try stewards.required("threshold").number(1...UInt64(Bounds.parties)),
            rosterDelay: try stewards["roster-delay"].map { (node) throws(CharterSourceError) in
                try node.span(orZero: true)
            } ?? Self.rosterDelay, limitedAuditors: try limitedAuditors(keys["limited-auditors"]))
    }

    private func relay(_ node: SourceNode) throws(CharterSourceError) -> RelayIdentity {
        let keys = try node.keys("public", "url", "origin", "publication")
        let place = try keys.required("public")
        let text = try contents(place, .badRelay)
        let known: RelayPublicText
        do { known = try RelayPublicText(text: text) } catch {
            throw place.error(.badRelay, "the file is not what the relay printed: \(error.field): \(error.expected)")
        }
        let url = try keys["url"].map { (node) throws(CharterSourceError) in try node.text(limit: 255) }
        let origin = try keys["origin"].map { (node) throws(CharterSourceError) in try node.text(limit: 255) }
        return RelayIdentity(
            url: url ?? known.url, origin: origin ?? known.origin, logKey: known.logKey, actKey: known.actKey,
            tlsRoots: [known.tlsRoot],
            publication: try keys["publication"].map { (node) throws(CharterSourceError) in
                try node.choice(Publication.self)
            } ?? .private)
    }

    private func parties(_ node: SourceNode) throws(CharterSourceError) -> [Party] {
        var parties: [Party] = []
        for (name, value) in try node.pairs(1...Bounds.parties) {
            guard let id = PartyID(name) else {
                throw value.error(
                    .badName, "'\(name.prefix(70))' is not a name: 1 to 63 of a-z, 0-9 and single inner hyphens")
            }
            parties.append(try party(id, value))
        }
        return parties.sorted { $0.id < $1.id }
    }

    private func party(_ id: PartyID, _ node: SourceNode) throws(CharterSourceError) -> Party {
        let keys = try node.keys("title", "capabilities", "quorum", "founder", "cards")
        let cardList = try keys.required("cards")
        var delegates: [Delegate] = []
        for place in try cardList.list(1...Bounds.delegates) {
            let card = try card(place)
            guard card.id.party == id else {
                throw place.error(.badCard, "the card is of \(card.id), and a delegate of \(id) was expected")
            }
            guard !delegates.contains(where: { $0.name == card.id.name }) else {
                throw place.error(.badCard, "there is a second card of \(card.id)")
            }
            delegates.append(card.delegate)
        }
        var founder = delegates[0].name
        if let named = keys["founder"] {
            founder = try named.delegate()
            guard delegates.contains(where: { $0.name == founder }) else {
                throw named.error(.badName, "no card of \(id)/\(founder) is listed")
            }
        } else if delegates.count > 1 {
            throw node.error(.missingKey, "the key founder is missing: which of the delegates signs for \(id)?")
        }
        return Party(
            id: id, title: try keys.required("title").text(), capabilities: try capabilities(keys["capabilities"]),
            releaseQuorum: Int(
                try keys["quorum"].map { (node) throws(CharterSourceError) in
                    try node.number(1...UInt64(Bounds.signers))
                } ?? 1), founder: founder,
            delegates: delegates.sorted { $0.name < $1.name })
    }

    private func card(_ place: SourceNode) throws(CharterSourceError) -> Card {
        let text = try contents(place, .badCard)
        do { return try Card(text: text) } catch {
            throw place.error(.badCard, "the file is not a card: \(error.field): expected \(error.expected)")
        }
    }

    private enum Capability: String, CaseIterable, CustomStringConvertible {
        case intermediary, auditor, steward
        var description: String { rawValue }
    }

    private func capabilities(_ node: SourceNode?) throws(CharterSourceError) -> Capabilities {
        var capabilities = Capabilities()
        for item in try node?.list(0...3) ?? [] {
            switch try item.choice(Capability.self) {
            case .intermediary: capabilities.intermediary = true
            case .auditor: capabilities.auditor = true
            case .steward: capabilities.steward = true
            }
        }
        return capabilities
    }

    private func channels(_ node: SourceNode, from madeAt: Timestamp) throws(CharterSourceError) -> [Channel] {
        var channels: [Channel] = []
        for place in try node.list(0...Bounds.channels) { channels.append(try channel(place, madeAt)) }
        return channels
    }

    private func channel(_ place: SourceNode, _ madeAt: Timestamp) throws(CharterSourceError) -> Channel {
        let keys = try place.keys("between", "from", "to", "opens", "closes", "window", "precedence", "size")
        try keys.onlyOne("between", "from")
        try keys.onlyOne("between", "to")
        try keys.onlyOne("closes", "window")
        let ends: (PartyID, PartyID, Channel.Direction)
        if let between = keys["between"] {
            let pair = try between.list(2...2)
            ends = (try pair[0].party(), try pair[1].party(), .both)
        } else {
            guard keys["from"] != nil || keys["to"] != nil else {
                throw place.error(.missingKey, "the key between is missing; a one-way channel has from and to")
            }
            ends = (try keys.required("from").party(), try keys.required("to").party(), .oneWay)
        }
        let opens = try keys["opens"].map { (node) throws(CharterSourceError) in try node.time() } ?? madeAt
        let closes: Timestamp
        if let window = keys["window"] {
            closes = opens + (try window.span())
        } else {
            guard let end = keys["closes"] else {
                throw place.error(.missingKey, "when the channel closes is missing: closes or window")
            }
            closes = try end.time()
        }
        return Channel(
            from: ends.0, to: ends.1, direction: ends.2, opensAt: opens, closesAt: closes,
            highestPrecedence: try keys["precedence"].map { (node) throws(CharterSourceError) in
                try node.choice(Precedence.self)
            } ?? .flash,
            largestPayload: try keys["size"].map { (node) throws(CharterSourceError) in try node.size() }
                ?? Self.largestPayload)
    }

    private func bars(_ node: SourceNode?) throws(CharterSourceError) -> [Bar] {
        var bars: [Bar] = []
        for place in try node?.list(0...Bounds.bars) ?? [] {
            let pair = try place.list(2...2)
            let bar = Bar(try pair[0].party(), try pair[1].party())
            guard bar.first != bar.second else { throw place.error(.conflict, "two different parties were expected") }
            bars.append(bar)
        }
        return bars.sorted()
    }

    private func limitedAuditors(_ node: SourceNode?) throws(CharterSourceError) -> [LimitedAuditor] {
        var auditors: [LimitedAuditor] = []
        for (name, value) in try node?.pairs(1...Bounds.parties) ?? [] {
            guard let party = PartyID(name) else {
                throw value.error(.badName, "'\(name.prefix(70))' is not the name of a party")
            }
            var pairs: [PartyPair] = []
            for place in try value.list(1...Bounds.channels) {
                let names = try place.list(2...2)
                let pair = PartyPair(try names[0].party(), try names[1].party())
                guard pair.first != pair.second else {
                    throw place.error(.conflict, "two different parties were expected")
                }
                pairs.append(pair)
            }
            auditors.append(LimitedAuditor(party: party, channels: pairs.sorted()))
        }
        return auditors.sorted { $0.party < $1.party }
    }

    private func limits(_ node: SourceNode?) throws(CharterSourceError) -> Limits {
        var limits = Limits.standard
        limits.retention = Self.retention
        guard let node else { return limits }
        let keys = try node.keys(
            "longest-lifetime", "longest-submit-window", "confirm-grace", "key-grace", "tick-interval",
            "tick-freshness", "unsettled-messages", "unsettled-bytes", "retention")
        if let value = keys["longest-lifetime"] { limits.longestLifetime = try value.span() }
        if let value = keys["longest-submit-window"] { limits.longestSubmitWindow = try value.span() }
        if let value = keys["confirm-grace"] { limits.confirmGrace = try value.span(orZero: true) }
        if let value = keys["key-grace"] { limits.keyGrace = try value.span(orZero: true) }
        if let value = keys["tick-interval"] { limits.tickInterval = try value.span() }
        if let value = keys["tick-freshness"] { limits.tickFreshness = try value.span() }
        if let value = keys["unsettled-messages"] { limits.unsettledMessages = try value.number(1...1_000_000_000) }
        if let value = keys["unsettled-bytes"] { limits.unsettledBytes = try value.size() }
        if let value = keys["retention"] { limits.retention = try value.text() == "forever" ? nil : value.span() }
        return limits
    }

    private func witnesses(_ node: SourceNode?) throws(CharterSourceError) -> (list: [Witness], quorum: UInt64) {
        guard let node else { return ([], 0) }
        let keys = try node.keys("quorum", "list")
        var list: [Witness] = []
        for place in try keys.required("list").list(1...Bounds.witnesses) {
            let witness = try place.keys("key", "url")
            list.append(
                Witness(
                    verifierKey: try witness.required("key").text(), url: try witness.required("url").text(limit: 255)))
        }
        return (list, try keys.required("quorum").number(0...UInt64(list.count)))
    }

    private func contents(
        _ place: SourceNode, _ code: CharterSourceError.Code
    ) throws(CharterSourceError) -> String {
        let name = try place.text()
        do {
            guard let text = String(validating: try file(name), as: UTF8.self) else {
                throw place.error(code, "\(name) is not UTF-8 text")
            }
            return text
        } catch let error as CharterSourceError {
            throw error
        } catch {
            throw place.error(code, (error as? DeskError)?.message ?? "\(name) could not be read")
        }
    }
}
