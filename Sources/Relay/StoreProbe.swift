import ServiceLifecycle
package import Store
import Synchronization

/// Whether the store can commit now: found out by a small commit of its own through the one writer, forced to the disk
/// as every commit is.
///
/// When somebody asks, at most once a second; by itself every 15 seconds, so that a scrape need not ask; and not while
/// batches are committed anyway.
package final class StoreProbe: Service {
    package enum Finding: Sendable, Hashable {
        /// A commit became durable; how long the probe's took, if it was one.
        case works(Duration?)
        case failed(StoreError)
        /// A commit has not come back for so long.
        case stuck(Duration)
    }

    package struct Times: Sendable {
        /// How old a finding may be that somebody is given who asks.
        package var age = Duration.seconds(1)
        /// How long an asker waits for a probe.
        package var patience = Duration.seconds(2)
        /// How often it is found out without anybody asking.
        package var pause = Duration.seconds(15)
        package init() {}
    }

    private struct State {
        var finding: Finding?
        var at: ContinuousClock.Instant?
        /// When the probe began that is not over.
        var begun: ContinuousClock.Instant?
        var waiting: [AsyncStream<Void>.Continuation] = []
    }

    private let store: any NoteStore
    private let metrics: RelayMetrics
    private let times: Times
    private let state = Mutex(State())

    package init(_ store: any NoteStore, metrics: RelayMetrics, times: Times = Times()) {
        self.store = store
        self.metrics = metrics
        self.times = times
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                _ = await self.look(age: self.times.pause)
                try? await Task.sleep(for: self.times.pause)
            }
        }
    }

    /// What is known without asking the store; nil before anything is.
    package var newest: Finding? {
        let (now, committed) = (ContinuousClock.now, metrics.committedAt)
        if let committed, now - committed < times.age { return .works(nil) }
        return state.withLock { state in
            if let begun = state.begun, now - begun >= times.patience { return .stuck(now - begun) }
            guard let committed else { return state.finding }
            if let at = state.at, at > committed { return state.finding }
            return .works(nil)
        }
    }

    /// Answers after ``Times/patience`` at the latest, whatever the store does.
    package func look() async -> Finding { await look(age: times.age) }

    private func look(age: Duration) async -> Finding {
        let (now, patience) = (ContinuousClock.now, times.patience)
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
        let patience = times.patience
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
