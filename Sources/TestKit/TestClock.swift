package import Relay
package import Statements
import Synchronization

/// Two clocks that stand still until a test moves them: the wall clock, and the steady one that nobody can set.
package final class TestClock: Sendable {
    private let time: Mutex<(wall: Int64, steady: Int64)>

    package init(_ start: Timestamp) { time = Mutex((start.milliseconds, 1_000_000)) }

    package var now: Timestamp { Timestamp(milliseconds: time.withLock { $0.wall }) }

    /// Time passes: both clocks go on.
    package func pass(_ span: TimeSpan) {
        time.withLock { time in
            time.wall += span.milliseconds
            time.steady += span.milliseconds
        }
    }

    /// Somebody sets the wall clock, by a negative span to an earlier time.
    package func set(by span: TimeSpan) { time.withLock { $0.wall += span.milliseconds } }

    package var source: RelayClock.Source {
        RelayClock.Source(wall: { self.time.withLock { $0.wall } }, steady: { self.time.withLock { $0.steady } })
    }
}
