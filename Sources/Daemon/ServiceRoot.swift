package import Logging
package import ServiceLifecycle
import UnixSignals

/// The root of a daemon's tasks: named services that start in order and stop in reverse order, within a time limit.
///
/// SIGTERM and SIGINT begin a graceful stop: each service returns from `run()` when it has finished what it has begun.
/// After `stopLimit` the rest is cancelled. Nothing durable may depend on this: SIGKILL must be as safe.
package enum ServiceRoot {
    /// How long a stop may take where nobody says otherwise.
    package static let stopLimit = Duration.seconds(20)

    /// A service with the name that stands in the log. The name is required, since the default is the description of
    /// the service with all that it holds.
    package struct Named: Sendable {
        package let name: String
        let service: any Service

        package init(_ name: String, _ service: any Service) {
            self.name = name
            self.service = service
        }
    }

    /// Runs the services until a signal, or until one of them returns or throws, which stops the others gracefully.
    package static func run(
        _ services: [Named], logger: Logger, notifier: ServiceNotifier = ServiceNotifier(),
        stopLimit: Duration = ServiceRoot.stopLimit
    ) async throws {
        try await group(services, logger: logger, notifier: notifier, stopLimit: stopLimit).run()
    }

    /// The group alone, for a caller that stops it by itself (`triggerGracefulShutdown()`), as tests do.
    package static func group(
        _ services: [Named], logger: Logger, notifier: ServiceNotifier = ServiceNotifier(),
        stopLimit: Duration = ServiceRoot.stopLimit
    ) -> ServiceGroup {
        // Last in the list, so that it hears of the stop first.
        let all = services + [Named("notifier", StopNotice(notifier: notifier))]
        var configuration = ServiceGroupConfiguration(
            services: all.map {
                .init(
                    service: $0.service, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .gracefullyShutdownGroup, serviceName: $0.name)
            },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = stopLimit
        return ServiceGroup(configuration: configuration)
    }
}

/// Says `STOPPING=1` when the stop begins.
private struct StopNotice: Service {
    let notifier: ServiceNotifier

    func run() async throws {
        try? await gracefulShutdown()
        notifier.stopping()
    }
}
