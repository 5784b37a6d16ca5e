import Ledger
package import Statements
import Transport
import Wire

/// Watching the inbox for as long as one likes.
extension Desk {
    /// What a watch sees.
    package enum Sight: Sendable {
        /// Arrivals, in their order.
        case arrivals(InboxLook)
        /// The relay does not answer; it is tried again after so long.
        case away(any Error, retryIn: TimeSpan)
        /// The relay answers again.
        case back
    }

    /// Reports every arrival with a greater number until the task is cancelled, and marks it as seen once it was taken.
    /// It asks by long polls, each renewed when it ends. A relay that is away, restarts or is too busy is asked again,
    /// after a pause that grows to half a minute; so are requests that a suspended machine sent with an old date.
    ///
    /// - Parameters:
    ///   - wait: seconds of one long poll. A connection that died while the machine slept is given up that long after
    ///     it wakes, and the usual time for an answer.
    ///   - pause: sleeps; a test has its own.
    ///   - see: takes what was seen; what it throws ends the watch.
    /// - Throws: whatever asking again cannot mend: a fork, something withheld, a locked key.
    package func watch(
        after: ArrivalNumber, wait: Int = 25,
        pause: (TimeSpan) async throws -> Void = { try await Task.sleep(for: .milliseconds($0.milliseconds)) },
        see: (Sight) async throws -> Void
    ) async throws {
        var newest = after
        var failures = 0
        while true {
            try Task.checkCancellation()
            do {
                let look = try await awaitArrivals(after: newest, seconds: wait)
                if failures > 0 { try await see(.back) }
                failures = 0
                newest = look.newest
                if !look.rows.isEmpty {
                    try await see(.arrivals(look))
                    try markSeen(look)
                }
            } catch let error as TransportError where Self.isPassing(error) {
                failures += 1
                let span = TimeSpan.seconds(min(30, 1 << min(failures - 1, 5)))
                if failures == 1 { try await see(.away(error, retryIn: span)) }
                try await pause(span)
            }
        }
    }

    /// Whether asking again later may do.
    private static func isPassing(_ error: TransportError) -> Bool {
        if error.code == .relayUnavailable { return true }
        guard error.code == .relayRefused, let problem = error.problem else { return false }
        let passing: Set<String> = [
            "busy", "overloaded", "unavailable", "storage-failed", "clock-behind", "signature-expired", "too-slow",
        ]
        return problem.status >= 500 || passing.contains(problem.code)
    }
}
