package import Ledger
package import Rules
package import Statements

/// A log as a busy relay would have it, drawn from a seed: real signed statements of the parties of a ``LogWorld``,
/// each decided by the rules, in the proportions of messages that mostly reach their recipients.
///
/// It gives one entry after the other, without an end, and remembers what is under way, not the log. A value: a copy
/// goes on in the same way.
package struct LogTraffic {
    package struct Item: Sendable {
        package let entry: Entry
        package let bytes: [UInt8]
    }

    /// A statement of the traffic was not accepted: a fault of the generator.
    package struct Refused: Error {
        package let index: LogIndex
        package let objection: Objection?
    }

    package let world: LogWorld
    /// The time of the newest entry.
    package private(set) var now: Timestamp
    /// The head after the newest entry.
    package private(set) var tree = CompactRange()
    package internal(set) var facts: Facts
    var random: LogNumbers
    var events = LogEvents()
    /// The sealing keys that each delegate has published, the newest last.
    var published: [DelegateID: [SealingKeyRecord]] = [:]
    let pause: TimeSpan
    private var heads: [(at: Timestamp, head: LogHead)] = []

    /// - Parameter pause: how much time lies between two submissions, on average.
    package init(seed: UInt64, world: LogWorld, pause: TimeSpan = .seconds(90)) throws {
        self.world = world
        self.pause = pause
        random = LogNumbers(seed: seed)
        now = world.start
        facts = Facts(standing: StandingFacts(charter: world.charter, acceptedAt: world.start))
        for (number, delegate) in world.delegates.enumerated() {
            events.add(.key(delegate), at: now + .seconds(Int64(number + 1)))
        }
        let first = now + .minutes(2)
        let interval = world.charter.charter.limits.tickInterval
        for (number, party) in world.charter.charter.parties.enumerated() {
            let share = interval.milliseconds * Int64(number) / Int64(world.charter.charter.parties.count)
            events.add(.tick(party.id), at: first + TimeSpan(milliseconds: share))
        }
        events.add(.submission, at: first)
    }

    package var head: LogHead { LogHead(size: tree.size, root: tree.root) }

    /// The next entry.
    package mutating func next() throws -> Item {
        guard tree.size > 0 else { return try append(.charter(world.charter), nil) }
        while let (time, event) = events.next() {
            if time > now {
                publishHead()
                now = time
            }
            if let signed = try statement(event) { return try decide(signed) }
        }
        throw FormError("LogTraffic", expected: "an event")
    }

    /// What was appended since the last head is under a checkpoint now.
    private mutating func publishHead() {
        if heads.last?.head.size != tree.size { heads.append((now, head)) }
        if heads.count > 40_000 { heads.removeFirst(20_000) }
    }

    private mutating func decide(_ signed: SignedStatement) throws -> Item {
        let charter = facts.standing.charter
        // Signed here a moment ago: nothing would be learnt from checking it.
        let checks = signed.statement.signers.map {
            ExaminedStatement.SignatureCheck(key: charter.key(signed.statement.delegate($0)), isValid: true)
        }
        facts.roots = [signed.statement.seen.size: signed.statement.seen.root]
        let examined = ExaminedStatement(signed: signed, checks: checks)
        switch Decider.decide(examined, at: now, facts: facts) {
        case .accepted(let changes):
            facts.apply(changes)
            forget(changes)
            return try append(.statement(signed), changes)
        case .rejected(let objection): throw Refused(index: LogIndex(tree.size.rawValue), objection: objection)
        case .repeated: throw Refused(index: LogIndex(tree.size.rawValue), objection: nil)
        }
    }

    /// The generator repeats nothing, so that it needs no memory of what was.
    private mutating func forget(_ changes: Changes) {
        facts.statements = [:]
        facts.nonces = [:]
        if let message = changes.message, message.isSettled,
            message.legs.allSatisfy({ !$0.hopReceipts.values.contains(.retrieved) })
        {
            facts.messages[message.id] = nil
        }
    }

    private mutating func append(_ body: Entry.Body, _ changes: Changes?) throws -> Item {
        let entry = Entry(
            acceptedAt: now, salt: random.bytes(Entry.saltBytes), constitution: changes?.constitution ?? Revision(0),
            roster: changes?.roster ?? Revision(0), previous: changes?.previous, body: body)
        let bytes = try entry.derBytes()
        tree.append(Merkle.leafHash(bytes))
        return Item(entry: entry, bytes: bytes)
    }

    /// Signs an act of now on a head that the signers may have seen: mostly the newest, now and then one of hours ago.
    package mutating func sign(_ act: Act, by delegates: [DelegateID]) throws -> SignedStatement {
        let isRelays = act.kind.isRelays
        let behind: TimeSpan =
            isRelays || random.happens(85)
            ? .seconds(0) : random.span(around: random.happens(80) ? .minutes(5) : .hours(3))
        let madeAt = isRelays ? now : now - random.span(around: .seconds(1))
        let statement = Statement(
            charter: world.charter.id, party: delegates[0].party, signers: delegates.map(\.name), madeAt: madeAt,
            submitBy: madeAt + (isRelays ? .minutes(1) : .hours(24)), seen: head(at: now - behind), act: act)
        let bytes = try statement.derBytes()
        let message = SignedStatement.message(statementBytes: bytes)
        return try SignedStatement(
            statementBytes: bytes, signatures: delegates.map { try world.sign(message, by: $0) })
    }

    private func head(at time: Timestamp) -> LogHead {
        var (low, high) = (0, heads.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if heads[middle].at <= time { low = middle } else { high = middle - 1 }
        }
        return heads.isEmpty ? head : heads[low].head
    }
}
