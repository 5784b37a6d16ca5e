import Store

/// Whose turn it is to write to an upload: always that of the newest request. One that hangs on a connection that broke
/// off can never hold up, or write after, the one that takes its place.
actor UploadTurns {
    struct Turn: Sendable {
        let id: UploadID
        fileprivate let number: UInt64
        /// Bytes that were written, but maybe not synced, by a request before this one.
        let written: UInt64?
    }

    private struct State {
        var newest: UInt64
        var written: UInt64?
        var isWriting = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private var states: [UploadID: State] = [:]
    private var last: UInt64 = 0

    /// Takes the turn from whoever had it, once its writing of the moment is over.
    func take(_ id: UploadID) async -> Turn {
        last += 1
        let number = last
        states[id, default: State(newest: number)].newest = number
        while states[id]?.isWriting ?? false {
            await withCheckedContinuation { states[id]?.waiting.append($0) }
        }
        return Turn(id: id, number: number, written: states[id]?.written)
    }

    /// Begins to write. Every call that gave true is followed by ``leave(_:written:)``.
    /// - Returns: whether it is still this one's turn.
    func enter(_ turn: Turn) -> Bool {
        guard let state = states[turn.id], state.newest == turn.number, !state.isWriting else { return false }
        states[turn.id]?.isWriting = true
        return true
    }

    /// Ends what ``enter(_:)`` began.
    /// - Parameter written: bytes of the file that are there now, synced or not; nil leaves it as it was.
    func leave(_ turn: Turn, written: UInt64? = nil) {
        guard var state = states[turn.id] else { return }
        let waiting = state.waiting
        state.isWriting = false
        state.waiting = []
        if let written { state.written = written }
        states[turn.id] = state
        for one in waiting { one.resume() }
    }

    /// Says that an upload is gone, and with it what was written.
    func forget(_ id: UploadID) { states[id]?.written = nil }

    /// Says that a request is over and that nothing is written that is not synced.
    func end(_ turn: Turn) {
        guard let state = states[turn.id], state.newest == turn.number, !state.isWriting else { return }
        states[turn.id] = nil
    }
}
