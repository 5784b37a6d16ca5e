import ArgumentParser
import Terminal

/// A delegate's program.
@main
struct Valise: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "valise",
        abstract: "Carry sealed messages between parties that do not talk to each other directly.",
        discussion: """
            First: valise keys new, then valise join charter.signed. Then: valise send, inbox, read, convey, track.
            Every command takes --home FOLDER and --json.
            """,
        version: "0.1.0",
        groupedSubcommands: [
            CommandGroup(name: "Setting up:", subcommands: [KeysCommand.self, CharterCommand.self, JoinCommand.self]),
            CommandGroup(name: "Keys in memory:", subcommands: [UnlockCommand.self, LockCommand.self]),
            CommandGroup(
                name: "Messages:",
                subcommands: [
                    SendCommand.self, InboxCommand.self, ReadCommand.self, ConveyCommand.self, RefuseCommand.self,
                    TrackCommand.self, PartiesCommand.self,
                ]),
            CommandGroup(name: "Internal:", subcommands: [AgentCommand.self]),
        ])

    static func main() async { await Program.run(Self.self, convert: Failures.convert) }
}
