import Ledger
import Rules
import Statements

/// The log as it was when a statement was rejected, with everything that the rules may read of it.
///
/// ``Replay`` forgets what can no longer be accepted; a rejection is about just that, so what concerns the statement is
/// kept here.
struct RejectionPast {
    /// The size that was decided on.
    let wanted: TreeSize
    private let statement: SignedStatement
    private let nonce: NonceKey?
    private var replay: Replay
    private var tree: RecomputedTree
    private var chain: [(index: LogIndex, entry: Entry)] = []
    /// Where the log has the statement, or its nonce, among those entries.
    private var known: LogIndex?
    private var nonceIndex: LogIndex?
    /// The root that the statement's signer had seen, as the log gives it.
    private var seenRoot: Hash?
    /// When the entry after those was accepted.
    private(set) var after: Timestamp?

    init(
        _ charter: TrustedCharter, _ checkpoint: Checkpoint, _ folder: MirrorFolder, upTo size: TreeSize,
        of statement: SignedStatement
    ) {
        wanted = size
        self.statement = statement
        if case .submission(let submission) = statement.statement.act {
            nonce = NonceKey(party: statement.statement.party, nonce: submission.nonce)
        } else {
            nonce = nil
        }
        replay = Replay(charter)
        tree = RecomputedTree(checkpoint, folder)
    }

    /// How many entries were hashed, and their root: whole bundles.
    var size: TreeSize { tree.size }
    var root: Hash { tree.root }
    /// When the last entry that was decided on was accepted.
    var before: Timestamp { replay.facts.standing.lastAcceptedAt }

    /// - Throws: ``Finding`` when the entries are not those of the tree, or are against the rules; ``AuditError``.
    mutating func take(_ bundle: ExaminedBundle) throws {
        if let finding = bundle.findings.first { throw finding }
        if let index = bundle.firstDifference {
            throw Finding(
                .tileMismatch, index: index, path: bundle.id.path,
                "Entry \(index) is not the one whose hash is in its tile")
        }
        try tree.append(bundle)
        for position in bundle.examined {
            let index = LogIndex(bundle.id.firstEntry.rawValue + UInt64(position))
            guard index.rawValue <= wanted.rawValue else { return }
            let examined = try bundle.entry(position, replay.charterInForce)
            guard index.rawValue < wanted.rawValue else {
                after = examined.entry.acceptedAt
                return
            }
            if let finding = try replay.take(examined, at: index, in: &tree) { throw finding }
            note(examined.entry, at: index)
        }
    }

    private mutating func note(_ entry: Entry, at index: LogIndex) {
        guard let signed = entry.signed else { return }
        if signed.id == statement.id { known = known ?? index }
        if let nonce, case .submission(let submission) = signed.statement.act,
            nonce == NonceKey(party: signed.statement.party, nonce: submission.nonce)
        {
            nonceIndex = nonceIndex ?? index
        }
        if let message = statement.statement.act.message, entry.message == message { chain.append((index, entry)) }
    }

    /// What the rules say, held against what the relay signed.
    mutating func verdict(
        _ signed: SignedStatement, _ code: RejectionCode, at time: Timestamp
    ) throws -> RejectionReport.Verdict {
        try look()
        guard time >= before else {
            return .wrongful(
                .timeBeforeLog,
                "It says that it was decided before entry \(wanted.rawValue - 1) was accepted, on which it rests")
        }
        if let after, time > after + .clockTolerance {
            return .wrongful(
                .timeAfterLog,
                "It says that it was decided on \(wanted) entries, over 5 minutes after the log had more")
        }
        switch decide(signed, at: time) {
        case .rejected(let objection) where objection.code == code: return .rightful(objection.detail)
        case .rejected(let objection):
            return .wrongful(
                .otherCode, "The rules reject it as \(objection.code), not as \(code): \(objection.detail)")
        case .repeated(let index):
            return .wrongful(.loggedBefore, "The log had it as entry \(index) already, whose acceptance was due")
        case .accepted(let changes):
            if code == .overLimit, let objection = try Decider.objection(toEntryOf: signed, changes) {
                return .rightful(objection.detail)
            }
            return .wrongful(.accepted, "The rules accept it, as entry \(wanted)")
        }
    }

    /// Whether the rules reject it for this reason at this time.
    func rejects(_ signed: SignedStatement, _ code: RejectionCode, at time: Timestamp) -> Bool {
        switch decide(signed, at: time) {
        case .rejected(let objection): objection.code == code
        case .accepted(let changes): code == .overLimit && (try? Decider.objection(toEntryOf: signed, changes)) != nil
        case .repeated: false
        }
    }

    private mutating func look() throws {
        let seen = statement.statement.seen.size
        if seen <= wanted { seenRoot = try tree.root(at: seen) }
    }

    private func decide(_ signed: SignedStatement, at time: Timestamp) -> Decision {
        var facts = replay.facts
        facts.roots = seenRoot.map { [signed.statement.seen.size: $0] } ?? [:]
        facts.statements = known.map { [signed.id: $0] } ?? [:]
        facts.nonces = [:]
        if let nonce, let nonceIndex { facts.nonces[nonce] = nonceIndex }
        if let message = MessageState(chain: chain) { facts.messages[message.id] = message }
        return Decider.decide(Self.examined(signed, facts.standing.charter), at: time, facts: facts)
    }

    /// As at the relay's door: its own acts do not come from outside.
    static func examined(_ signed: SignedStatement, _ charter: CharterInForce) -> ExaminedStatement {
        ExaminedStatement(signed) { $0.party == .relay ? nil : charter.key($0) }
    }
}

/// Roots of the log's beginnings, proven by its tiles to lead to the checkpoint.
struct ProvenBeginning {
    private let checkpoint: Checkpoint
    private let reader: TileReader

    init(_ checkpoint: Checkpoint, _ folder: MirrorFolder) {
        self.checkpoint = checkpoint
        reader = TileReader(size: checkpoint.size) { id in
            guard let bytes = try folder.read(id.path, limit: id.byteCount) else {
                throw Finding(.missingFile, path: id.path, "\(id) is missing")
            }
            return bytes
        }
    }

    /// - Throws: ``Finding`` when the tiles do not bear it out; ``AuditError``.
    func root(at size: TreeSize) throws -> Hash {
        let root = try read { try Merkle.root(size: size, from: reader) }
        try expect(root, at: size)
        return root
    }

    /// - Throws: ``Finding`` unless the log begins with this tree; ``AuditError``.
    func expect(_ root: Hash, at size: TreeSize) throws {
        try read {
            let proof = try ConsistencyProof.make(from: size, to: checkpoint.size, from: reader)
            try proof.verify(from: size, oldRoot: root, to: checkpoint.size, newRoot: checkpoint.root)
        }
    }

    private func read<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as AuditError {
            throw error
        } catch let finding as Finding {
            throw finding
        } catch {
            throw Finding(
                .rootMismatch, path: MirrorFolder.checkpoint,
                "The mirror's entries and tiles do not give the root that the checkpoint signs")
        }
    }
}
