import ArgumentParser
import Audit
import Daemon
import Keyring
import Ledger
import Logging
import Terminal
import Watch

/// `valise-audit witness serve`: runs a witness in the foreground until SIGTERM or SIGINT.
struct WitnessCommandServe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run a witness in the foreground.",
        discussion: """
            It cosigns checkpoints of the logs that --charter and --log name, of no others. What it remembers of them \
            lies in the data directory, which must never be put back to an older state. Logs are JSON lines on \
            standard error. SIGTERM stops it gracefully; SIGKILL loses nothing.
            """)

    @Option(
        help: ArgumentHelp("The data directory; made if it is not there.", valueName: "folder"),
        completion: .directory)
    var data: String
    @Option(
        help: ArgumentHelp(
            "The folder that witness keys new made; $CREDENTIALS_DIRECTORY goes first.", valueName: "folder"),
        completion: .directory)
    var keys: String
    @Option(
        help: ArgumentHelp("A signed charter whose log it cosigns; may be repeated.", valueName: "file"),
        completion: .file())
    var charter: [String] = []
    @Option(help: ArgumentHelp("The verifier key of a log that it cosigns; may be repeated.", valueName: "key"))
    var log: [String] = []
    @Option(help: "The address to listen on.") var host = "127.0.0.1"
    @Option(help: "The port.") var port = 7380
    @Option(
        help: ArgumentHelp("The TLS certificate and its chain, PEM; without it, plain HTTP.", valueName: "file"),
        completion: .file())
    var tlsCertificate: String?
    @Option(
        help: ArgumentHelp("The key of the TLS certificate, PEM, mode 0600.", valueName: "file"), completion: .file())
    var tlsKey: String?
    @Option(
        help: ArgumentHelp(
            "The generation of the protocol whose status codes it uses: 1.0 or 1.1.", valueName: "version"),
        completion: .list(["1.0", "1.1"]))
    var statusCodes = "1.1"
    @Option(help: ArgumentHelp("A loopback port for /healthz and /readyz.", valueName: "port")) var healthPort: Int?
    @Option(
        help: ArgumentHelp("trace, debug, info, notice, warning, error or critical.", valueName: "level"),
        completion: .list(["trace", "debug", "info", "notice", "warning", "error", "critical"]))
    var logLevel = "info"

    func validate() throws {
        for (name, port) in [("--port", port), ("--health-port", healthPort)] {
            guard let port, !(0...65_535).contains(port) else { continue }
            throw ValidationError("\(name) \(port) is not a port: 0 to 65535 was expected.")
        }
        guard WitnessGeneration(rawValue: statusCodes) != nil else {
            throw ValidationError("--status-codes \(statusCodes) is not known: 1.0 or 1.1 was expected.")
        }
        guard (tlsCertificate == nil) == (tlsKey == nil) else {
            throw ValidationError("--tls-certificate and --tls-key belong together.")
        }
        guard !(charter.isEmpty && log.isEmpty) else {
            throw ValidationError("A witness cosigns the logs that it was told of: --charter or --log was expected.")
        }
    }

    func run() async throws {
        let setting = try LogLevelSetting.parse(logLevel, origin: "--log-level")
        let logger = setting.logger(label: "valise-witness")
        let opened = try WitnessKeys.open(folder: keys)
        let logs = try knownLogs()
        try Durable.makeFolder(path: data)
        let lock = try DirectoryLock(directory: data)
        let folder = try WitnessFolder(path: data, witness: opened.verifier)
        let witness = try Cosigner(
            signer: opened.signer, logs: logs, store: folder, now: WitnessClock.now, logger: logger)
        try await serve(witness, logs: logs, logger: logger)
        withExtendedLifetime(lock) {}
        logger.info("stopped")
    }

    private func serve(_ witness: Cosigner, logs: [VerifierKey], logger: Logger) async throws {
        var settings = WitnessSettings(host: host, port: port, identity: try identity())
        settings.generation = WitnessGeneration(rawValue: statusCodes) ?? .second
        settings.healthPort = healthPort
        let notifier = ServiceNotifier()
        let server = try WitnessServer(witness: witness, settings: settings, logger: logger) { port in
            logger.info(
                "serving",
                metadata: [
                    "port": "\(port)", "key": "\(witness.verifier)", "logs": "\(logs.map(\.name.description))",
                    "cosigned": "\(witness.recordCount)",
                ])
            if let trouble = witness.trouble {
                logger.critical("nothing is cosigned now", metadata: ["why": "\(trouble)"])
            }
            notifier.ready(status: "witness \(witness.verifier.name)")
        }
        try await ServiceRoot.run(server.services, logger: logger, notifier: notifier)
    }

    private func knownLogs() throws -> [VerifierKey] {
        try charter.map { try TrustedCharter(InputFile.read($0, limit: 65_536)).logKey }
            + log.map { try WitnessCommand.key($0, .ed25519, option: "--log") }
    }

    private func identity() throws -> ServerIdentity? {
        guard let tlsCertificate, let tlsKey else { return nil }
        // A key that others can read is refused, as a relay's is.
        let slash = tlsKey.lastIndex(of: "/")
        let folder = slash.map { String(tlsKey[..<$0]) } ?? "."
        let name = slash.map { String(tlsKey[tlsKey.index(after: $0)...]) } ?? tlsKey
        let key = try CredentialStore(folder: folder.isEmpty ? "/" : folder, credentials: nil).read(name)
        return ServerIdentity(
            certificate: try InputFile.read(tlsCertificate, limit: 65_536), key: key.copy())
    }
}
