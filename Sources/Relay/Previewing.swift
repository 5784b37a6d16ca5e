import Ledger
import Rules
import Statements
import Store

extension Sequencer {
    /// What would become of a submission whose envelope has not come yet, so that it is refused before a large upload
    /// and not after it.
    ///
    /// - Returns: its acceptance if it is in the log, its signed rejection if the rules object to it as things stand,
    ///   nil if it may go on; what becomes of it in the end is decided when its envelope is there.
    func preview(_ examined: ExaminedStatement) async -> Outcome? {
        if log.intake != .open { return .unavailable }
        let snapshot = log.snapshot
        var wanted = Facts.Wanted()
        wanted.add(examined.signed)
        do {
            let time = try clock.next(after: snapshot.standing.lastAcceptedAt)
            let facts = try await facts(wanted, in: snapshot)
            switch Decider.decide(examined, at: time, facts: facts) {
            case .repeated(let index): return await again(examined, index, in: snapshot)
            case .rejected(let objection): return refused(examined.id, objection, in: snapshot, at: time)
            case .accepted(let changes):
                return try Decider.objection(toEntryOf: examined.signed, changes).map {
                    refused(examined.id, $0, in: snapshot, at: time)
                }
            }
        } catch let doubt as RelayClock.Doubt {
            return .clock(doubt)
        } catch {
            return .unavailable
        }
    }

    /// What became of a statement that is old.
    /// - Returns: nil for one that is still to be decided.
    func old(_ examined: ExaminedStatement) async -> Outcome? {
        let outcome = await preview(examined)
        return outcome?.isOld == true ? outcome : nil
    }

    private func refused(
        _ id: StatementID, _ objection: Objection, in snapshot: PublishedLog.Snapshot, at time: Timestamp
    ) -> Outcome {
        rejected(
            id, objection, charter: snapshot.standing.charter.id, treeSize: snapshot.head.size, at: time)
    }

    /// The entry that a statement has, without a turn in its party's queue.
    private func again(
        _ examined: ExaminedStatement, _ index: LogIndex, in snapshot: PublishedLog.Snapshot
    ) async -> Outcome {
        let place = index.rawValue
        guard place < snapshot.head.size.rawValue, let bytes = try? await store.entries(place..<place + 1).first,
            let entry = try? await reader.prove([StoredEntry(index: index, bytes: bytes)], in: snapshot).first
        else { return await submit(examined) }
        let outcome = Outcome.accepted(entry, checkpoint: snapshot.checkpoint)
        metrics.count(examined.signed.statement.act.kind, outcome, isRepeated: true)
        return outcome
    }
}

extension Sequencer.Outcome {
    /// Of a preview: whether the statement is in the log, or too late for it. Whoever has seen such a statement can
    /// hand it in, so it says nothing of who does, and is none that its party has to pay for.
    var isOld: Bool {
        switch self {
        case .accepted: true
        case .rejected(let objection, _): objection.code == .tooLate
        case .busy, .overloaded, .clock, .unavailable: false
        }
    }
}
