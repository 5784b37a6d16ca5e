package import Statements
import Synchronization

/// Wakes the long polls of a party when something reached its inbox.
///
/// One task looks for those whose time is up, four times a second while anybody waits: a task and a timer for each
/// would be most of what a waiting client costs.
package final class InboxBell: Sendable {
    private struct State {
        var nextID: UInt64 = 0
        var waiting: [PartyID: [UInt64: CheckedContinuation<Void, Never>]] = [:]
        /// Those whose time is up in a round; who was woken before is still listed.
        var ends: [Int64: [(party: PartyID, id: UInt64)]] = [:]
        var isSweeping = false
        /// The relay is stopping: nobody waits any more.
        var isClosed = false
    }

    private static let round = Duration.milliseconds(250)
    private let start = ContinuousClock.now
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
            (state.waiting, state.ends) = ([:], [:])
            return all
        }
        for continuation in woken { continuation.resume() }
    }

    /// A place for one poll, which it may wait at, and which may be left from anywhere.
    package func place(for party: PartyID) -> Place {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        return Place(bell: self, party: party, id: id)
    }

    /// Where one poll waits. That it can be left by hand spares the poll a task to be cancelled, and a second one to
    /// cancel it: they would be most of what is left of a waiting client's cost.
    package final class Place: Sendable {
        private let bell: InboxBell
        private let party: PartyID
        private let id: UInt64
        private let isLeft = Atomic(false)

        fileprivate init(bell: InboxBell, party: PartyID, id: UInt64) {
            self.bell = bell
            self.party = party
            self.id = id
        }

        /// Waits until the party's bell rings, the time is up (to a quarter of a second), the place is left, or the
        /// task is cancelled.
        /// - Parameter check: asked after the wait began; true means that there is something already.
        /// - Returns: false if the place was left or the task cancelled: nobody is there to be answered.
        package func wait(for span: Duration, unless check: @Sendable () -> Bool) async -> Bool {
            let end = bell.roundNumber(of: .now + span) + 1
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    guard bell.enter(party, id, until: end, continuation) else { return continuation.resume() }
                    // Looked up after the wait began, so that nothing in between is lost.
                    if isLeft.load(ordering: .acquiring) || check() { bell.leave(party, id)?.resume() }
                }
            } onCancel: {
                leave()
            }
            return !isLeft.load(ordering: .acquiring)
        }

        /// Ends the wait, also one that has yet to begin.
        package func leave() {
            isLeft.store(true, ordering: .releasing)
            bell.leave(party, id)?.resume()
        }
    }

    /// - Returns: false if nobody may wait any more.
    private func enter(
        _ party: PartyID, _ id: UInt64, until end: Int64, _ continuation: CheckedContinuation<Void, Never>
    ) -> Bool {
        let (isIn, begins) = state.withLock { state in
            if state.isClosed { return (false, false) }
            state.waiting[party, default: [:]][id] = continuation
            state.ends[end, default: []].append((party, id))
            defer { state.isSweeping = true }
            return (true, !state.isSweeping)
        }
        if begins { Task { await self.sweep() } }
        return isIn
    }

    private func leave(_ party: PartyID, _ id: UInt64) -> CheckedContinuation<Void, Never>? {
        state.withLock { Self.remove(party, id, from: &$0) }
    }

    private static func remove(_ party: PartyID, _ id: UInt64, from state: inout State)
        -> CheckedContinuation<Void, Never>?
    {
        let continuation = state.waiting[party]?.removeValue(forKey: id)
        if state.waiting[party]?.isEmpty == true { state.waiting[party] = nil }
        return continuation
    }

    private func roundNumber(of time: ContinuousClock.Instant) -> Int64 {
        Int64(((time - start) / Self.round).rounded(.down))
    }

    private func sweep() async {
        while true {
            try? await Task.sleep(for: Self.round)
            let now = roundNumber(of: .now)
            let (woken, isOver) = state.withLock { state in
                var woken: [CheckedContinuation<Void, Never>] = []
                for round in state.ends.keys.filter({ $0 <= now }) {
                    for one in state.ends.removeValue(forKey: round) ?? [] {
                        if let found = Self.remove(one.party, one.id, from: &state) { woken.append(found) }
                    }
                }
                if state.waiting.isEmpty { (state.ends, state.isSweeping) = ([:], false) }
                return (woken, state.waiting.isEmpty)
            }
            for continuation in woken { continuation.resume() }
            if isOver { return }
        }
    }
}
