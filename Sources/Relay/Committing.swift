import Daemon
import Ledger
import Logging
import Rules
import Statements
import Store

/// A commit that may or may not have been written.
struct CommitDoubt: Sendable {
    let base: PublishedLog.Snapshot
    let wanted: PublishedLog.Snapshot
    /// The parties that it reaches.
    let reached: Set<PartyID>
}

extension Sequencer {
    /// Signs the head and commits. A commit whose outcome is unknown is looked up; while that fails too, nothing is
    /// decided: signing over an unknown state could fork the log.
    func commit(_ draft: inout BatchDraft, base: PublishedLog.Snapshot) async throws -> PublishedLog.Snapshot {
        let next = try draft.seal(signers: signers, origin: base.standing.charter.charter.relay.origin)
        let begin = ContinuousClock.now
        do {
            try await store.commit(next.batch)
            metrics.committed(since: begin)
        } catch {
            metrics.commitFailures.add()
            guard error.code == .outcomeUnknown else { throw error }
            let doubt = CommitDoubt(base: base, wanted: next.snapshot, reached: draft.reached)
            guard try await isWritten(doubt) else {
                throw StoreError(.unavailable, "the commit failed and left nothing")
            }
        }
        return next.snapshot
    }

    /// Looks up once more what became of a commit, if that is not known. What was written is published; its senders
    /// were told to send it again, and are given its acceptance then.
    func lookAgain() async {
        guard log.intake == .uncertain, let doubt, !isLooking else { return }
        isLooking = true
        defer { isLooking = false }
        do {
            // A durable write costs less than to read what is there, and fails for as long as the disk is full.
            try await store.keep([], in: .probe)
            let isThere = try await isWritten(doubt)
            if isThere {
                log.publish(doubt.wanted)
                bell.ring(doubt.reached)
            }
            log.set(.open)
            logger.notice("the store can be read again; intake goes on", metadata: ["committed": "\(isThere)"])
        } catch {
            logger.log(
                level: log.intake == .stopped ? .error : .debug, "the outcome of a commit is not known",
                metadata: ["error": LoggedError.words(error, for: logger)])
        }
    }

    /// - Throws: ``StoreError``; intake is stopped if the store is damaged, else uncertain.
    private func isWritten(_ doubt: CommitDoubt) async throws -> Bool {
        let loaded: LoadedLog?
        do { loaded = try await store.load() } catch {
            self.doubt = doubt
            log.set(error.code == .damaged ? .stopped : .uncertain)
            throw error
        }
        self.doubt = nil
        switch loaded?.head {
        case doubt.wanted.head: return true
        case doubt.base.head: return false
        default:
            log.set(.stopped)
            throw StoreError(.damaged, "the store is neither before nor after the batch; intake is stopped")
        }
    }
}
