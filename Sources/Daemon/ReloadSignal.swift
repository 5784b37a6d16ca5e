package import Logging
import ServiceLifecycle
import UnixSignals

/// Runs a piece of work on each SIGHUP, and tells the service manager when it begins and ends.
package struct ReloadSignal: Service {
    private let notifier: ServiceNotifier
    private let logger: Logger
    private let work: @Sendable () async throws -> String

    /// - Parameter work: returns what is new, for the log and `systemctl status`. What it throws is logged, and the
    ///   program goes on as it was.
    package init(notifier: ServiceNotifier, logger: Logger, work: @escaping @Sendable () async throws -> String) {
        self.notifier = notifier
        self.logger = logger
        self.work = work
    }

    package func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        for await _ in signals.cancelOnGracefulShutdown() { await reload() }
        try? await gracefulShutdown()
    }

    /// One reload, as a signal causes it.
    package func reload() async {
        notifier.reloading()
        do {
            let news = try await work()
            logger.notice("reloaded", metadata: ["news": "\(news)"])
            notifier.ready(status: news)
        } catch {
            logger.error("nothing was reloaded", metadata: ["why": "\(error)"])
            notifier.ready(status: "nothing was reloaded: see the log")
        }
    }
}
