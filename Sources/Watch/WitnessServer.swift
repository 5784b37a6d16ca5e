package import Daemon
import Glibc
import Hummingbird
import HummingbirdCore
package import Ledger
package import Logging
import NIOCore
import NIOPosix

/// Where a witness listens, how it is shielded, and how it speaks.
package struct WitnessSettings: Sendable {
    package var host: String
    /// 0 lets the system choose.
    package var port: Int
    /// PEM; nil for plain HTTP, behind a proxy or on loopback.
    package var identity: ServerIdentity?
    package var generation = WitnessGeneration.second
    package var limits = ConnectionLimits()
    /// More connections than this wait to be accepted.
    package var connections = 512
    /// More requests at once than this are told to come again.
    package var requests = 64
    /// The loopback port of `/healthz` and `/readyz`; nil for none.
    package var healthPort: Int?

    package init(host: String, port: Int, identity: ServerIdentity?) {
        self.host = host
        self.port = port
        self.identity = identity
        // A request is small: none needs longer.
        limits.bodyWindow = .seconds(10)
        limits.bodyFloor = 8 * 1024
    }
}

/// A witness that answers over HTTP/1.1: its services in the order in which they start.
package struct WitnessServer: Sendable {
    package let services: [ServiceRoot.Named]

    /// - Parameters:
    ///   - nextSecond: waits until the next second of the witness's clock has begun.
    ///   - listening: called with the port once the witness takes requests.
    /// - Throws: ``WitnessError`` `witness-listener-unusable`.
    package init(
        witness: Cosigner, settings: WitnessSettings, logger: Logger,
        nextSecond: @escaping @Sendable () async throws -> Void = WitnessClock.nextSecond,
        listening: @escaping @Sendable (Int) async -> Void
    ) throws {
        let quiet = logger.quiet
        let builder: HTTPServerBuilder
        do { builder = try GuardedServer.builder(settings.identity, limits: settings.limits) } catch {
            throw WitnessError(
                .listenerUnusable, "The TLS certificate or its key cannot be used: \(error)",
                hint: "give a PEM chain with --tls-certificate and its key with --tls-key")
        }
        let responder = WitnessResponder(
            witness: witness, generation: settings.generation, limit: settings.requests, nextSecond: nextSecond)
        let application = Application(
            responder: responder, server: builder,
            configuration: .init(
                address: .hostname(settings.host, port: settings.port), serverName: nil, backlog: 1_024,
                availableConnectionsDelegate: MaximumAvailableConnections(settings.connections, logger: quiet)),
            onServerRunning: { channel in await listening(channel.localAddress?.port ?? settings.port) },
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), logger: quiet)
        var services: [ServiceRoot.Named] = [.init("http", application)]
        if let port = settings.healthPort {
            let health = Application(
                responder: WitnessHealthResponder(witness: witness),
                configuration: .init(address: .hostname("127.0.0.1", port: port), serverName: nil),
                eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), logger: quiet)
            services.append(.init("health", health))
        }
        self.services = services
    }
}

/// The machine's clock as a witness reads it.
package enum WitnessClock {
    /// Seconds since 1970 UTC.
    @Sendable package static func now() -> UInt64 { read().seconds }

    /// Waits until the next second has begun.
    @Sendable package static func nextSecond() async throws {
        try await Task.sleep(for: .nanoseconds(1_000_000_000 - read().rest))
    }

    private static func read() -> (seconds: UInt64, rest: Int64) {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return (UInt64(max(0, time.tv_sec)), Int64(time.tv_nsec))
    }
}
