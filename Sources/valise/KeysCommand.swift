import ArgumentParser
import Desk
import Keyring
import Ledger
import Statements
import Terminal

/// `valise keys`.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Make this desk's keys, and show the public card.",
        subcommands: [
            New.self, Show.self, List.self, PublishCommand.self, ExportKeysCommand.self, ImportKeysCommand.self,
        ], defaultSubcommand: Show.self)

    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "new", abstract: "Make a signing key, the first sealing keys and the card.",
            discussion: """
                The key files are encrypted by a passphrase and never overwritten. The card is public: send it to the \
                steward who writes the charter, and read its signing key to each other by phone. It is printed, or \
                with --output written into a file; valise keys show prints and writes it again at any time.
                """)
        @Option(help: "The party, for example us-envoy.") var party: String
        @Option(help: "The delegate's name inside the party, for example lead.") var delegate: String
        @OptionGroup var target: TargetFile
        @OptionGroup var passphrase: PassphraseOptions
        @OptionGroup var options: HomeOptions

        func run() throws {
            guard let party = PartyID(party) else { throw badName("--party", self.party) }
            guard let name = DelegateName(delegate) else { throw badName("--delegate", delegate) }
            let home = try options.located()
            let id = DelegateID(party: party, name: name)
            try checkNone(home)
            let file = try target.pathIfNamed()
            let words = try passphrase.source("New passphrase of \(id): ", confirm: true).passphrase()
            let made = try KeyMaking.make(home, for: id, passphrase: words, now: timeNow())
            if !options.json { Output.diagnostics.note("Keys made in \(home.keysFolder).") }
            let keys = made.sealingKeys.map(\.short)
            try CardView(card: made.card, home: home, sealingKeys: keys).show(target, file, json: options.json)
            if !options.json {
                let card = file.map { SafeText.display($0) } ?? "this card"
                Output.diagnostics.note(.next, "send \(card) to the steward who writes the charter.")
            }
        }

        /// A shell has emptied the file already that standard output was sent to.
        private func checkNone(_ home: DeskHome) throws {
            do { try KeyMaking.checkNone(home) } catch let error as DeskError where !Output.standard.isTerminal {
                let again = "valise keys show -o FILE --overwrite writes the card again, if its file was emptied"
                throw CommandFailure(
                    code: error.code, kind: error.kind.rawValue, message: error.message, hints: [again, error.hint])
            }
        }

        private func badName(_ option: String, _ text: String) -> CommandFailure {
            CommandFailure(
                code: "name-malformed",
                message: "\(option) '\(text.prefix(70))' is not a name: 1 to 63 of a-z, 0-9 and single inner hyphens "
                    + "were expected.", hints: ["for example: --party us-envoy --delegate lead"], status: .usage)
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Print the card and the identifiers of the sealing keys here.",
            discussion: "With --output the card is written into a file.")
        @OptionGroup var target: TargetFile
        @OptionGroup var options: HomeOptions

        func run() throws {
            let home = try options.located()
            let card = try home.card()
            let file = try target.pathIfNamed()
            let view = CardView(card: card, home: home, sealingKeys: try home.sealingKeyNames())
            try view.show(target, file, json: options.json)
        }
    }
}

extension KeysCommand {
    /// `valise keys list`.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the private keys here: how old they are, and when each is for.",
            discussion: """
                Read from this desk's folder alone. A sealing key is sealed to from the beginning of its window to its \
                end, opens what came in that time until its last day, and is destroyed then.
                """)
        @OptionGroup var options: HomeOptions

        func run() throws {
            let keys = try HeldKey.all(options.located())
            let now = timeNow()
            if options.json {
                return Output.standard.json([
                    "schema": "valise/keys-list/v1", "keys": .array(keys.map { $0.json(now) }),
                ])
            }
            var table = Table([
                .init("KIND"), .init("KEY"), .init("AGE", .trailing), .init("STATE"), .init("SEALED TO UNTIL"),
                .init("KEPT UNTIL"),
            ])
            for key in keys {
                table.add([
                    key.kind.rawValue, key.name, key.age(now), key.state(now),
                    key.window.map { TimeText.local(milliseconds: $0.sealUntil.milliseconds) } ?? "",
                    key.window.map { TimeText.local(milliseconds: $0.keepUntil.milliseconds) } ?? "",
                ])
            }
            Output.standard.table(table)
        }
    }
}

/// A card as it is shown: in its file, or alone on standard output, so that it can be sent as it is.
private struct CardView {
    let card: Card
    let home: DeskHome
    let sealingKeys: [String]

    /// - Parameter file: where the card goes instead of standard output.
    func show(_ target: TargetFile, _ file: String?, json: Bool) throws {
        if let file { try target.write(Array(card.text.utf8), to: file) }
        guard !json else {
            return Output.standard.json([
                "schema": "valise/keys/v1",
                "delegate": .string(card.id.description),
                "signingKey": .string(Base32.encode(card.signingKey)),
                "madeAt": .integer(card.madeAt.milliseconds),
                "sealingKeys": .array(sealingKeys.map { .string($0) }),
                "folder": .string(home.keysFolder),
                "card": .string(card.text), "file": .optional(file),
            ])
        }
        if let file {
            Output.standard.note("Card of \(card.id) written to \(file).")
        } else {
            Output.standard.write(card.text)
        }
        let names = sealingKeys.isEmpty ? "none" : sealingKeys.joined(separator: ", ")
        Output.diagnostics.note("Sealing keys: \(names)")
    }
}
