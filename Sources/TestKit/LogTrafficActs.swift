import Ledger
import Rules
import Statements

/// What the parties and the relay do, and how often.
extension LogTraffic {
    /// The statement that an event leads to; nil when it has come to nothing.
    mutating func statement(_ event: LogEvents.Event) throws -> SignedStatement? {
        switch event {
        case .tick(let party): return try tick(party)
        case .submission: return try submission()
        case .key(let delegate): return try key(delegate)
        case .look(let message, let leg): return try look(message, leg)
        case .open(let message, let leg): return try open(message, leg)
        case .hop(let message, let leg, let party):
            events.add(.look(message, leg), at: now + random.span(around: .minutes(5)))
            let receipt = Act.receipt(LegReference(message: message, leg: leg), .opened)
            return try sign(receipt, by: [delegate(of: party)])
        case .recall(let message): return try recall(message)
        case .deadline(let message, let leg): return try deadline(message, leg)
        }
    }

    private mutating func delegate(of party: PartyID) -> DelegateID {
        let names = world.charter.charter.parties.first { $0.id == party }?.delegates.map(\.name) ?? []
        return DelegateID(party: party, name: names.randomElement(using: &random) ?? .act)
    }

    /// Who signs what an office lets out: as many as the charter wants.
    private mutating func releasers(of party: PartyID) -> [DelegateID] {
        let quorum = facts.standing.charter.party(party)?.releaseQuorum ?? 1
        guard quorum > 1 else { return [delegate(of: party)] }
        return Array(world.delegates.filter { $0.party == party }.shuffled(using: &random).prefix(quorum))
    }

    private mutating func tick(_ party: PartyID) throws -> SignedStatement {
        events.add(.tick(party), at: now + facts.standing.charter.limits.tickInterval)
        facts.standing.prepareKeysHash(at: now)
        let tick = Tick(
            party: party, arrivals: facts.standing.counters[party]?.arrivals ?? 0,
            charterInForce: facts.standing.charter.inForce, keys: facts.standing.keysHash(at: now))
        return try sign(.tick(tick), by: [world.relay])
    }

    /// Four windows of 30 days ahead, one after the other, as a desk publishes them.
    private mutating func key(_ delegate: DelegateID) throws -> SignedStatement {
        let window = TimeSpan.days(30)
        let known = published[delegate, default: []]
        let from = known.last?.sealUntil ?? now
        let next = known.count < 3 ? now + .seconds(20) : from - .days(60)
        events.add(.key(delegate), at: next)
        let limits = facts.standing.charter.limits
        let publication = KeyPublication(
            sealingKey: random.bytes(1_216), sealFrom: from, sealUntil: from + window,
            keepUntil: from + window + limits.longestLifetime + limits.keyGrace)
        let record = SealingKeyRecord(
            delegate: delegate, keyID: publication.keyID, sealFrom: publication.sealFrom,
            sealUntil: publication.sealUntil, keepUntil: publication.keepUntil)
        published[delegate, default: []].append(record)
        for id in facts.standing.keys.values.filter({ $0.keepUntil <= now }).map(\.keyID) {
            facts.standing.keys[id] = nil
        }
        return try sign(.keyPublication(publication), by: [delegate])
    }

    private mutating func submission() throws -> SignedStatement? {
        events.add(.submission, at: now + random.span(around: pause))
        let originator = random.happens(10) ? world.middle : random.happens(50) ? world.north : world.south
        guard let party = originator.randomElement(using: &random) else { return nil }
        let first = leg(from: party)
        var legs = [first]
        if random.happens(10) {
            let second = leg(from: party)
            if second.recipient != first.recipient { legs.append(second) }
        }
        let parties = Set(legs.map(\.recipient)).union(random.happens(20) ? legs.flatMap(\.intermediaries) : [])
            .union(random.happens(50) ? [party] : [])
        let sealedTo = published.values.joined().filter { key in
            parties.contains(key.delegate.party) && key.sealFrom <= now && now + .seconds(5) < key.sealUntil
        }.map(\.keyID).sorted()
        guard let nonce = Nonce(random.bytes(32)) else { return nil }
        let digest = Hash.sha256(nonce.bytes)
        let expiry = now + .hours(12) + random.span(around: .hours(60))
        let submission = Submission(
            nonce: nonce, writtenUnder: facts.standing.charter.revisions(originator: party, legs: legs), legs: legs,
            precedence: Precedence.allCases.randomElement(using: &random) ?? .routine, expiry: expiry,
            sealedTo: sealedTo, sealedKeysDigest: digest, payloadDigest: Hash.sha256(digest.bytes),
            payloadSize: 1_024 << (random.next() % 8), keyCommitment: digest, contentCommitment: digest)
        let signed = try sign(.submission(submission), by: releasers(of: party))
        let message = MessageID(signed.id)
        for number in legs.indices.compactMap({ LegNumber($0) }) {
            events.add(.look(message, number), at: now + random.span(around: .minutes(20)))
            events.add(.deadline(message, number), at: expiry)
        }
        if random.happens(3) { events.add(.recall(message), at: now + random.span(around: .minutes(20))) }
        return signed
    }

    private mutating func leg(from party: PartyID) -> Leg {
        let others = world.south.contains(party) ? world.north : world.south
        let recipient = others.randomElement(using: &random) ?? party
        if world.middle.contains(party) { return Leg(intermediaries: [], recipient: recipient) }
        let carriers = world.middle.shuffled(using: &random)
        if random.happens(8) { return Leg(intermediaries: [], recipient: carriers[0]) }
        return Leg(intermediaries: Array(carriers.prefix(random.happens(10) ? 2 : 1)), recipient: recipient)
    }

    /// Whoever holds the leg passes it on, takes it, refuses it, or lets it lie.
    private mutating func look(_ id: MessageID, _ number: LegNumber) throws -> SignedStatement? {
        guard let message = facts.messages[id] else { return nil }
        let reference = LegReference(message: id, leg: number)
        let leg = message.legs[number.value]
        switch message.stage(number, at: now, grace: facts.standing.charter.limits.confirmGrace) {
        case .held(let hop):
            let party = leg.route.intermediaries[hop]
            let keys = published.filter { $0.key.party == party }.values.joined().map(\.keyID)
            if !Set(keys).isDisjoint(with: message.submission.sealedTo), leg.hopReceipts[party] == nil {
                events.add(.hop(id, number, party), at: now + random.span(around: .seconds(20)))
                return try sign(.receipt(reference, .retrieved), by: [delegate(of: party)])
            }
            if random.happens(2) { return nil }
            if random.happens(2) { return try refusal(reference, by: party) }
            events.add(.look(id, number), at: now + random.span(around: .minutes(30)))
            return try sign(.conveyance(reference), by: releasers(of: party))
        case .available:
            if random.happens(4) { return nil }
            if random.happens(3) { return try refusal(reference, by: leg.route.recipient) }
            if !random.happens(3) {
                events.add(.open(id, number), at: now + random.span(around: .seconds(10)))
            }
            return try sign(.receipt(reference, .retrieved), by: [delegate(of: leg.route.recipient)])
        default: return nil
        }
    }

    private mutating func refusal(_ reference: LegReference, by party: PartyID) throws -> SignedStatement {
        let reason = RefusalReason.allCases.randomElement(using: &random) ?? .declined
        return try sign(.refusal(reference, reason), by: [delegate(of: party)])
    }

    private mutating func open(_ id: MessageID, _ number: LegNumber) throws -> SignedStatement? {
        guard let message = facts.messages[id],
            message.stage(number, at: now, grace: facts.standing.charter.limits.confirmGrace) == .retrieved
        else { return nil }
        let outcome = random.happens(3) ? ReceiptOutcome.unreadable(.digest) : .opened
        let party = message.legs[number.value].route.recipient
        return try sign(.receipt(LegReference(message: id, leg: number), outcome), by: [delegate(of: party)])
    }

    private mutating func recall(_ id: MessageID) throws -> SignedStatement? {
        guard let message = facts.messages[id] else { return nil }
        let grace = facts.standing.charter.limits.confirmGrace
        let legs = message.legs.indices.compactMap { LegNumber($0) }.filter { number in
            switch message.stage(number, at: now, grace: grace) {
            case .held, .available: true
            default: false
            }
        }
        return legs.isEmpty ? nil : try sign(.recall(id, legs: legs), by: [delegate(of: message.originator)])
    }

    private mutating func deadline(_ id: MessageID, _ number: LegNumber) throws -> SignedStatement? {
        guard let message = facts.messages[id], !message.legs[number.value].stage.isTerminal else { return nil }
        let grace = facts.standing.charter.limits.confirmGrace
        guard message.stage(number, at: now, grace: grace).isTerminal else {
            events.add(.deadline(id, number), at: message.submission.expiry + grace)
            return nil
        }
        return try sign(.expiry(LegReference(message: id, leg: number)), by: [world.relay])
    }
}
