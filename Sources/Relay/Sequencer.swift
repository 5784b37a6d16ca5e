import Daemon
import Ledger
package import Logging
package import Rules
package import Statements
package import Store

/// The one writer of the log: takes statements whose signatures were checked, decides them in batches, and answers
/// each only after the batch is durable.
///
/// One batch is: load facts, decide one by one, append, sign one checkpoint, commit once, publish, answer. While a
/// commit waits for the disk, the next batch gathers.
package actor Sequencer {
    /// What became of a statement.
    package enum Outcome: Sendable {
        case accepted(ProvenEntry, checkpoint: [UInt8])
        case rejected(Objection, SignedRejection)
        /// Too much is waiting already.
        case busy
        /// What waits would take longer than anybody should wait: seconds.
        case overloaded(Double)
        case clock(RelayClock.Doubt)
        /// Nothing is known to be stored; the same statement may be sent again.
        case unavailable

        var isAccepted: Bool {
            if case .accepted = self { true } else { false }
        }
    }

    /// An act of the relay itself, made when its batch is decided so that what it counts is exact.
    package struct OwnAct: Sendable {
        /// The message it speaks of, if any.
        let message: MessageID?
        /// The messages whose content it erases.
        let erases: [MessageID]
        let make: @Sendable (StandingFacts, Timestamp) -> Act
        /// What it will be, for those who count.
        var kind: Act.Kind { erases.isEmpty ? (message == nil ? .tick : .expiry) : .erasure }

        package init(
            message: MessageID? = nil, erases: [MessageID] = [],
            make: @escaping @Sendable (StandingFacts, Timestamp) -> Act
        ) {
            self.message = message
            self.erases = erases
            self.make = make
        }
    }

    private enum Work {
        case statement(ExaminedStatement, EnvelopeBytes?)
        case own(OwnAct)

        var kind: Act.Kind {
            switch self {
            case .statement(let examined, _): examined.signed.statement.act.kind
            case .own(let act): act.kind
            }
        }
        /// Whose it is in the queue.
        var party: PartyID {
            if case .statement(let examined, _) = self { examined.signed.statement.party } else { .relay }
        }
        var precedence: Precedence {
            if case .statement(let examined, _) = self { examined.signed.statement.act.precedence } else { .flash }
        }
        /// Of what it takes in memory.
        var cost: Int {
            if case .statement(_, .inline(let bytes)) = self { 1 + bytes.count / 16_384 } else { 1 }
        }
        /// Bytes; 0 for what brings no envelope.
        var envelopeSize: UInt64 {
            switch self {
            case .statement(_, .inline(let bytes)): UInt64(bytes.count)
            case .statement(_, .staged(let file)): file.size
            default: 0
            }
        }
    }

    private struct Waiting {
        let work: Work
        let answer: CheckedContinuation<Outcome, Never>
    }

    /// The most statements that wait, and that one commit takes.
    package static let queueLimit = 8_192
    package static let batchLimit = 512

    let store: any Store
    let reader: LogReader
    let signers: RelaySigners
    let clock: RelayClock
    let log: PublishedLog
    let bell: InboxBell
    let logger: Logger
    let metrics: RelayMetrics
    private let limits: QueueLimits
    private var waiting: FairQueue<Waiting>
    private var pace = Pace()
    private var isDraining = false
    private var knownRoots: [TreeSize: Hash] = [:]
    /// The commit whose outcome is not known, if there is one.
    var doubt: CommitDoubt?
    var isLooking = false

    package init(
        store: any Store, log: PublishedLog, signers: RelaySigners, clock: RelayClock, bell: InboxBell, logger: Logger,
        metrics: RelayMetrics = RelayMetrics(), limits: QueueLimits = QueueLimits()
    ) {
        self.store = store
        reader = LogReader(store)
        self.signers = signers
        self.clock = clock
        self.log = log
        self.bell = bell
        self.logger = logger
        self.metrics = metrics
        self.limits = limits
        waiting = FairQueue(limit: limits.statements, share: limits.share)
    }

    /// Decides a statement and, if it is accepted, makes it durable before answering.
    /// - Parameter envelope: a submission's envelope file; nil for other acts.
    package func submit(_ examined: ExaminedStatement, envelope: EnvelopeBytes? = nil) async -> Outcome {
        await enqueue(.statement(examined, envelope))
    }

    /// Says something as the relay, under the act key; it is decided like everyone's statements.
    package func say(_ act: OwnAct) async -> Outcome { await enqueue(.own(act)) }

    private func enqueue(_ work: Work) async -> Outcome {
        if log.intake != .open { return .unavailable }
        if let refusal = refusal(work) { return refusal }
        return await withCheckedContinuation { answer in
            guard add(Waiting(work: work, answer: answer)) else { return }
            metrics.queue.set(waiting.count)
            guard !isDraining else { return }
            isDraining = true
            Task { await drain() }
        }
    }

    /// Turns away what would have to wait for too long; the relay's own acts are few, and wait. Whoever comes when
    /// nothing is at work is let in: that is how it is seen that a disk works again.
    private func refusal(_ work: Work) -> Outcome? {
        guard isDraining, work.party != .relay else { return nil }
        let wait = pace.wait(place: waiting.place(of: work.party), at: .now)
        guard wait > Double(limits.patience.milliseconds) / 1_000 else { return nil }
        metrics.limits.add(.patience)
        metrics.count(work.kind, .overloaded(wait))
        return .overloaded(wait)
    }

    /// - Returns: whether it waits; otherwise it was answered.
    private func add(_ item: Waiting) -> Bool {
        let (work, isOwn) = (item.work, item.work.party == .relay)
        let admission = waiting.add(
            item, of: work.party, work.precedence, cost: work.cost, isExempt: isOwn)
        for other in admission.displaced { turnAway(other) }
        if !admission.isAdded { turnAway(item) }
        return admission.isAdded
    }

    private func turnAway(_ item: Waiting) {
        metrics.limits.add(.queue)
        tell(item, .busy)
    }

    private func drain() async {
        while !waiting.isEmpty {
            let batch = waiting.take(Self.batchLimit)
            metrics.queue.set(waiting.count)
            metrics.batches.observe(Double(batch.count))
            pace.begin(at: .now)
            await process(batch)
            pace.end(at: .now)
        }
        isDraining = false
    }

    private func process(_ batch: [Waiting]) async {
        if log.intake != .open { return answerAll(batch, .unavailable) }
        let snapshot = log.snapshot
        let time: Timestamp
        do { time = try clock.next(after: snapshot.standing.lastAcceptedAt) } catch {
            logger.error("clock is not to be trusted; intake is stopped", metadata: ["doubt": "\(error)"])
            return answerAll(batch, .clock(error))
        }
        do {
            let facts = try await facts(for: batch, snapshot: snapshot)
            var draft = BatchDraft(snapshot: snapshot, facts: facts, time: time)
            for item in batch {
                switch item.work {
                case .statement(let examined, let envelope): try draft.decide(examined, envelope: envelope)
                case .own(let act): try draft.decide(act, signer: signers.act)
                }
            }
            guard !draft.entries.isEmpty else { return try await answer(batch, draft, snapshot: snapshot) }
            let next = try await commit(&draft, base: snapshot)
            log.publish(next)
            bell.ring(draft.reached)
            try await answer(batch, draft, snapshot: next)
        } catch {
            // What is decided on a store that has changed could be wrong, and would be signed.
            if (error as? StoreError)?.code == .damaged { log.set(.stopped) }
            logger.error(
                "a batch was not committed",
                metadata: ["error": LoggedError.words(error, for: logger), "statements": "\(batch.count)"])
            answerAll(batch, .unavailable)
        }
    }

    private func answerAll(_ batch: [Waiting], _ outcome: Outcome) {
        for item in batch { tell(item, outcome) }
    }

    private func tell(_ item: Waiting, _ outcome: Outcome, isRepeated: Bool = false) {
        metrics.count(item.work.kind, outcome, isRepeated: isRepeated, envelope: item.work.envelopeSize)
        item.answer.resume(returning: outcome)
    }

    private func facts(for batch: [Waiting], snapshot: PublishedLog.Snapshot) async throws -> Facts {
        var wanted = Facts.Wanted()
        for item in batch {
            switch item.work {
            case .statement(let examined, _): wanted.add(examined.signed)
            case .own(let act):
                if let message = act.message { wanted.messages.insert(message) }
                wanted.contents.formUnion(act.erases)
            }
        }
        return try await facts(wanted, in: snapshot)
    }

    func facts(_ wanted: Facts.Wanted, in snapshot: PublishedLog.Snapshot) async throws -> Facts {
        var facts = try await store.facts(wanted, standing: snapshot.standing)
        facts.roots[snapshot.head.size] = snapshot.head.root
        knownRoots[snapshot.head.size] = snapshot.head.root
        var missing = wanted.sizes
        for size in wanted.sizes {
            guard let root = knownRoots[size] else { continue }
            facts.roots[size] = root
            missing.remove(size)
        }
        if !missing.isEmpty {
            let found = try await reader.roots(missing, in: snapshot)
            if knownRoots.count > 4_096 { knownRoots = [:] }
            knownRoots.merge(found) { first, _ in first }
            facts.roots.merge(found) { first, _ in first }
        }
        return facts
    }

    private func answer(_ batch: [Waiting], _ draft: BatchDraft, snapshot: PublishedLog.Snapshot) async throws {
        let older = Set(draft.verdicts.compactMap(\.olderIndex))
        var found: [LogIndex: StoredEntry] = [:]
        for index in older {
            let bytes = try? await store.entries(index.rawValue..<index.rawValue + 1).first
            if let bytes { found[index] = StoredEntry(index: index, bytes: bytes) }
        }
        for entry in draft.stored { found[entry.index] = entry }
        var proven: [LogIndex: ProvenEntry] = [:]
        if let proofs = try? await reader.prove(Array(found.values), in: snapshot) {
            for entry in proofs { proven[entry.index] = entry }
        }
        for (item, verdict) in zip(batch, draft.verdicts) {
            tell(
                item, outcome(verdict, proven: proven, snapshot: snapshot), isRepeated: verdict.olderIndex != nil)
        }
    }

    private func outcome(
        _ verdict: BatchDraft.Verdict, proven: [LogIndex: ProvenEntry], snapshot: PublishedLog.Snapshot
    ) -> Outcome {
        switch verdict {
        case .logged(let index), .repeated(let index):
            guard let entry = proven[index] else { return .unavailable }
            return .accepted(entry, checkpoint: snapshot.checkpoint)
        case .rejected(let id, let objection, let size, let time):
            return rejected(id, objection, charter: snapshot.standing.charter.id, treeSize: size, at: time)
        }
    }

    /// A rejection under the act key.
    func rejected(
        _ id: StatementID, _ objection: Objection, charter: CharterID, treeSize: TreeSize, at time: Timestamp
    ) -> Outcome {
        let rejection = Rejection(
            charter: charter, statement: id, code: objection.code.rawValue, treeSize: treeSize, decidedAt: time)
        guard let signed = try? SignedRejection(rejection, signer: signers.act) else { return .unavailable }
        return .rejected(objection, signed)
    }
}
