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
                steward who writes the charter, and read its signing key to each other by phone.
                """)
        @Option(help: "The party, for example us-envoy.") var party: String
        @Option(help: "The delegate's name inside the party, for example lead.") var delegate: String
        @OptionGroup var passphrase: PassphraseOptions
        @OptionGroup var options: HomeOptions

        func run() throws {
            guard let party = PartyID(party) else { throw badName("--party", self.party) }
            guard let name = DelegateName(delegate) else { throw badName("--delegate", delegate) }
            let home = try options.located()
            try KeyMaking.checkNone(home)
            let words = try passphrase.source("New passphrase for these keys: ", confirm: true).passphrase()
            let made = try KeyMaking.make(
                home, for: DelegateID(party: party, name: name), passphrase: words, now: timeNow())
            CardView(card: made.card, home: home, sealingKeys: made.sealingKeys.map(\.short)).print(json: options.json)
            if !options.json {
                Output.diagnostics.note("Keys made in \(home.keysFolder).")
                Output.diagnostics.note(.next, "send this card to the steward who writes the charter.")
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
            commandName: "show", abstract: "Print the card and the identifiers of the sealing keys here.")
        @OptionGroup var options: HomeOptions

        func run() throws {
            let home = try options.located()
            let card = try home.card()
            let view = CardView(card: card, home: home, sealingKeys: try home.sealingKeyNames())
            view.print(json: options.json)
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

/// A card as it is printed: alone on standard output, so that it can be sent as it is.
private struct CardView {
    let card: Card
    let home: DeskHome
    let sealingKeys: [String]

    func print(json: Bool) {
        guard !json else {
            return Output.standard.json([
                "schema": "valise/keys/v1",
                "delegate": .string(card.id.description),
                "signingKey": .string(Base32.encode(card.signingKey)),
                "madeAt": .integer(card.madeAt.milliseconds),
                "sealingKeys": .array(sealingKeys.map { .string($0) }),
                "folder": .string(home.keysFolder),
                "card": .string(card.text),
            ])
        }
        Output.standard.write(card.text)
        let names = sealingKeys.isEmpty ? "none" : sealingKeys.joined(separator: ", ")
        Output.diagnostics.note("Sealing keys: \(names)")
    }
}
