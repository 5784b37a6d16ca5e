package import Statements
import Synchronization

/// Wakes the long polls of a party when something reached its inbox.
package final class InboxBell: Sendable {
    private struct State {
        var nextID: UInt64 = 0
        var waiting: [PartyID: [UInt64: CheckedContinuation<Void, Never>]] = [:]
        /// Waiters that were cancelled before they began to wait.
        var isClosed = false
    }
    private let state = Mutex(State())
    package init() {}

    /// How many wait now.
    package var waitingCount: Int { state.withLock { $0.waiting.values.reduce(0) { $0 + $1.count } } }

    package func ring(_ parties: Set<PartyID>) {
        let woken = state.withLock { state in
            parties.flatMap { state.waiting.removeValue(forKey: $0).map { Array($0.values) } ?? [] }
        }
        for continuation in woken { continuation.resume() }
    }

    /// Wakes everyone, for good: the relay is stopping.
    package func close() {
        let woken = state.withLock { state in
            state.isClosed = true
            let all = state.waiting.values.flatMap(\.values)
            state.waiting = [:]
            return all
        }
        for continuation in woken { continuation.resume() }
    }

    /// Returns when the party's bell rings, the time is up, or the task is cancelled.
    /// - Parameter check: asked after the wait began; true means that there is something already.
    package func wait(_ party: PartyID, for span: Duration, unless check: @escaping @Sendable () -> Bool) async {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.sleep(party, id, unless: check) }
            group.addTask { try? await Task.sleep(for: span) }
            await group.next()
            group.cancelAll()
        }
    }

    private func sleep(_ party: PartyID, _ id: UInt64, unless check: @escaping @Sendable () -> Bool) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let refused = state.withLock { state in
                    if state.isClosed || Task.isCancelled { return true }
                    state.waiting[party, default: [:]][id] = continuation
                    return false
                }
                if refused { return continuation.resume() }
                // Looked up after the wait began, so that a ring in between is not lost.
                if check() { state.withLock { $0.waiting[party]?.removeValue(forKey: id) }?.resume() }
            }
        } onCancel: {
            let continuation = state.withLock { $0.waiting[party]?.removeValue(forKey: id) }
            continuation?.resume()
        }
    }
}
