import Glibc
import Terminal
import Wording

/// Questions about a data directory that is not opened.
extension RelayFiles {
    /// - Throws: ``Terminal/CommandFailure`` `no-log`.
    static func requireLog(_ data: String) throws {
        guard access(data + "/log.sqlite", F_OK) == 0 else { throw noLog(data) }
    }

    static func noLog(_ data: String) -> CommandFailure {
        CommandFailure(
            code: "no-log", message: "\(data) has no log.",
            hints: [
                "--data names the folder that valise-relay init or restore made",
                "valise-relay init --charter F --data \(ShellWord.quoted(data)) makes one",
            ],
            status: .notFound)
    }
}
