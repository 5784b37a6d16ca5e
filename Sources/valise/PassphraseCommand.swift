import ArgumentParser
import Desk
import Keyring
import Statements
import Terminal

/// `valise passphrase`.
struct PassphraseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "passphrase", abstract: "Change the passphrase of all private keys of this desk.",
        discussion: """
            Every key file is encrypted anew and replaced in one step. If it is interrupted, run it again with the \
            same two passphrases. Keys that valise unlock holds are forgotten. Backups keep the old passphrase.
            """)
    @OptionGroup(title: "Present passphrase") var current: PassphraseOptions
    @Option(
        help: ArgumentHelp("Read the new passphrase from the first line of this file (mode 0600).", valueName: "file"),
        completion: .file())
    var newPassphraseFile: String?
    @Option(
        name: .customLong("new-passphrase-fd"),
        help: ArgumentHelp("Read the new passphrase from this open file descriptor.", valueName: "number"))
    var newDescriptor: Int32?
    @OptionGroup var options: HomeOptions

    func validate() throws {
        if newPassphraseFile != nil, newDescriptor != nil {
            throw ValidationError("Give either --new-passphrase-file or --new-passphrase-fd, not both.")
        }
        if let newDescriptor, newDescriptor < 0 {
            throw ValidationError("--new-passphrase-fd \(newDescriptor) is not a descriptor: 0 or more was expected.")
        }
    }

    func run() throws {
        let home = try options.located()
        let card = try home.card()
        let old = try current.source(of: home).passphrase()
        let new = try newSource(card.id).passphrase()
        let outcome = try PassphraseChange.change(home, from: old, to: new)
        if options.json {
            return Output.standard.json([
                "schema": "valise/passphrase/v1", "changed": .integer(Int64(outcome.changed)),
                "changedBefore": .integer(Int64(outcome.before)),
            ])
        }
        let keys = Counted.words(outcome.changed + outcome.before, "key")
        Output.standard.note(
            outcome.changed == 0
                ? "\(keys) had this passphrase already." : "The passphrase of \(keys) was changed.")
    }

    private func newSource(_ id: DelegateID) -> PassphraseSource {
        if let newPassphraseFile { return .file(path: newPassphraseFile) }
        if let newDescriptor { return .descriptor(newDescriptor) }
        return .prompt { try PassphrasePrompt.read("New passphrase of \(id): ", confirm: true) }
    }
}
