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
package import Statements
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
    package var limits = RelayLimits()
    package var threads = System.coreCount
    /// The loopback port of `/healthz`, `/readyz` and `/metrics`; nil for none.
    package var healthPort: Int?
    package var probe = StoreProbe.Times()
    /// Where the newest head is kept; nil for nowhere.
    package var headFile: HeadFile?
    /// The store's folder, whose disk is watched; nil where it has none on this machine.
    package var dataFolder: String?
    package var diskFloor = DiskFloor()
    package var diskReading = DiskWatch.Reading()
    package var cadence = CheckpointRounds.Cadence()
    /// PEM of the TLS roots that witnesses' certificates are under; nil for the system's.
    package var witnessRoots: [UInt8]?
    /// How long contents are kept once their messages are settled; the charter's retention where that is longer, or
    /// this is nil.
    package var retention: TimeSpan?

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
    /// Shown in each handshake; may be replaced.
    package let certificate: ServerCertificate
    package let pulse: Pulse
    /// Nil without a health port.
    package let health: RelayHealth?
    package let services: [ServiceRoot.Named]

    /// - Parameters:
    ///   - listening: called with the port once the relay takes requests.
    /// - Throws: ``StoreError``, ``Transport/TransportError``, and what TLS says of the certificate.
    package init(
        store: any Store, log: PublishedLog, signers: RelaySigners, clock: RelayClock, settings: RelaySettings,
        logger: Logger, listening: @escaping @Sendable (Int) async -> Void
    ) async throws {
        let bell = InboxBell()
        let metrics = RelayMetrics()
        let disk = DiskWatch(folder: settings.dataFolder, floor: settings.diskFloor, reading: settings.diskReading)
        let witnesses = try WitnessClient(roots: settings.witnessRoots)
        let panel = WitnessPanel(log.snapshot.standing.charter.charter, log: signers.log.key, logger: logger) {
            await witnesses.post($0, to: $1)
        }
        let shown = try await ShownCheckpoints.open(store, log: signers.log.key, cosigners: panel.keys)
        let rounds = CheckpointRounds(
            log: log, reader: LogReader(store), panel: panel, shown: shown, clock: clock, cadence: settings.cadence,
            logger: logger)
        let sequencer = Sequencer(
            store: store, log: log, signers: signers, clock: clock, bell: bell, logger: logger, metrics: metrics,
            limits: settings.limits.queue)
        let acts = RelayActs(
            sequencer: sequencer, log: log, store: store, clock: clock, logger: logger, retention: settings.retention,
            metrics: metrics)
        let responder = RelayResponder(
            sequencer: sequencer, log: log, shown: shown, store: store, reader: LogReader(store), clock: clock,
            bell: bell, disk: disk,
            turnstile: Turnstile(settings.limits, log: log, figures: metrics.limits),
            verdicts: VerdictShelf(logger: logger))
        let group = MultiThreadedEventLoopGroup(numberOfThreads: settings.threads)
        let certificate = try ServerCertificate(
            ServerIdentity(certificate: settings.certificate, key: settings.certificateKey),
            farewell: settings.connections.farewell)
        let listener = Self.listener(
            WatchedResponder(inner: responder, metrics: metrics, logger: logger), certificate, settings, group,
            listening)
        let head = settings.headFile.map { HeadKeeper($0, log: log, logger: logger) }
        // First in the list, so last to stop: the head is kept once nothing more is committed.
        var services: [ServiceRoot.Named] = head.map { [.init("head", $0)] } ?? []
        services += [
            .init("witness client", WitnessClientService(client: witnesses)), .init("acts", acts),
            .init("checkpoints", rounds), .init("https", listener),
        ]
        let health = settings.healthPort.map { _ in
            RelayHealth(
                log: log, clock: clock, panel: panel, shown: shown, rounds: rounds, bell: bell, metrics: metrics,
                probe: StoreProbe(store, metrics: metrics, times: settings.probe), disk: disk,
                figures: StoreFiguresWatch(store, logger: logger), head: head
            ) { certificate.end }
        }
        if let health, let port = settings.healthPort {
            services += health.services(port: port, folder: settings.dataFolder, group: group, logger: logger)
        }
        // Last in the list, so first to stop: the polls that wait are answered before their connections end.
        services.append(.init("bell", BellService(bell: bell)))
        self.sequencer = sequencer
        self.log = log
        self.acts = acts
        self.bell = bell
        self.rounds = rounds
        self.certificate = certificate
        self.health = health
        pulse = Pulse(log: log, store: store, group: group)
        self.services = services
    }

    /// Where everyone but the operator asks.
    private static func listener(
        _ responder: WatchedResponder<RelayResponder>, _ certificate: ServerCertificate, _ settings: RelaySettings,
        _ group: MultiThreadedEventLoopGroup, _ listening: @escaping @Sendable (Int) async -> Void
    ) -> some Service {
        Application(
            responder: responder,
            server: GuardedServer.builder(
                certificate, limits: settings.connections, figures: responder.metrics.connections,
                sources: SourceTable(settings.limits.sources, figures: responder.metrics.limits)),
            configuration: .init(
                address: .hostname(settings.host, port: settings.port), serverName: nil, backlog: 4_096),
            onServerRunning: { channel in await listening(channel.localAddress?.port ?? settings.port) },
            eventLoopGroupProvider: .shared(group), logger: responder.logger.quiet)
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
