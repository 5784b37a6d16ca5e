import Ledger
import Rules
import Statements

/// Decides every entry again by the rules that the relay had to keep, on facts taken from the entries alone.
///
/// What can no longer matter is forgotten, so that memory follows the traffic that is under way: a statement's
/// identifier once its `submitBy` has passed (it would be rejected as `too-late`), a sealing key at its `keepUntil`, a
/// message once every leg has ended and no inner hop still owes its second receipt (each further act would be
/// rejected). A nonce is never forgotten, since the rules let a message be signed again at any time; it costs 40 bytes.
struct Replay {
    /// Counted for the report.
    struct Tally: Sendable {
        var statements: [Act.Kind: UInt64] = [:]
        var signatures: UInt64 = 0
        var first: Timestamp?
        var last: Timestamp?
        var entries: UInt64 = 0
    }

    private let charter: TrustedCharter
    private var facts: Facts
    private var nonces: [Hash: LogIndex] = [:]
    private var statementEnds: [(id: StatementID, submitBy: Timestamp)] = []
    private var ended: [MessageID] = []
    private(set) var tally = Tally()

    private static let sweepInterval: UInt64 = 4_096

    init(_ charter: TrustedCharter) {
        self.charter = charter
        let beginning = Timestamp(milliseconds: 0)
        facts = Facts(standing: StandingFacts(charter: charter.signed, acceptedAt: beginning))
    }

    var charterInForce: CharterInForce { facts.standing.charter }
    /// What reached each party's inbox.
    var arrivals: [PartyID: UInt64] { facts.standing.counters.mapValues(\.arrivals) }

    /// Takes the next entry.
    ///
    /// - Parameter seenRoot: the root of this log at the size that the statement had seen; nil if the log was not yet
    ///   that large.
    /// - Returns: what is wrong with it. Nothing may be taken after that: the facts are no longer known.
    mutating func take(_ item: ExaminedEntry, at index: LogIndex, seenRoot: Hash?) -> Finding? {
        let finding = index == 0 ? begin(item.entry) : follow(item, at: index, seenRoot: seenRoot)
        guard finding == nil else { return finding }
        tally.entries += 1
        tally.first = tally.first ?? item.entry.acceptedAt
        tally.last = item.entry.acceptedAt
        if tally.entries.isMultiple(of: Self.sweepInterval) { forget(before: item.entry.acceptedAt) }
        return nil
    }

    private mutating func begin(_ entry: Entry) -> Finding? {
        guard case .charter(let signed) = entry.body, (try? signed.derBytes()) == charter.bytes else {
            return Finding(.charterMismatch, index: 0, "Entry 0 is not the charter \(charter.signed.id.fingerprint)")
        }
        guard entry.constitution == Revision(0), entry.roster == Revision(0), entry.previous == nil else {
            return Finding(.recomputedField, index: 0, "Entry 0 names revisions or an entry before it; it has none")
        }
        tally.signatures += UInt64(signed.signatures.count)
        facts = Facts(standing: StandingFacts(charter: signed, acceptedAt: entry.acceptedAt))
        return nil
    }

    private mutating func follow(_ item: ExaminedEntry, at index: LogIndex, seenRoot: Hash?) -> Finding? {
        guard let examined = item.statement else {
            return Finding(.entryMalformed, index: index, "Entry \(index) is a charter; only entry 0 is one")
        }
        let statement = examined.statement
        let name = "Entry \(index), a \(statement.act.kind) by \(statement.party),"
        guard item.entry.acceptedAt >= facts.standing.lastAcceptedAt else {
            return Finding(.timeWentBack, index: index, "\(name) was accepted before the entry in front of it")
        }
        for (signer, check) in zip(statement.signers, examined.checks) where check.key != nil && !check.isValid {
            let who = statement.delegate(signer)
            return Finding(.signatureBad, index: index, "\(name) is not signed by the key of \(who)")
        }
        look(up: examined, seenRoot: seenRoot)
        switch Decider.decide(examined, at: item.entry.acceptedAt, facts: facts) {
        case .repeated(let first):
            return Finding(.duplicateStatement, index: index, "\(name) is in the log already, as entry \(first)")
        case .rejected(let objection):
            let code = objection.code == .wrongTick ? Finding.Code.tickWrong : .ruleBroken
            return Finding(
                code, index: index, rule: objection.code, "\(name) is against the rules: \(objection.detail)")
        case .accepted(let changes):
            if let wrong = Self.wrongField(item.entry, changes) {
                return Finding(.recomputedField, index: index, "\(name) has \(wrong)")
            }
            apply(changes, examined)
            return nil
        }
    }

    /// Sets what the rules may read of this statement.
    private mutating func look(up examined: ExaminedStatement, seenRoot: Hash?) {
        let statement = examined.statement
        facts.roots = seenRoot.map { [statement.seen.size: $0] } ?? [:]
        facts.nonces.removeAll(keepingCapacity: true)
        if case .submission(let submission) = statement.act {
            let key = NonceKey(party: statement.party, nonce: submission.nonce)
            if let index = nonces[Self.digest(key)] { facts.nonces[key] = index }
        }
    }

    private static func wrongField(_ entry: Entry, _ changes: Changes) -> String? {
        if entry.constitution != changes.constitution {
            return "constitution \(entry.constitution); \(changes.constitution) was in force"
        }
        if entry.roster != changes.roster { return "roster \(entry.roster); \(changes.roster) was in force" }
        guard entry.previous != changes.previous else { return nil }
        let name = { (index: LogIndex?) in index.map { "entry \($0)" } ?? "no entry" }
        return "\(name(entry.previous)) as the one before it; \(name(changes.previous)) is"
    }

    private mutating func apply(_ changes: Changes, _ examined: ExaminedStatement) {
        facts.apply(changes)
        if let nonce = changes.nonce { nonces[Self.digest(nonce)] = changes.index }
        statementEnds.append((changes.statement, examined.statement.submitBy))
        if let message = changes.message, Self.isOver(message) { ended.append(message.id) }
        tally.statements[examined.statement.act.kind, default: 0] += 1
        tally.signatures += UInt64(examined.checks.count)
    }

    /// Whether the rules accept nothing more about a message.
    private static func isOver(_ message: MessageState) -> Bool {
        message.isSettled && message.legs.allSatisfy { !$0.hopReceipts.values.contains(.retrieved) }
    }

    private mutating func forget(before time: Timestamp) {
        var live: [(id: StatementID, submitBy: Timestamp)] = []
        for statement in statementEnds {
            if statement.submitBy < time { facts.statements[statement.id] = nil } else { live.append(statement) }
        }
        statementEnds = live
        for id in ended { facts.messages[id] = nil }
        ended = []
        facts.standing.keys = facts.standing.keys.filter { time < $0.value.keepUntil }
    }

    /// A party and a nonce in 32 bytes; a slug holds no zero byte.
    private static func digest(_ key: NonceKey) -> Hash {
        Hash.sha256(Array(key.party.slug.text.utf8) + [0] + key.nonce.bytes)
    }
}
