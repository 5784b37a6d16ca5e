import Ledger
import Rules
import Statements
import Store

/// A batch while it is decided: a copy of the log's edge and of the facts, dropped with it if the commit fails.
struct BatchDraft {
    enum Verdict {
        case logged(LogIndex)
        case repeated(LogIndex)
        case rejected(StatementID, Objection, treeSize: TreeSize, at: Timestamp)

        var olderIndex: LogIndex? {
            if case .repeated(let index) = self { index } else { nil }
        }
    }

    private let base: PublishedLog.Snapshot
    private let time: Timestamp
    private var facts: Facts
    private var builder: TileBuilder
    private var salts = Salts()
    private(set) var verdicts: [Verdict] = []
    private(set) var entries: [NewEntry] = []
    /// The parties that something reached.
    private(set) var reached: Set<PartyID> = []

    init(snapshot: PublishedLog.Snapshot, facts: Facts, time: Timestamp) {
        base = snapshot
        self.facts = facts
        self.time = time
        builder = snapshot.builder
    }

    var stored: [StoredEntry] {
        entries.enumerated().map { offset, entry in
            StoredEntry(index: LogIndex(rawValue: base.head.size.rawValue + UInt64(offset)), bytes: entry.bytes)
        }
    }

    mutating func decide(_ examined: ExaminedStatement, envelope: EnvelopeBytes?) throws {
        switch Decider.decide(examined, at: time, facts: facts) {
        case .repeated(let index): verdicts.append(.repeated(index))
        case .rejected(let objection):
            verdicts.append(.rejected(examined.id, objection, treeSize: facts.standing.size, at: time))
        case .accepted(let changes): try append(examined.signed, changes, envelope: envelope)
        }
    }

    /// Makes one of the relay's own acts on the facts as they stand at this place of the batch, and decides it.
    mutating func decide(_ own: Sequencer.OwnAct, signer: ([UInt8]) throws -> [UInt8]) throws {
        let charter = facts.standing.charter
        let statement = Statement(
            charter: charter.id, party: .relay, signers: [.act], madeAt: time, submitBy: time + .minutes(1),
            seen: base.head, act: own.make(facts.standing, time))
        let signed = try SignedStatement.sign(statement, by: signer)
        try decide(ExaminedStatement(signed) { charter.key($0) }, envelope: nil)
    }

    private mutating func append(_ signed: SignedStatement, _ changes: Changes, envelope: EnvelopeBytes?) throws {
        let entry = changes.entry(of: signed, salt: salts.next())
        let bytes = try entry.derBytes()
        if let objection = Decider.objection(toEntryOf: bytes.count) {
            return verdicts.append(.rejected(signed.id, objection, treeSize: facts.standing.size, at: time))
        }
        builder.append(Merkle.leafHash(bytes))
        entries.append(NewEntry(entry: entry, bytes: bytes, changes: changes, envelope: envelope))
        facts.apply(changes)
        for arrival in changes.arrivals { reached.insert(arrival.party) }
        verdicts.append(.logged(changes.index))
    }

    /// Signs the new head; gives what is to be committed and what is to be published after that.
    mutating func seal(
        signers: RelaySigners, origin: String
    ) throws -> (batch: CommitBatch, snapshot: PublishedLog.Snapshot) {
        let head = LogHead(size: builder.size, root: builder.root)
        let note = try Checkpoint(origin: signers.log.key.name, size: head.size, root: head.root)
            .signed(by: signers.log).bytes
        let tiles = builder.drain()
        let batch = CommitBatch(base: base.head.size, entries: entries, tiles: tiles, head: head, checkpoint: note)
        let snapshot = PublishedLog.Snapshot(
            head: head, checkpoint: note, builder: builder, standing: facts.standing)
        return (batch, snapshot)
    }
}
