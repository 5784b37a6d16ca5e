import Rules
import Statements

extension Sequencer {
    /// What would become of a submission whose envelope has not come yet, so that it is refused before a large upload
    /// and not after it.
    ///
    /// - Returns: its acceptance if it is in the log, its signed rejection if the rules object to it as things stand,
    ///   nil if it may go on; what becomes of it in the end is decided when its envelope is there.
    func preview(_ examined: ExaminedStatement) async -> Outcome? {
        if log.isHalted { return .unavailable }
        let snapshot = log.snapshot
        var wanted = Facts.Wanted()
        wanted.add(examined.signed)
        do {
            let time = try clock.next(after: snapshot.standing.lastAcceptedAt)
            let facts = try await facts(wanted, in: snapshot)
            switch Decider.decide(examined, at: time, facts: facts) {
            // The log only grows, so this finds it again and adds nothing.
            case .repeated: return await submit(examined)
            case .rejected(let objection):
                return rejected(
                    examined.id, objection, charter: snapshot.standing.charter.id,
                    treeSize: snapshot.head.size, at: time)
            case .accepted: return nil
            }
        } catch let doubt as RelayClock.Doubt {
            return .clock(doubt)
        } catch {
            return .unavailable
        }
    }
}
