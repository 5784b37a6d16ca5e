package import Daemon
import Glibc
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Ledger
package import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle
import Statements
package import Store

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
    /// The loopback port of `/healthz` and `/readyz`; nil for none.
    package var healthPort: Int?

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
    package let services: [ServiceRoot.Named]

    /// - Parameters:
    ///   - listening: called with the port once the relay takes requests.
    package init(
        store: any Store, log: PublishedLog, signers: RelaySigners, clock: RelayClock, settings: RelaySettings,
        logger: Logger, listening: @escaping @Sendable (Int) async -> Void
    ) throws {
        let bell = InboxBell()
        let sequencer = Sequencer(
            store: store, log: log, signers: signers, clock: clock, bell: bell, logger: logger)
        let acts = RelayActs(sequencer: sequencer, log: log, store: store, clock: clock, logger: logger)
        let responder = RelayResponder(
            sequencer: sequencer, log: log, store: store, reader: LogReader(store), clock: clock, bell: bell)
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
            .init("acts", acts), .init("https", application),
        ]
        if let port = settings.healthPort {
            let health = Application(
                responder: HealthResponder(log: log, store: store, clock: clock),
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
        self.services = services
    }

    private static func builder(_ settings: RelaySettings) throws -> HTTPServerBuilder {
        let chain = try NIOSSLCertificate.fromPEMBytes(settings.certificate).map {
            NIOSSLCertificateSource.certificate($0)
        }
        let key = try NIOSSLPrivateKey(bytes: settings.certificateKey, format: .pem)
        var tls = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
        tls.minimumTLSVersion = .tlsv13
        tls.applicationProtocols = ["http/1.1"]
        let limits = settings.connections
        let http = HTTP1Channel.Configuration(
            additionalChannelHandlers: [RequestProgress()], idleTimeout: nil,
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: 8 * 1024, maxHeaderListSize: 16 * 1024, maxHeaderFieldCount: 64))
        let frozen = tls
        return HTTPServerBuilder { responder in
            GuardedChannel(
                try TLSChannel(HTTP1Channel(responder: responder, configuration: http), tlsConfiguration: frozen),
                limits: limits)
        }
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
