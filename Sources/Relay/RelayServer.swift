package import Daemon
import Glibc
import Hummingbird
import HummingbirdCore
import Ledger
package import Logging
import NIOCore
import NIOPosix
import Rules
import ServiceLifecycle
import Statements
package import Store
import Transport

/// Where the relay listens and how it is shielded.
package struct RelaySettings: Sendable {
    package var host: String
    /// 0 lets the system choose.
    package var port: Int
    /// PEM of leaf and key.
    package var certificate: [UInt8]
    package var certificateKey: [UInt8]
    package var connections = ConnectionLimits()
    package var threads = System.coreCount
    /// The loopback port of `/healthz`, `/readyz` and `/metrics`; nil for none.
    package var healthPort: Int?
    package var cadence = CheckpointRounds.Cadence()
    /// PEM of the TLS roots that witnesses' certificates are under; nil for the system's.
    package var witnessRoots: [UInt8]?

    package init(host: String, port: Int, certificate: [UInt8], certificateKey: [UInt8]) {
        self.host = host
        self.port = port
        self.certificate = certificate
        self.certificateKey = certificateKey
    }
}

/// A relay put together: its services in the order in which they start.
package struct RelayServer: Sendable {
    package let sequencer: Sequencer
    package let log: PublishedLog
    package let acts: RelayActs
    package let bell: InboxBell
    package let rounds: CheckpointRounds
    package let services: [ServiceRoot.Named]

    /// - Parameters:
    ///   - listening: called with the port once the relay takes requests.
    /// - Throws: ``StoreError``, ``Transport/TransportError``, and what TLS says of the certificate.
    package init(
        store: any Store, log: PublishedLog, signers: RelaySigners, clock: RelayClock, settings: RelaySettings,
        logger: Logger, listening: @escaping @Sendable (Int) async -> Void
    ) async throws {
        let bell = InboxBell()
        let witnesses = try WitnessClient(roots: settings.witnessRoots)
        let panel = WitnessPanel(log.snapshot.standing.charter.charter, log: signers.log.key, logger: logger) {
            await witnesses.post($0, to: $1)
        }
        let shown = try await ShownCheckpoints.open(store, log: signers.log.key, cosigners: panel.keys)
        let rounds = CheckpointRounds(
            log: log, reader: LogReader(store), panel: panel, shown: shown, clock: clock, cadence: settings.cadence,
            logger: logger)
        let sequencer = Sequencer(
            store: store, log: log, signers: signers, clock: clock, bell: bell, logger: logger)
        let acts = RelayActs(sequencer: sequencer, log: log, store: store, clock: clock, logger: logger)
        let responder = RelayResponder(
            sequencer: sequencer, log: log, shown: shown, store: store, reader: LogReader(store), clock: clock,
            bell: bell)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: settings.threads)
        var quiet = logger
        quiet.logLevel = max(.notice, logger.logLevel)
        let application = Application(
            responder: responder, server: try Self.builder(settings),
            configuration: .init(
                address: .hostname(settings.host, port: settings.port), serverName: nil, backlog: 4_096),
            onServerRunning: { channel in await listening(channel.localAddress?.port ?? settings.port) },
            eventLoopGroupProvider: .shared(group), logger: quiet)
        var services: [ServiceRoot.Named] = [
            .init("witness client", WitnessClientService(client: witnesses)), .init("acts", acts),
            .init("checkpoints", rounds), .init("https", application),
        ]
        if let port = settings.healthPort {
            let health = Application(
                responder: HealthResponder(log: log, store: store, clock: clock, panel: panel, shown: shown),
                configuration: .init(address: .hostname("127.0.0.1", port: port), serverName: nil),
                eventLoopGroupProvider: .shared(group), logger: quiet)
            services.append(.init("health", health))
        }
        // Last in the list, so first to stop: the polls that wait are answered before their connections end.
        services.append(.init("bell", BellService(bell: bell)))
        self.sequencer = sequencer
        self.log = log
        self.acts = acts
        self.bell = bell
        self.rounds = rounds
        self.services = services
    }

    private static func builder(_ settings: RelaySettings) throws -> HTTPServerBuilder {
        let identity = ServerIdentity(certificate: settings.certificate, key: settings.certificateKey)
        return try GuardedServer.builder(identity, limits: settings.connections)
    }
}

/// Closes the witness client's connections when everything that asks by it has stopped.
private struct WitnessClientService: Service {
    let client: WitnessClient
    func run() async throws {
        try? await gracefulShutdown()
        try? await client.shutdown()
    }
}

/// Wakes every long poll when the stop begins, so that connections can end.
private struct BellService: Service {
    let bell: InboxBell
    func run() async throws {
        try? await gracefulShutdown()
        bell.close()
    }
}
