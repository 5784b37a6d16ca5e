import ArgumentParser
import Ledger
import Terminal
import Watch

/// `valise-audit witness keys`.
struct WitnessCommandKeys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Make a witness's key.", subcommands: [New.self])

    struct New: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "new", abstract: "Make the key that a witness cosigns with.",
            discussion: """
                The key opens unattended: it lies unencrypted in witness.key, mode 0600. witness.vkey holds the \
                verifier key, which belongs into charters and policies. One key serves one witness with one memory: \
                never copy it to a second one, and never start it on an older copy of its data.
                """)
        @Option(
            name: .customLong("out"), help: ArgumentHelp("The folder to make it in.", valueName: "folder"),
            completion: .directory)
        var folder: String
        @Option(help: "The witness's name, by custom its URL without the scheme: witness.example/w1.") var name: String
        @Flag(help: "Print one JSON document.") var json = false

        func run() async throws {
            let keys = try WitnessKeys.make(folder: folder, name: name)
            let file = "\(folder)/\(WitnessKeys.verifierFile)"
            guard !json else {
                return Output.standard.json([
                    "schema": "valise/witness-keys/v1", "name": .string(keys.verifier.name.description),
                    "verifierKey": .string(keys.verifier.text), "file": .string(file),
                ])
            }
            Output.standard.line(SafeText.display(keys.verifier.text))
            Output.diagnostics.note("Key made in \(folder); the verifier key above is \(file).")
            Output.diagnostics.note(.next, "send the verifier key and the witness's URL to who writes the charter.")
        }
    }
}
