package import Ledger
package import Rules
package import Statements
package import Store

/// A log that grows by real decisions: statements are signed, checked, decided and appended as a relay does it, and
/// what comes out are the batches for a store, with everything that it should hold afterwards.
///
/// A value: a copy grows on its own.
package struct LogFixture: Sendable {
    package let world: FixtureWorld
    /// The batch that brings the charter.
    package let founding: CommitBatch
    /// Everything the rules know of this log; nothing is forgotten.
    package private(set) var facts: Facts
    package private(set) var entries: [NewEntry]
    package private(set) var head: LogHead
    package private(set) var checkpoint: [UInt8]
    package private(set) var now: Timestamp
    private var tiles: TileBuilder
    private var drawn = 0

    package init(world: FixtureWorld) throws {
        self.world = world
        now = world.start
        let entry = Entry(
            acceptedAt: now, salt: FixtureWorld.bytes("salt 0", 16), constitution: Revision(0), roster: Revision(0),
            previous: nil, body: .charter(world.charter))
        let new = NewEntry(entry: entry, bytes: try entry.derBytes(), changes: nil, envelope: nil)
        entries = [new]
        tiles = TileBuilder()
        tiles.append(Merkle.leafHash(new.bytes))
        head = LogHead(size: tiles.size, root: tiles.root)
        checkpoint = try world.checkpoint(head)
        founding = CommitBatch(
            base: 0, entries: entries, tiles: tiles.drain(), head: head, checkpoint: checkpoint)
        facts = Facts(
            standing: StandingFacts(charter: world.charter, acceptedAt: now), roots: [0: Merkle.emptyRoot])
        facts.roots[head.size] = head.root
    }

    /// A signed statement, with the envelope of a submission.
    package struct Item: Sendable {
        package let signed: SignedStatement
        package let envelope: EnvelopeBytes?
        package var message: MessageID { MessageID(signed.id) }
        package init(_ signed: SignedStatement, envelope: EnvelopeBytes? = nil) {
            self.signed = signed
            self.envelope = envelope
        }
    }

    /// A statement that was expected to be accepted, and was not.
    package enum Refused: Error {
        case rejected(Objection)
        case repeated(LogIndex)
    }

    package mutating func wait(_ span: TimeSpan) { now = now + span }

    /// Decides the statements one after the other, appends them, and signs the new checkpoint.
    package mutating func batch(_ items: [Item]) throws -> CommitBatch {
        let base = tiles.size
        var new: [NewEntry] = []
        for item in items { new.append(try append(item)) }
        entries += new
        head = LogHead(size: tiles.size, root: tiles.root)
        facts.roots[head.size] = head.root
        checkpoint = try world.checkpoint(head)
        return CommitBatch(base: base, entries: new, tiles: tiles.drain(), head: head, checkpoint: checkpoint)
    }

    private mutating func append(_ item: Item) throws -> NewEntry {
        let examined = ExaminedStatement(item.signed) { facts.standing.charter.key($0) }
        let changes: Changes
        switch Decider.decide(examined, at: now, facts: facts) {
        case .accepted(let accepted): changes = accepted
        case .rejected(let objection): throw Refused.rejected(objection)
        case .repeated(let index): throw Refused.repeated(index)
        }
        let entry = Entry(
            acceptedAt: now, salt: FixtureWorld.bytes("salt \(changes.index)", 16), constitution: changes.constitution,
            roster: changes.roster, previous: changes.previous, body: .statement(item.signed))
        let bytes = try entry.derBytes()
        facts.apply(changes)
        tiles.append(Merkle.leafHash(bytes))
        return NewEntry(entry: entry, bytes: bytes, changes: changes, envelope: item.envelope)
    }

    /// Every arrival so far at a party, in order.
    package func arrivals(at party: PartyID) -> [Arrival] {
        entries.flatMap { $0.changes?.arrivals ?? [] }.filter { $0.party == party }
    }
}

/// Statements on the newest head, made now.
extension LogFixture {
    package func sign(_ act: Act, by delegate: DelegateID) throws -> Item {
        let statement = Statement(
            charter: world.charter.id, party: delegate.party, signers: [delegate.name], madeAt: now,
            submitBy: now + .hours(1), seen: head, act: act)
        return Item(try SignedStatement.sign(statement) { try world.sign($0, by: delegate) })
    }

    /// A publication of the delegate's sealing key with this number; the key itself is no real one.
    package func publishKey(_ delegate: DelegateID, number: Int = 0, lasting span: TimeSpan = .days(7)) throws -> Item {
        let limits = world.charter.charter.limits
        let publication = KeyPublication(
            sealingKey: FixtureWorld.bytes("sealing key \(delegate) \(number)", 1_216), sealFrom: now,
            sealUntil: now + span, keepUntil: now + span + limits.longestLifetime + limits.keyGrace)
        return try sign(.keyPublication(publication), by: delegate)
    }

    /// A submission with a nonce of its own, sealed to every published key of the recipients.
    ///
    /// - Parameter envelope: where its bytes are; these are drawn, `payload` of them, if it is nil.
    package mutating func submit(
        by delegate: DelegateID, legs: [Leg], payload: Int = 100, envelope: EnvelopeBytes? = nil,
        expiresIn span: TimeSpan = .hours(48), nonce: Nonce? = nil
    ) throws -> Item {
        drawn += 1
        let recipients = Set(legs.map(\.recipient))
        let keys = facts.standing.keys.values.filter { recipients.contains($0.delegate.party) && now < $0.sealUntil }
        let drawnNonce = Nonce(FixtureWorld.bytes("nonce \(drawn) \(delegate)", 32))
        guard let nonce = nonce ?? drawnNonce else { throw FormError("Submission.nonce", expected: "32 bytes") }
        let digest = Hash.sha256(nonce.bytes)
        let submission = Submission(
            nonce: nonce,
            writtenUnder: facts.standing.charter.revisions(originator: delegate.party, legs: legs), legs: legs,
            precedence: .routine, expiry: now + span, sealedTo: keys.map(\.keyID).sorted(), sealedKeysDigest: digest,
            payloadDigest: digest, payloadSize: UInt64(payload), keyCommitment: digest, contentCommitment: digest)
        let signed = try sign(.submission(submission), by: delegate).signed
        return Item(signed, envelope: envelope ?? .inline(FixtureWorld.bytes("payload \(drawn)", payload)))
    }

    /// The relay's tick for a party, as it is true now.
    package func tick(_ party: PartyID) throws -> Item {
        let tick = Tick(
            party: party, arrivals: facts.standing.counters[party]?.arrivals ?? 0,
            charterInForce: facts.standing.charter.inForce, keys: facts.standing.keysHash(at: now))
        return try sign(.tick(tick), by: DelegateID(party: .relay, name: .act))
    }
}
