import ArgumentParser
import Daemon
import Keyring
import Ledger
import Logging
import Relay
import Rules
import ServiceLifecycle
import Statements
import Store
import StoreSQLite
import Terminal

/// `valise-relay serve`: runs the relay in the foreground until SIGTERM or SIGINT.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run the relay in the foreground.",
        discussion: "Logs are JSON lines on standard error. SIGTERM stops it gracefully; SIGKILL loses nothing.")

    @Option(
        help: ArgumentHelp("The data directory that valise-relay init made.", valueName: "folder"),
        completion: .directory)
    var data: String
    @Option(
        help: ArgumentHelp("The folder of the relay's keys; $CREDENTIALS_DIRECTORY goes first.", valueName: "folder"),
        completion: .directory)
    var keys: String
    @Option(help: "The address to listen on.") var host = "127.0.0.1"
    @Option(help: "The port; by default the one in the charter's URL.") var port: Int?
    @Option(help: "A loopback port for /healthz and /readyz.") var healthPort: Int?
    @Option(
        help: ArgumentHelp(
            "How long to wait between two checkpoints that the charter's witnesses are asked to cosign.",
            valueName: "span"))
    var witnessPause = SpanOption(milliseconds: 10_000)
    @Option(
        help: ArgumentHelp(
            "The TLS roots (PEM) of witnesses whose certificates are not under the system's.", valueName: "file"),
        completion: .file())
    var witnessRoots: String?
    @Option(
        help: ArgumentHelp("trace, debug, info, notice, warning, error or critical.", valueName: "level"),
        completion: .list(["trace", "debug", "info", "notice", "warning", "error", "critical"]))
    var logLevel = "info"

    func validate() throws {
        for (name, port) in [("--port", port), ("--health-port", healthPort)] {
            guard let port, !(0...65_535).contains(port) else { continue }
            throw ValidationError("\(name) \(port) is not a port: 0 to 65535 was expected.")
        }
    }

    func run() async throws {
        let setting = try LogLevelSetting.parse(logLevel, origin: "--log-level")
        let logger = setting.logger(label: "valise-relay")
        let lock = try DirectoryLock(directory: data)
        let store = try SQLiteStore.open(directory: data)
        do {
            try await serve(store, logger: logger)
        } catch {
            try? await store.close()
            throw error
        }
        try await store.close()
        withExtendedLifetime(lock) {}
        logger.info("stopped")
    }

    private func serve(_ store: any Store, logger: Logger) async throws {
        let opened = try RelayKeys.open(folder: keys)
        guard let loaded = try await store.load() else {
            throw RelayError(
                "no-log", "\(data) has no log.", hint: "valise-relay init --charter F --data \(data) makes one")
        }
        let charter = loaded.standing.charter.charter
        let signers = try RelayFiles.signers(opened, charter: charter)
        let log = try await Founding.open(store, signers: signers)
        let clock = RelayClock(jumpLimit: charter.limits.tickInterval)
        var settings = RelaySettings(
            host: host, port: port ?? Self.port(charter.relay.url), certificate: opened.leaf.certificate,
            certificateKey: opened.leaf.key.copy())
        settings.healthPort = healthPort
        settings.cadence.pause = TimeSpan(milliseconds: witnessPause.milliseconds)
        settings.witnessRoots = try witnessRoots.map { try RelayFiles.read($0, limit: 1 << 20) }
        let notifier = ServiceNotifier()
        let size = log.snapshot.head.size
        let server = try await RelayServer(
            store: store, log: log, signers: signers, clock: clock, settings: settings, logger: logger
        ) { port in
            logger.info(
                "serving",
                metadata: ["port": "\(port)", "origin": "\(charter.relay.origin)", "entries": "\(size)"])
            notifier.ready(status: "serving \(charter.relay.origin)")
        }
        try await ServiceRoot.run(server.services, logger: logger, notifier: notifier)
    }

    /// The port of `https://host[:port]`.
    static func port(_ url: String) -> Int {
        guard let colon = url.lastIndex(of: ":"), let port = Int(url[url.index(after: colon)...]) else { return 443 }
        return port
    }
}
