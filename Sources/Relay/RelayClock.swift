import Glibc
package import Statements
import Synchronization

/// The relay's clock, and its doubts about it.
///
/// Entry times never go back. A step back of up to ``tolerance`` is waited out by repeating the last entry's time; a
/// longer one, or a jump ahead of what the machine's steady clock measured, stops intake until it is mended: entries
/// with wrong times could not be taken back.
package final class RelayClock: Sendable {
    /// Reads wall-clock time in milliseconds and steady time in milliseconds.
    package struct Source: Sendable {
        let wall: @Sendable () -> Int64
        let steady: @Sendable () -> Int64
        package init(wall: @escaping @Sendable () -> Int64, steady: @escaping @Sendable () -> Int64) {
            self.wall = wall
            self.steady = steady
        }
        /// The machine's clocks.
        package static let system = Source(
            wall: { Self.read(CLOCK_REALTIME) }, steady: { Self.read(CLOCK_BOOTTIME) })
        private static func read(_ clock: clockid_t) -> Int64 {
            var time = timespec()
            clock_gettime(clock, &time)
            return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
        }
    }

    /// What keeps a statement from being given a time.
    package enum Doubt: Error, Hashable, Sendable {
        /// The clock is this far behind the last entry.
        case behind(TimeSpan)
        /// The clock moved ahead of the steady clock by this much since the last entry.
        case ahead(TimeSpan)
    }

    package static let tolerance = TimeSpan.seconds(2)
    private let source: Source
    /// The longest jump ahead that is believed without a restart by the operator.
    private let jumpLimit: TimeSpan
    private let anchor: Mutex<(wall: Int64, steady: Int64)>

    package init(_ source: Source = .system, jumpLimit: TimeSpan) {
        self.source = source
        self.jumpLimit = jumpLimit
        anchor = Mutex((source.wall(), source.steady()))
    }

    /// The wall clock as it is.
    package var now: Timestamp { Timestamp(milliseconds: source.wall()) }

    /// The time for the next entry.
    package func next(after last: Timestamp) throws(Doubt) -> Timestamp {
        let wall = source.wall()
        let steady = source.steady()
        let ahead = anchor.withLock { (wall - $0.wall) - (steady - $0.steady) }
        if ahead > jumpLimit.milliseconds { throw .ahead(TimeSpan(milliseconds: ahead)) }
        let behind = last.milliseconds - wall
        if behind > Self.tolerance.milliseconds { throw .behind(TimeSpan(milliseconds: behind)) }
        return Timestamp(milliseconds: max(wall, last.milliseconds))
    }
}
