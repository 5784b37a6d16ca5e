import ArgumentParser
import Terminal
import Wording

/// A delegate's program.
@main
struct Valise: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "valise",
        abstract: "Carry sealed messages between parties that do not talk to each other directly.",
        discussion: """
            Without a command it shows how to begin. Every command takes --home FOLDER or --profile NAME, and --json.
            """,
        version: BuildVersion.text,
        groupedSubcommands: [
            CommandGroup(name: "Setting up", subcommands: [KeysCommand.self, CharterCommand.self, JoinCommand.self]),
            CommandGroup(
                name: "Keys in memory, and their passphrase",
                subcommands: [UnlockCommand.self, LockCommand.self, PassphraseCommand.self]),
            CommandGroup(
                name: "Writing",
                subcommands: [
                    SendCommand.self, ReplyCommand.self, RestateCommand.self, RevealCommand.self, OutboxCommand.self,
                    RecallCommand.self,
                ]),
            CommandGroup(
                name: "Reading",
                subcommands: [
                    InboxCommand.self, ReadCommand.self, ListCommand.self, ThreadCommand.self, SearchCommand.self,
                    ArchiveCommand.self,
                ]),
            CommandGroup(name: "Carrying", subcommands: [ConveyCommand.self, RefuseCommand.self]),
            CommandGroup(
                name: "Knowing",
                subcommands: [StatusCommand.self, TrackCommand.self, PartiesCommand.self, RejectionsCommand.self]),
            CommandGroup(
                name: "Release by two", subcommands: [DraftsCommand.self, CosignCommand.self, RejectCommand.self]),
            CommandGroup(
                name: "On a machine without a network",
                subcommands: [SealCommand.self, SubmitCommand.self, FetchCommand.self, OpenCommand.self]),
            CommandGroup(name: "Internal", subcommands: [AgentCommand.self]),
        ])

    func run() { Teaching.print(on: .standard) }

    static func main() async { await Program.run(Self.self, convert: Failures.convert) }
}
