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
        discussion: """
            Logs are JSON lines on standard error. SIGTERM stops it gracefully; SIGKILL loses nothing. SIGHUP takes up \
            a renewed TLS certificate. A setting comes from a flag, else from a variable (VALISE_RELAY_ and the key in \
            capitals), else from the settings file, else from its default; valise-relay config show lists them all.
            """)

    @OptionGroup var flags: SettingFlags
    @Option(
        help: ArgumentHelp(
            "Start although this witness knows a larger or another log: when the parties' newest checkpoints say that "
                + "it is wrong. May be given several times.",
            valueName: "name"))
    var disregardWitness: [String] = []

    func run() async throws {
        let settings = flags.settings
        try settings.check()
        let level = try LogLevelSetting.parse(
            settings.required(.logLevel), origin: settings[.logLevel]?.origin.description ?? "log-level")
        let logger = level.logger(label: "valise-relay")
        let data = try settings.required(.data)
        let lock = try DirectoryLock(directory: data)
        let store = try SQLiteStore.open(directory: data)
        do {
            try await RelayRun(
                settings: settings, data: data, store: store, logger: logger, disregarding: disregardWitness
            ).serve()
        } catch {
            try? await store.close()
            throw error
        }
        try await store.close()
        withExtendedLifetime(lock) {}
        logger.info("stopped")
    }
}
