import ArgumentParser
import Daemon
import Keyring
import Ledger
import Relay
import Statements
import StoreSQLite
import Terminal
import Wording

/// `valise-relay init`: makes the charter entry 0 of a new log.
struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make the signed charter entry 0 of a new log.")

    @Option(
        help: ArgumentHelp("The signed charter that the founding parties collected.", valueName: "file"),
        completion: .file())
    var charter: String
    @Option(
        help: ArgumentHelp("The data directory; made if it is not there.", valueName: "folder"),
        completion: .directory)
    var data: String
    @Option(help: ArgumentHelp("The folder of the relay's keys.", valueName: "folder"), completion: .directory)
    var keys: String
    @Flag(help: "Print one JSON document.") var json = false

    func run() async throws {
        let signed = try RelayFiles.charter(charter)
        let opened = try RelayKeys.open(folder: keys)
        let signers = try RelayFiles.signers(opened, charter: signed.charter)
        try Durable.makeFolder(path: data)
        let lock = try DirectoryLock(directory: data)
        let store = try SQLiteStore.open(directory: data)
        let clock = RelayClock(jumpLimit: signed.charter.limits.tickInterval)
        try await Founding.found(signed, in: store, signers: signers, clock: clock)
        try await store.close()
        withExtendedLifetime(lock) {}
        if json {
            Output.standard.json(
                .object([
                    .init("schema", "valise/relay-init/v1"), .init("charter", .string(signed.id.description)),
                    .init("fingerprint", .string(signed.id.fingerprint)),
                    .init("verifierKey", .string(signers.log.key.text)),
                ]))
        } else {
            var list = FieldList()
            list.add("charter", signed.id.fingerprint)
            list.add("verifier key", signers.log.key.text)
            Output.standard.fields(list)
            let (data, keys) = (ShellWord.quoted(data), ShellWord.quoted(keys))
            Output.diagnostics.note(.next, "valise-relay serve --data \(data) --keys \(keys)")
        }
    }
}
