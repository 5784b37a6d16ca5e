import Statements
import Wire

/// When a transfer that broke off is taken up again, and when it is given up.
///
/// A relay that was never reached is away: that is told at once. Once a byte has come through, failures without any
/// progress between them are counted, with longer and longer pauses.
struct Persistence {
    private let options: RelayClient.Options
    private var failures = 0
    private var reached: UInt64?

    init(_ options: RelayClient.Options) { self.options = options }

    /// Says how far the transfer is.
    mutating func reach(_ position: UInt64) {
        if position > reached ?? 0 || reached == nil { failures = 0 }
        reached = max(reached ?? 0, position)
    }

    /// Waits for the time to try again.
    ///
    /// - Throws: the error itself when it is final, or enough was tried; `CancellationError`.
    mutating func pause(after error: any Error) async throws {
        guard Self.isTemporary(error), reached != nil, failures < options.resumptions else { throw error }
        let doubled = options.firstPause.milliseconds << Int64(min(failures, 16))
        let asked = (error as? TransportError)?.busyWait ?? .seconds(0)
        guard asked <= options.busyWait else { throw error }
        failures += 1
        try await Task.sleep(
            for: .milliseconds(max(asked.milliseconds, min(doubled, options.longestPause.milliseconds))))
    }

    private static func isTemporary(_ error: any Error) -> Bool {
        guard let error = error as? TransportError else { return false }
        if error.code == .relayUnavailable { return true }
        return ["busy", "overloaded", "unavailable", "storage-failed", "wrong-offset"].contains(
            error.problem?.code ?? "")
    }
}
