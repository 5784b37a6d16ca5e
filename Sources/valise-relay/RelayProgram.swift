import ArgumentParser
import Daemon
import Keyring
import Ledger
import Relay
import Statements
import Store
import Terminal
import Wording

/// The operator's program.
@main
struct RelayProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "valise-relay", abstract: "Run a relay: it moves and keeps, and can neither read nor forge.",
        version: BuildVersion.text,
        subcommands: [
            KeysCommand.self, InitCommand.self, ServeCommand.self, ConfigCommand.self, BackupCommand.self,
            RestoreCommand.self, CheckCommand.self, DrainCommand.self, StatusCommand.self,
        ])

    static func main() async { await Program.run(Self.self, convert: failure) }

    /// What the operator sees for each room's errors.
    static func failure(_ error: any Error) -> CommandFailure? {
        switch error {
        case let error as RelayError:
            CommandFailure(code: error.code, message: error.message, hints: [error.hint])
        case let error as DaemonError: CommandFailure(code: error.code, message: error.message, hints: [error.hint])
        case let error as KeyringError:
            CommandFailure(code: error.code.rawValue, message: error.message, hints: [error.hint])
        case let error as StoreError:
            CommandFailure(
                code: error.code.rawValue, message: error.message,
                hints: ["the data directory was left as it is: copy it away before anything else is tried"])
        case let error as FormError:
            CommandFailure(
                code: error.code.rawValue, message: "\(error.field) was expected to be \(error.expected).",
                hints: ["check that it is the right file, and fetch it again"])
        default:
            DaemonError(bindingFailed: error).map {
                CommandFailure(code: $0.code, message: $0.message, hints: [$0.hint])
            }
        }
    }
}
