import Daemon
import Keyring
import Ledger
import Logging
import Relay
import Rules
import ServiceLifecycle
import Statements
import Store
import Terminal

/// One run of a relay with these settings, on an open store.
struct RelayRun {
    let settings: Settings<RelaySetting>
    let data: String
    let store: any Store
    let logger: Logger
    /// Witnesses whose word does not keep it from starting.
    let disregarded: Set<String>
    private let notifier = ServiceNotifier()

    init(
        settings: Settings<RelaySetting>, data: String, store: any Store, logger: Logger,
        disregarding disregarded: [String]
    ) {
        self.settings = settings
        self.data = data
        self.store = store
        self.logger = logger
        self.disregarded = Set(disregarded)
    }

    /// Serves until the process is told to stop.
    func serve() async throws {
        let keys = try ServingKeys.open(folder: settings.required(.keys), tls: settings.text(.tls))
        guard let loaded = try await store.load() else { throw RelayFiles.noLog(data) }
        let charter = loaded.standing.charter.charter
        let signers = try RelayFiles.signers(log: keys.log, act: keys.act, charter: charter)
        let log = try await Founding.open(store, signers: signers)
        let head = try await guardStart(log)
        warn(of: keys.leaf, charter: charter)
        let size = log.snapshot.head.size
        let (logger, notifier) = (logger, notifier)
        let server = try await RelayServer(
            store: store, log: log, signers: signers, clock: RelayClock(jumpLimit: charter.limits.tickInterval),
            settings: try relaySettings(keys.leaf, charter: charter, head: head), logger: logger
        ) { port in
            logger.info(
                "serving",
                metadata: ["port": "\(port)", "origin": "\(charter.relay.origin)", "entries": "\(size)"])
            notifier.ready(status: "serving \(charter.relay.origin)")
        }
        let limit = settings.number(.stopLimit).map { Duration.milliseconds($0) } ?? ServiceRoot.stopLimit
        let drain = ServiceRoot.Named("drain", DrainSignal(logger: logger) { log.drain() })
        let descriptors = ServiceRoot.Named("descriptors", DescriptorWatch(logger: logger))
        try await ServiceRoot.run(
            server.services + [drain, descriptors] + [reloading(server, charter)] + watching(server),
            logger: logger, notifier: notifier, stopLimit: limit)
    }

    private func relaySettings(_ leaf: TLSLeaf, charter: Charter, head: HeadFile) throws -> RelaySettings {
        var relay = RelaySettings(
            host: try settings.required(.host),
            port: try RelaySettingRules.port(settings, charterURL: charter.relay.url), certificate: leaf.certificate,
            certificateKey: leaf.key.copy())
        relay.connections = RelaySettingRules.limits(settings)
        relay.limits = RelaySettingRules.relayLimits(settings, descriptors: FileDescriptors.raise())
        relay.healthPort = settings.number(.healthPort).map { Int($0) }
        relay.dataFolder = data
        relay.headFile = head
        relay.diskFloor.bytes = settings.number(.diskFloor).map { UInt64($0) }
        relay.retention = settings.number(.retention).map { TimeSpan(milliseconds: $0) }
        if let pause = settings.number(.witnessPause) { relay.cadence.pause = TimeSpan(milliseconds: pause) }
        if let threads = settings.number(.threads) { relay.threads = Int(threads) }
        relay.witnessRoots = try witnessRoots()
        return relay
    }

    /// Refuses a log that is older than, or another one than, what was signed before; keeps its head otherwise.
    private func guardStart(_ log: PublishedLog) async throws -> HeadFile {
        let file = settings.text(.headFile).map { HeadFile(path: $0) } ?? HeadFile(besideData: data)
        let reader = LogReader(store)
        try await StartGuard.check(log, reader: reader, against: file) {
            try await StartGuard.askWitnesses(
                about: log, reader: reader, roots: witnessRoots(), disregarding: disregarded, logger: logger)
        }
        return file
    }

    private func witnessRoots() throws -> [UInt8]? {
        try settings.text(.witnessRoots).map { try RelayFiles.read($0, limit: 1 << 20) }
    }

    /// A certificate that nobody will trust is no reason not to start: the clock may be what is wrong.
    private func warn(of leaf: TLSLeaf, charter: Charter) {
        do { try RelayFiles.requireTrust(leaf, charter: charter) } catch {
            logger.critical("clients will not connect", metadata: ["why": "\(error)"])
        }
    }

    private func reloading(_ server: RelayServer, _ charter: Charter) -> ServiceRoot.Named {
        let settings = settings
        let reload = ReloadSignal(notifier: notifier, logger: logger) {
            let leaf = try ServingKeys.openLeaf(folder: settings.required(.keys), tls: settings.text(.tls))
            try RelayFiles.requireTrust(leaf, charter: charter)
            try server.certificate.replace(
                by: ServerIdentity(certificate: leaf.certificate, key: leaf.key.copy()))
            return "the TLS certificate is valid until \(TimeText.utc(milliseconds: try leaf.notAfter))"
        }
        return .init("reload", reload)
    }

    private func watching(_ server: RelayServer) -> [ServiceRoot.Named] {
        let pulse = server.pulse
        guard let watchdog = Watchdog(notifier: notifier, isHealthy: { await pulse.beats() }) else { return [] }
        return [.init("watchdog", watchdog)]
    }
}
