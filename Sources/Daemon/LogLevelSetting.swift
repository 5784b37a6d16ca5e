package import Logging

/// How much a daemon writes to its log, and where: one setting, from an option or the environment.
package struct LogLevelSetting: Sendable, Hashable {
    package let level: Logger.Level

    /// `info`: one line for what an operator may want to know, none for each request.
    package static let standard = LogLevelSetting(level: .info)

    package init(level: Logger.Level) { self.level = level }

    /// Reads `trace`, `debug`, `info`, `notice`, `warning`, `error` or `critical`; anything else is
    /// `log-level-unknown`, never the default. `origin` is where the value stood, such as `--log-level`.
    package static func parse(_ text: String, origin: String) throws(DaemonError) -> LogLevelSetting {
        guard let level = Logger.Level(rawValue: text) else {
            let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw DaemonError(
                code: "log-level-unknown",
                message: "\(origin) has the unknown log level '\(text.prefix(40))': one of \(levels) was expected.",
                hint: "set \(origin) to info")
        }
        return LogLevelSetting(level: level)
    }

    /// A logger of this level that writes JSON lines to standard error, without global bootstrap.
    package func logger(label: String) -> Logger {
        Logger(label: label) { JSONLogHandler(label: $0, level: level) }
    }

    /// Makes every `Logger(label:)` of this process, those of libraries too, write JSON lines. Once a process, in main.
    package func bootstrap() {
        let level = level
        LoggingSystem.bootstrap(
            { label, provider in JSONLogHandler(label: label, level: level, metadataProvider: provider) },
            metadataProvider: nil)
    }
}
