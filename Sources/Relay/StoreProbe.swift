package import Store
import Synchronization

/// Whether the store can commit now: found out by a small commit of its own through the one writer, forced to the disk
/// as every commit is.
///
/// At most once a second, only when somebody asks, and not while batches are committed anyway.
package final class StoreProbe: Sendable {
    package enum Finding: Sendable, Hashable {
        /// A commit became durable within the last second; how long the probe's took, if it was one.
        case works(Duration?)
        case failed(StoreError)
        /// A commit has not come back for so long.
        case stuck(Duration)
    }

    private struct State {
        var finding: Finding?
        var at: ContinuousClock.Instant?
        /// When the probe began that is not over.
        var begun: ContinuousClock.Instant?
        var waiting: [AsyncStream<Void>.Continuation] = []
    }

    /// How old a finding may be.
    private let age: Duration
    private let store: any NoteStore
    private let metrics: RelayMetrics
    /// How long an asker waits for a probe.
    private let patience: Duration
    private let state = Mutex(State())

    package init(
        _ store: any NoteStore, metrics: RelayMetrics, patience: Duration = .seconds(2), age: Duration = .seconds(1)
    ) {
        self.store = store
        self.metrics = metrics
        self.patience = patience
        self.age = age
    }

    /// Answers after ``patience`` at the latest, whatever the store does.
    package func look() async -> Finding {
        let now = ContinuousClock.now
        if let committed = metrics.committedAt, now - committed < age { return .works(nil) }
        let (over, starts) = state.withLock { state -> (AsyncStream<Void>?, Bool) in
            if let begun = state.begun, now - begun >= patience { return (nil, false) }
            if state.begun == nil, let at = state.at, now - at < age { return (nil, false) }
            let (over, continuation) = AsyncStream.makeStream(of: Void.self)
            state.waiting.append(continuation)
            let starts = state.begun == nil
            if starts { state.begun = now }
            return (over, starts)
        }
        if starts { Task { await probe() } }
        if let over { await wait(for: over) }
        return state.withLock { state in
            if let begun = state.begun { return .stuck(ContinuousClock.now - begun) }
            return state.finding ?? .stuck(.zero)
        }
    }

    private func wait(for over: AsyncStream<Void>) async {
        let patience = patience
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in over {} }
            group.addTask { try? await Task.sleep(for: patience) }
            await group.next()
            group.cancelAll()
        }
    }

    private func probe() async {
        let begin = ContinuousClock.now
        let finding: Finding
        do {
            try await store.keep([], in: .probe)
            finding = .works(ContinuousClock.now - begin)
        } catch { finding = .failed(error) }
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            state.finding = finding
            state.at = ContinuousClock.now
            state.begun = nil
            return state.waiting
        }
        for one in waiting { one.finish() }
    }
}
