package import Logging
import ServiceLifecycle
import UnixSignals

/// Ends a program on SIGUSR1 in two steps: what is new is refused at once, and after a pause, in which those who ask
/// how the program stands have seen it, the graceful stop begins.
package struct DrainSignal: Service {
    private let pause: Duration
    private let logger: Logger
    private let begin: @Sendable () -> Void

    /// - Parameters:
    ///   - pause: between the signal and the stop.
    ///   - begin: refuses what is new from then on.
    package init(pause: Duration = .seconds(5), logger: Logger, begin: @escaping @Sendable () -> Void) {
        self.pause = pause
        self.logger = logger
        self.begin = begin
    }

    /// Returns after the pause: the other services are stopped then.
    package func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sigusr1)
        for await _ in signals.cancelOnGracefulShutdown() {
            await drain()
            return
        }
        try? await gracefulShutdown()
    }

    /// What the signal causes.
    package func drain() async {
        begin()
        logger.notice("draining: nothing new is taken, and the stop begins", metadata: ["in": "\(pause)"])
        await cancelWhenGracefulShutdown { try? await Task.sleep(for: pause) }
    }
}
