import Ledger
import Rules
import Statements

/// Decides every entry again by the rules that the relay had to keep, on facts taken from the entries alone.
///
/// What can no longer matter is forgotten, so that memory follows the traffic that is under way: a statement's
/// identifier once its `submitBy` has passed (it would be rejected as `too-late`), a sealing key at its `keepUntil`, a
/// message once every leg has ended and no inner hop still owes its second receipt (each further act would be
/// rejected). A nonce is never forgotten, since the rules let a message be signed again at any time: it costs 8 bytes.
/// Where contents are erased, the time at which a message was settled is kept until that of its content is.
///
/// When something is forgotten depends on the log alone, so that a replay that went on from a state says the same.
struct Replay {
    /// Counted for the report.
    struct Tally: Sendable {
        /// One number for each ``Statements/Act/Kind``, by its raw value.
        var statements = [UInt64](repeating: 0, count: Act.Kind.allCases.count)
        var signatures: UInt64 = 0
        var first: Timestamp?
        var last: Timestamp?
        var entries: UInt64 = 0
    }

    let charter: TrustedCharter
    var facts: Facts
    var nonces = NonceIndex()
    var recent = RecentStatements()
    /// Where the keys of the facts were published.
    var publications: [KeyID: LogIndex] = [:]
    var tally = Tally()
    /// What each limited auditor has to be shown, in the charter's order.
    var scopes: [ScopeSum]
    /// Of the submission's nonce that was looked up last.
    private var word: UInt64 = 0
    private var ended: [MessageID] = []

    private static let sweepInterval: UInt64 = 4_096

    init(_ charter: TrustedCharter) {
        self.charter = charter
        let beginning = Timestamp(milliseconds: 0)
        facts = Facts(standing: StandingFacts(charter: charter.signed, acceptedAt: beginning))
        scopes = charter.charter.limitedAuditors.map { ScopeSum(party: $0.party) }
    }

    var charterInForce: CharterInForce { facts.standing.charter }
    /// What reached each party's inbox.
    var arrivals: [PartyID: UInt64] { facts.standing.counters.mapValues(\.arrivals) }

    /// Takes the next entry, which is in the tree already.
    ///
    /// - Returns: what is wrong with it. Nothing may be taken after that: the facts are no longer known.
    /// - Throws: ``Finding`` when an earlier entry or a tile has to be read again and is missing or altered;
    ///   ``AuditError``.
    mutating func take(_ item: ExaminedEntry, at index: LogIndex, in tree: inout RecomputedTree) throws -> Finding? {
        let entry = item.entry
        let finding = index == 0 ? begin(entry) : try follow(item, at: index, in: &tree)
        guard finding == nil else { return finding }
        tally.entries += 1
        tally.first = tally.first ?? entry.acceptedAt
        tally.last = entry.acceptedAt
        if tally.entries.isMultiple(of: Self.sweepInterval) { forget(before: entry.acceptedAt) }
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

    private mutating func follow(
        _ item: ExaminedEntry, at index: LogIndex, in tree: inout RecomputedTree
    ) throws -> Finding? {
        guard let examined = item.statement else {
            return Finding(.entryMalformed, index: index, "Entry \(index) is a charter; only entry 0 is one")
        }
        guard item.entry.acceptedAt >= facts.standing.lastAcceptedAt else {
            let name = Self.name(examined, index)
            return Finding(.timeWentBack, index: index, "\(name) was accepted before the entry in front of it")
        }
        if !examined.isAuthentic, let finding = Self.badSignature(examined, index) { return finding }
        try look(up: examined, at: item.entry.acceptedAt, in: &tree)
        switch Decider.decide(examined, at: item.entry.acceptedAt, facts: facts) {
        case .repeated(let first):
            let name = Self.name(examined, index)
            return Finding(.duplicateStatement, index: index, "\(name) is in the log already, as entry \(first)")
        case .rejected(let objection):
            let code = objection.code == .wrongTick ? Finding.Code.tickWrong : .ruleBroken
            let message = "\(Self.name(examined, index)) is against the rules: \(objection.detail)"
            return Finding(code, index: index, rule: objection.code, message)
        case .accepted(let changes):
            if let wrong = Self.wrongField(item.entry, changes) {
                return Finding(.recomputedField, index: index, "\(Self.name(examined, index)) has \(wrong)")
            }
            apply(changes, examined)
            for place in scopes.indices where changes.scopes.contains(scopes[place].party) {
                scopes[place].add(index, leaf: item.leaf)
            }
            return nil
        }
    }

    private static func name(_ examined: ExaminedStatement, _ index: LogIndex) -> String {
        "Entry \(index), a \(examined.signed.statement.act.kind) by \(examined.signed.statement.party),"
    }

    private static func badSignature(_ examined: ExaminedStatement, _ index: LogIndex) -> Finding? {
        let statement = examined.signed.statement
        for (signer, check) in zip(statement.signers, examined.checks) where check.key != nil && !check.isValid {
            let who = statement.delegate(signer)
            let message = "\(name(examined, index)) is not signed by the key of \(who)"
            return Finding(.signatureBad, index: index, message)
        }
        return nil
    }

    /// Sets what the rules may read of this statement.
    private mutating func look(
        up examined: ExaminedStatement, at time: Timestamp, in tree: inout RecomputedTree
    ) throws {
        let statement = examined.signed.statement
        facts.roots.removeAll(keepingCapacity: true)
        let seen = statement.seen.size
        // Within the entries before this one; the tree has this one, and those of its bundle, already.
        if seen.rawValue <= tally.entries { facts.roots[seen] = try tree.root(at: seen) }
        facts.statements.removeAll(keepingCapacity: true)
        if let index = recent.index(of: examined.id, submitBy: statement.submitBy) {
            facts.statements[examined.id] = index
        }
        facts.nonces.removeAll(keepingCapacity: true)
        switch statement.act {
        case .tick: facts.standing.prepareKeysHash(at: time)
        case .submission(let submission):
            let nonce = NonceKey(party: statement.party, nonce: submission.nonce)
            word = nonces.word(of: nonce)
            for index in nonces.candidates(word) where try Self.nonce(of: tree.entry(at: index)) == nonce {
                facts.nonces[nonce] = index
            }
        default: break
        }
    }

    private static func nonce(of entry: Entry) -> NonceKey? {
        guard let statement = entry.signed?.statement, case .submission(let submission) = statement.act else {
            return nil
        }
        return NonceKey(party: statement.party, nonce: submission.nonce)
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
        if changes.nonce != nil { nonces.add(word, at: changes.index) }
        if let key = changes.key { publications[key.keyID] = changes.index }
        for case (let message, .erased) in changes.contents { facts.contents[message] = nil }
        recent.add(
            RecentStatements.Known(
                id: changes.statement, index: changes.index, submitBy: examined.signed.statement.submitBy))
        if let message = changes.message, Self.isOver(message) { ended.append(message.id) }
        tally.statements[Int(examined.signed.statement.act.kind.rawValue)] += 1
        tally.signatures += UInt64(examined.checks.count)
    }

    /// Whether the rules accept nothing more about a message.
    private static func isOver(_ message: MessageState) -> Bool {
        message.isSettled && message.legs.allSatisfy { !$0.hopReceipts.values.contains(.retrieved) }
    }

    private mutating func forget(before time: Timestamp) {
        recent.forget(before: time)
        for id in ended { facts.messages[id] = nil }
        ended.removeAll(keepingCapacity: true)
        for key in facts.standing.keys.values where key.keepUntil <= time {
            facts.standing.keys[key.keyID] = nil
            publications[key.keyID] = nil
        }
    }

    /// Takes over messages as they were folded from their entries, and notes those that are over.
    mutating func take(over messages: [MessageState]) {
        for message in messages {
            facts.messages[message.id] = message
            if Self.isOver(message) { ended.append(message.id) }
        }
    }
}
