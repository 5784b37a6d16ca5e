import Ledger
package import Statements

/// The rules: who may do what, decided from facts alone (`Docs/Specification.md#rules`).
///
/// The relay decides by them before it appends, and the auditor decides again at replay. They read no clock, draw no
/// randomness and do no I/O; old versions stay here with their vectors.
package enum Decider {
    /// - Parameters:
    ///   - examined: the statement with its signatures checked.
    ///   - acceptedAt: the time it would be accepted at, not before the last entry's.
    ///   - facts: everything ``Facts/Wanted`` asks for this statement.
    package static func decide(_ examined: ExaminedStatement, at acceptedAt: Timestamp, facts: Facts) -> Decision {
        if let index = facts.statements[examined.id] { return .repeated(index) }
        let statement = examined.signed.statement
        if case .submission(let submission) = statement.act,
            let index = facts.nonces[NonceKey(party: statement.party, nonce: submission.nonce)], examined.isAuthentic
        {
            return .repeated(index)
        }
        do throws(Objection) {
            try checkTimes(statement, at: acceptedAt, facts: facts)
            try checkSigners(examined, facts: facts)
            var changes = try changes(examined, at: acceptedAt, facts: facts)
            let scopes = facts.standing.charter.scopes
            if !scopes.isEmpty, let message = changes.message {
                let (legs, originator) = (message.submission.legs, message.originator)
                changes.scopes = scopes.filter { $0.shows(statement.act, legs: legs, from: originator) }.map(\.party)
            }
            return .accepted(changes)
        } catch {
            return .rejected(error)
        }
    }

    private static func checkTimes(
        _ statement: Statement, at time: Timestamp, facts: Facts
    ) throws(Objection) {
        let charter = facts.standing.charter
        guard statement.charter == charter.id else {
            throw Objection(.wrongCharter, "the statement is for charter \(statement.charter.short), not this one")
        }
        guard statement.madeAt <= time + .clockTolerance else {
            let ahead = (statement.madeAt - time).milliseconds / 1000
            throw Objection(.clock, "the statement was made \(ahead) s ahead of the relay's clock")
        }
        guard time <= statement.submitBy else {
            throw Objection(.tooLate, "the statement was to be submitted earlier; make it again")
        }
        guard statement.submitBy - statement.madeAt <= charter.limits.longestSubmitWindow else {
            throw Objection(.tooLate, "submitBy is further from madeAt than the charter allows")
        }
        guard statement.seen.size > 0, facts.roots[statement.seen.size] == statement.seen.root else {
            throw Objection(.otherLog, "the statement was made after seeing another log's checkpoint")
        }
    }

    private static func checkSigners(_ examined: ExaminedStatement, facts: Facts) throws(Objection) {
        let statement = examined.signed.statement
        let charter = facts.standing.charter
        guard (statement.party == .relay) == statement.act.kind.isRelays else {
            throw Objection(.notInOffice, "\(statement.party) makes no \(statement.act.kind)")
        }
        let keys = statement.signers.map { charter.key(statement.delegate($0)) }
        for (name, key) in zip(statement.signers, keys) where key == nil {
            throw Objection(.notInOffice, "\(statement.delegate(name)) is not in office")
        }
        for ((name, key), check) in zip(zip(statement.signers, keys), examined.checks)
        where !check.isValid || check.key != key {
            throw Objection(.badSignature, "the signature of \(statement.delegate(name)) is not valid")
        }
        switch statement.act {
        case .submission, .conveyance:
            let quorum = charter.party(statement.party)?.releaseQuorum ?? 1
            guard statement.signers.count >= quorum else {
                throw Objection(
                    .quorumNotMet, "\(statement.party) needs \(quorum) signers, not \(statement.signers.count)")
            }
        default:
            guard statement.signers.count == 1 else {
                throw Objection(.quorumNotMet, "this act has exactly one signer")
            }
        }
    }

    private static func changes(
        _ examined: ExaminedStatement, at time: Timestamp, facts: Facts
    ) throws(Objection) -> Changes {
        let act = ActContext(examined: examined, time: time, facts: facts)
        switch examined.signed.statement.act {
        case .submission(let submission): return try act.submission(submission)
        case .conveyance(let leg): return try act.conveyance(leg)
        case .refusal(let leg, _): return try act.refusal(leg)
        case .receipt(let leg, let outcome): return try act.receipt(leg, outcome)
        case .recall(let message, let legs): return try act.recall(message, legs)
        case .keyPublication(let publication): return try act.keyPublication(publication)
        case .expiry(let leg): return try act.expiry(leg)
        case .tick(let tick): return try act.tick(tick)
        case .erasure(let messages) where facts.standing.charter.charter.rulesVersion >= RulesVersions.erasing:
            return try act.erasure(messages)
        case .amendment, .erasure:
            let version = facts.standing.charter.charter.rulesVersion
            throw Objection(
                .unsupportedAct, "rules version \(version) decides no \(examined.signed.statement.act.kind)")
        }
    }
}

/// One statement at one moment, with what the rules may read: the base of every act's own rules.
struct ActContext {
    let examined: ExaminedStatement
    let time: Timestamp
    let facts: Facts

    var statement: Statement { examined.signed.statement }
    var standing: StandingFacts { facts.standing }
    var charter: CharterInForce { facts.standing.charter }
    var index: LogIndex { LogIndex(rawValue: standing.size.rawValue) }

    func baseChanges(previous: LogIndex? = nil) -> Changes {
        Changes(
            statement: examined.id, index: index, acceptedAt: time, constitution: charter.constitution,
            roster: statement.party == .relay ? Revision(0) : charter.roster(statement.party), previous: previous)
    }

    /// A published sealing key; one at or past its `keepUntil` counts as none, so that nobody needs to keep it.
    func sealingKey(_ id: KeyID) -> SealingKeyRecord? {
        standing.keys[id].flatMap { time < $0.keepUntil ? $0 : nil }
    }

    func counters(_ party: PartyID) -> PartyCounters { standing.counters[party] ?? PartyCounters() }

    /// The message of an act on a leg, if it exists and has that leg.
    func message(_ id: MessageID, legs: [LegNumber]) throws(Objection) -> MessageState {
        guard let message = facts.messages[id] else {
            throw Objection(.unknownMessage, "message \(id.short) is not in the log")
        }
        for leg in legs where leg.value >= message.legs.count {
            throw Objection(.unknownMessage, "message \(id.short) has no leg \(leg)")
        }
        return message
    }

    func stage(_ message: MessageState, _ leg: LegNumber) -> LegStage {
        message.stage(leg, at: time, grace: charter.limits.confirmGrace)
    }

    /// The changes of an act that advances a message: its new state, an arrival where it reached someone, and the
    /// originator's quota once it is settled.
    func advancing(_ message: MessageState) -> Changes {
        var changes = baseChanges(previous: message.lastIndex)
        var next = message
        next.advance(statement.act, by: statement.party, index: index)
        changes.message = next
        if next.isSettled, !message.isSettled {
            var own = counters(message.originator)
            own.unsettledMessages -= min(1, own.unsettledMessages)
            own.unsettledBytes -= min(message.submission.payloadSize, own.unsettledBytes)
            changes.counters[message.originator] = own
            if charter.retention != nil { changes.contents[message.id] = .settled(time) }
        }
        return changes
    }

    /// Adds an arrival to changes, with the next number of that party's inbox.
    func arrive(_ message: MessageID, _ leg: LegNumber, at party: PartyID, in changes: inout Changes) {
        var own = changes.counters[party] ?? counters(party)
        own.arrivals += 1
        changes.counters[party] = own
        changes.arrivals.append(
            Arrival(party: party, number: ArrivalNumber(own.arrivals), message: message, leg: leg))
    }
}
