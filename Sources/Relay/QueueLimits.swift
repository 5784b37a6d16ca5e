package import Statements

/// How much may wait for the one writer, and for how long.
package struct QueueLimits: Sendable, Hashable {
    /// The most that waits: a statement counts as one, and as one more for every 16 KiB in memory that come with it.
    package var statements = Sequencer.queueLimit
    /// What would have to wait for longer is turned away at once.
    package var patience = TimeSpan.seconds(10)
    /// Percent of a batch that a precedence may take while lower ones wait.
    package var share = 50
    package init() {}
}

/// How long batches take, so that those who come know how long they would wait.
struct Pace: Sendable {
    /// Seconds of a batch; newer ones count more.
    private var batch = 0.0
    private var begun: ContinuousClock.Instant?

    mutating func begin(at now: ContinuousClock.Instant) { begun = now }

    mutating func end(at now: ContinuousClock.Instant) {
        guard let begun else { return }
        let seconds = (now - begun) / .seconds(1)
        // A stall is soon forgotten.
        batch = batch == 0 || seconds < batch ? (batch + seconds) / 2 : batch * 0.75 + seconds * 0.25
        self.begun = nil
    }

    /// Seconds until the statement at a place in the queue is answered: the batches before it, and at least as long as
    /// the one that is at work has taken already, since a disk that hangs says nothing of when it will go on.
    func wait(place: Int, at now: ContinuousClock.Instant) -> Double {
        let batches = (place + Sequencer.batchLimit - 1) / Sequencer.batchLimit
        let running = begun.map { (now - $0) / .seconds(1) } ?? 0
        return max(running, Double(batches) * batch)
    }
}

extension Act {
    /// Where a statement waits: a submission by its own precedence. Everything else is small, often has a time limit
    /// that somebody else set, and goes as `immediate`.
    var precedence: Precedence {
        if case .submission(let submission) = self { submission.precedence } else { .immediate }
    }
}
