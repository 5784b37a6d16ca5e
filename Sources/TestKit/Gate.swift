import Synchronization

/// Holds back whoever comes to it until a test opens it.
package final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var wasReached = false
        var held: [CheckedContinuation<Void, Never>] = []
        var watching: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())

    package init() {}

    /// Waits until the gate is open.
    package func pass() async {
        let watching = state.withLock { state in
            state.wasReached = true
            defer { state.watching = [] }
            return state.watching
        }
        for continuation in watching { continuation.resume() }
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.held.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    /// Waits until somebody has come to the gate.
    package func reached() async {
        await withCheckedContinuation { continuation in
            let wasReached = state.withLock { state in
                if !state.wasReached { state.watching.append(continuation) }
                return state.wasReached
            }
            if wasReached { continuation.resume() }
        }
    }

    package func open() {
        let held = state.withLock { state in
            state.isOpen = true
            defer { state.held = [] }
            return state.held
        }
        for continuation in held { continuation.resume() }
    }
}
