import Ledger
import Rules
import Statements
import Testing

/// A log in memory with the facts it makes: what a relay has, without store and network. A value: copies part ways.
struct World {
    let charter: SignedCharter
    private(set) var facts: Facts
    private(set) var entries: [[UInt8]] = []
    /// What each entry after the charter changed.
    private(set) var changes: [Changes] = []
    private var tree = CompactRange()
    /// The relay's clock.
    var now = Talks.start

    /// A log of entry 0.
    init(_ charter: SignedCharter) throws {
        self.charter = charter
        facts = Facts(standing: StandingFacts(charter: charter, acceptedAt: Talks.start), roots: [0: Merkle.emptyRoot])
        try append(
            Entry(
                acceptedAt: Talks.start, salt: salt, constitution: Revision(0), roster: Revision(0), previous: nil,
                body: .charter(charter)))
    }

    /// The facts that a log's entries make, each decided again.
    init(replaying log: [[UInt8]]) throws {
        let first = try Entry(der: try #require(log.first), limit: Bounds.entry)
        guard case .charter(let charter) = first.body else { throw Unexpected("entry 0 is no charter") }
        self.charter = charter
        facts = Facts(
            standing: StandingFacts(charter: charter, acceptedAt: first.acceptedAt), roots: [0: Merkle.emptyRoot])
        try append(first)
        for bytes in log.dropFirst() {
            let entry = try Entry(der: bytes, limit: Bounds.entry)
            let signed = try #require(entry.signed)
            let made = try take(ExaminedStatement(signed, key: facts.standing.charter.key), at: entry.acceptedAt)
            #expect(entry.previous == made.previous)
            try append(entry)
            #expect(entries.last == bytes)
        }
        now = facts.standing.lastAcceptedAt
    }

    struct Unexpected: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    /// The head that a drafter may have seen last.
    var head: LogHead { LogHead(size: tree.size, root: tree.root) }
    /// A salt that a test can predict; a relay draws it.
    private var salt: [UInt8] { Array(Talks.hash("salt/\(entries.count)").bytes.prefix(Entry.saltBytes)) }

    func message(_ id: MessageID) throws -> MessageState { try #require(facts.messages[id]) }
    func counters(_ party: PartyID) -> PartyCounters { facts.standing.counters[party] ?? PartyCounters() }

    func decide(_ examined: ExaminedStatement, at time: Timestamp? = nil) -> Decision {
        Decider.decide(examined, at: time ?? now, facts: facts)
    }

    func examine(_ signed: SignedStatement) -> ExaminedStatement {
        ExaminedStatement(signed, key: facts.standing.charter.key)
    }

    /// The word for a decision in tables and vectors.
    func verdict(_ examined: ExaminedStatement, at time: Timestamp? = nil) -> String {
        switch decide(examined, at: time) {
        case .accepted: "accepted"
        case .repeated: "repeated"
        case .rejected(let objection): objection.code.rawValue
        }
    }

    /// Logs a statement that the rules accept.
    @discardableResult
    mutating func log(_ examined: ExaminedStatement) throws -> Changes {
        let made = try take(examined, at: now)
        try append(
            Entry(
                acceptedAt: now, salt: salt, constitution: made.constitution, roster: made.roster,
                previous: made.previous, body: .statement(examined.signed)))
        return made
    }

    private mutating func take(_ examined: ExaminedStatement, at time: Timestamp) throws -> Changes {
        guard case .accepted(let made) = decide(examined, at: time) else {
            throw Unexpected("\(examined.statement.act.kind): \(verdict(examined, at: time))")
        }
        facts.apply(made)
        changes.append(made)
        return made
    }

    private mutating func append(_ entry: Entry) throws {
        let bytes = try entry.derBytes()
        entries.append(bytes)
        tree.append(Merkle.leafHash(bytes))
        facts.roots[tree.size] = tree.root
    }
}

/// A statement before it is signed, with what a test may want to get wrong.
struct Draft {
    var charter: CharterID
    var party: PartyID
    var signers: [DelegateName]
    var madeAt: Timestamp
    var submitBy: Timestamp
    var seen: LogHead
    var act: Act
    /// Whose keys sign instead of the signers'.
    var forgers: [String]?

    init(_ world: World, _ party: PartyID, _ signers: [DelegateName], _ act: Act) {
        charter = world.charter.id
        self.party = party
        self.signers = signers
        madeAt = world.now
        submitBy = world.now + .hours(1)
        seen = world.head
        self.act = act
    }

    func examined(in world: World) throws -> ExaminedStatement {
        let statement = Statement(
            charter: charter, party: party, signers: signers, madeAt: madeAt, submitBy: submitBy, seen: seen, act: act)
        let bytes = try statement.derBytes()
        let message = SignedStatement.message(statementBytes: bytes)
        let names = forgers ?? signers.map { "\(party)/\($0)" }
        return world.examine(
            try SignedStatement(
                statementBytes: bytes, signatures: try names.map { try Talks.sign(message, as: $0) }))
    }
}

extension World {
    func made(
        _ party: PartyID, _ act: Act, by signers: [DelegateName] = ["lead"], _ change: (inout Draft) -> Void = { _ in }
    ) throws -> ExaminedStatement {
        var draft = Draft(self, party, party == .relay ? [.act] : signers, act)
        change(&draft)
        return try draft.examined(in: self)
    }

    /// A submission that is written under the charter in force.
    func submission(
        _ name: String = "first", from originator: PartyID = "us-envoy", legs: [Leg], to sealedTo: [String],
        _ precedence: Precedence = .routine, expires: TimeSpan = .days(2), payload: UInt64 = 65_536,
        stale: Bool = false
    ) -> Submission {
        let under = facts.standing.charter.revisions(originator: originator, legs: legs)
        return Submission(
            nonce: Talks.nonce(name),
            writtenUnder: stale ? WrittenUnder(constitution: Revision(1), rosters: under.rosters) : under,
            legs: legs, precedence: precedence, expiry: now + expires,
            sealedTo: Set(sealedTo.map(Talks.keyID)).sorted(), sealedKeysDigest: Talks.hash("sealed-keys/\(name)"),
            payloadDigest: Talks.hash("payload/\(name)"), payloadSize: payload,
            keyCommitment: Talks.hash("key-commitment/\(name)"),
            contentCommitment: Talks.hash("content-commitment/\(name)"))
    }

    func publication(
        _ name: String, from: TimeSpan = .seconds(0), until: TimeSpan = .days(14), keep: TimeSpan = .days(40)
    ) -> KeyPublication {
        KeyPublication(
            sealingKey: Talks.sealingKey(name), sealFrom: Talks.start + from, sealUntil: Talks.start + until,
            keepUntil: Talks.start + keep)
    }

    /// A log in which every delegate but the auditor's has a sealing key, ten minutes after the start.
    static func withKeys(_ charter: SignedCharter? = nil) throws -> World {
        var world = try World(charter ?? Talks.charter())
        world.now = Talks.start + .minutes(1)
        for party in world.charter.charter.parties where !party.capabilities.auditor {
            for delegate in party.delegates {
                let name = "\(party.id)/\(delegate.name)"
                try world.log(world.made(party.id, .keyPublication(world.publication(name)), by: [delegate.name]))
            }
        }
        world.now = Talks.start + .minutes(10)
        return world
    }

    /// To `hezbollah` through `lebanon-speaker` and `egypt-mediator`; the speaker may open, the mediator is blind.
    static let longRoute = Leg(intermediaries: ["lebanon-speaker", "egypt-mediator"], recipient: "hezbollah")
    static let viaSpeaker = Leg(intermediaries: ["lebanon-speaker"], recipient: "hezbollah")
    static let toIsrael = Leg(intermediaries: [], recipient: "israel-strategic-affairs")
    static let openly = ["us-envoy/lead", "lebanon-speaker/lead", "hezbollah/lead"]

    /// A log with one message along a route, and that message.
    static func withMessage(
        _ legs: [Leg] = [longRoute], to sealedTo: [String] = openly, _ charter: SignedCharter? = nil
    ) throws -> (world: World, message: MessageID) {
        var world = try withKeys(charter)
        let changes = try world.log(world.made("us-envoy", .submission(world.submission(legs: legs, to: sealedTo))))
        world.now = world.now + .minutes(1)
        return (world, MessageID(changes.statement))
    }
}
