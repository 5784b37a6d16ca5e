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
        case clock(RelayClock.Doubt)
        /// Nothing is known to be stored; the same statement may be sent again.
        case unavailable
    }

    /// An act of the relay itself, made when its batch is decided so that what it counts is exact.
    package struct OwnAct: Sendable {
        /// The message it speaks of, if any.
        let message: MessageID?
        let make: @Sendable (StandingFacts, Timestamp) -> Act

        package init(message: MessageID? = nil, make: @escaping @Sendable (StandingFacts, Timestamp) -> Act) {
            self.message = message
            self.make = make
        }
    }

    private enum Work {
        case statement(ExaminedStatement, EnvelopeBytes?)
        case own(OwnAct)
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
    private let bell: InboxBell
    private let logger: Logger
    private var waiting: [Waiting] = []
    private var isDraining = false
    private var knownRoots: [TreeSize: Hash] = [:]

    package init(
        store: any Store, log: PublishedLog, signers: RelaySigners, clock: RelayClock, bell: InboxBell, logger: Logger
    ) {
        self.store = store
        reader = LogReader(store)
        self.signers = signers
        self.clock = clock
        self.log = log
        self.bell = bell
        self.logger = logger
    }

    /// Decides a statement and, if it is accepted, makes it durable before answering.
    /// - Parameter envelope: a submission's envelope file; nil for other acts.
    package func submit(_ examined: ExaminedStatement, envelope: EnvelopeBytes? = nil) async -> Outcome {
        await enqueue(.statement(examined, envelope))
    }

    /// Says something as the relay, under the act key; it is decided like everyone's statements.
    package func say(_ act: OwnAct) async -> Outcome { await enqueue(.own(act)) }

    private func enqueue(_ work: Work) async -> Outcome {
        if log.isHalted { return .unavailable }
        if waiting.count >= Self.queueLimit { return .busy }
        return await withCheckedContinuation { answer in
            waiting.append(Waiting(work: work, answer: answer))
            guard !isDraining else { return }
            isDraining = true
            Task { await drain() }
        }
    }

    private func drain() async {
        while !waiting.isEmpty {
            let batch = Array(waiting.prefix(Self.batchLimit))
            waiting.removeFirst(batch.count)
            await process(batch)
        }
        isDraining = false
    }

    private func process(_ batch: [Waiting]) async {
        if log.isHalted { return answerAll(batch, .unavailable) }
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
            logger.error("a batch was not committed", metadata: ["error": "\(error)", "statements": "\(batch.count)"])
            answerAll(batch, .unavailable)
        }
    }

    private func answerAll(_ batch: [Waiting], _ outcome: Outcome) {
        for item in batch { item.answer.resume(returning: outcome) }
    }

    private func facts(for batch: [Waiting], snapshot: PublishedLog.Snapshot) async throws -> Facts {
        var wanted = Facts.Wanted()
        for item in batch {
            switch item.work {
            case .statement(let examined, _): wanted.add(examined.signed)
            case .own(let act): if let message = act.message { wanted.messages.insert(message) }
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

    /// Signs the head and commits. A commit whose outcome is unknown is looked up; if that fails too, intake stops:
    /// signing over an unknown state could fork the log.
    private func commit(
        _ draft: inout BatchDraft, base: PublishedLog.Snapshot
    ) async throws -> PublishedLog.Snapshot {
        let next = try draft.seal(signers: signers, origin: base.standing.charter.charter.relay.origin)
        do {
            try await store.commit(next.batch)
        } catch  where error.code == .outcomeUnknown {
            try await resolveUnknown(next.snapshot, base: base)
        }
        return next.snapshot
    }

    private func resolveUnknown(_ wanted: PublishedLog.Snapshot, base: PublishedLog.Snapshot) async throws {
        do {
            let loaded = try await store.load()
            if loaded?.head == wanted.head { return }
            guard loaded?.head == base.head else {
                log.halt()
                throw StoreError(.damaged, "the store is neither before nor after the batch; intake is stopped")
            }
        } catch {
            log.halt()
            throw error
        }
        throw StoreError(.unavailable, "the commit failed and left nothing")
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
            item.answer.resume(returning: outcome(verdict, proven: proven, snapshot: snapshot))
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
