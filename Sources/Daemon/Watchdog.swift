import Glibc
import ServiceLifecycle

/// Tells the service manager that the program works, for as long as it does: `WATCHDOG=1` at half of the time after
/// which the manager would end the program (sd_watchdog_enabled(3)).
///
/// Nothing is sent while the program does not think itself healthy, or while its answer to that question takes longer.
package struct Watchdog: Service {
    private let notifier: ServiceNotifier
    /// Between two beats.
    package let pause: Duration
    private let isHealthy: @Sendable () async -> Bool

    /// Nil where the manager keeps no watch: no `WATCHDOG_USEC`, or one that is meant for another process.
    package init?(
        notifier: ServiceNotifier, environment: (String) -> String? = Self.variable,
        isHealthy: @escaping @Sendable () async -> Bool
    ) {
        guard let limit = environment("WATCHDOG_USEC").flatMap(Int64.init), limit > 1 else { return nil }
        if let process = environment("WATCHDOG_PID"), process != "\(getpid())" { return nil }
        self.notifier = notifier
        self.isHealthy = isHealthy
        pause = .microseconds(limit / 2)
    }

    package func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                let begin = ContinuousClock.now
                if await isHealthy() { notifier.alive() }
                try await Task.sleep(until: begin + pause, clock: .continuous)
            }
        }
        // Another service's end is not awaited here: nothing of the stop depends on this one.
        try? await gracefulShutdown()
    }

    /// A variable of this process's environment.
    package static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
