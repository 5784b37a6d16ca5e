import ArgumentParser
import Desk
import Keyring
import Statements
import Terminal

/// `valise unlock`.
struct UnlockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unlock", abstract: "Hold this desk's keys in memory for a while.",
        discussion: """
            An agent of its own process holds the opened keys and uses them for your other commands; it never gives \
            them away. Running it again starts the time anew.
            """)
    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("How long: a number of at least 1, and s, m, h or d; at most 7d.", valueName: "duration"),
        transform: { try SpanOption.parse($0) })
    var span = SpanOption(milliseconds: 15 * 60_000)
    @OptionGroup var passphrase: PassphraseOptions
    @OptionGroup var options: HomeOptions

    func run() throws {
        guard Duration.milliseconds(span.milliseconds) <= UnlockAgent.longest else {
            throw CommandFailure(
                code: "duration-too-long", message: "Keys are held for at most 7 d, and \(span) was asked for.",
                hints: ["valise unlock --for 8h"], status: .usage)
        }
        let home = try options.located()
        _ = try home.card()
        let socket = home.agentSocket
        try UnlockAgent.start(
            home, passphrase: passphrase.source(of: home),
            program: ["valise", "agent", "--socket", socket, "--milliseconds", String(span.milliseconds)])
        let end = TimeText.now() + span.milliseconds
        if options.json {
            Output.standard.json([
                "schema": "valise/unlock/v1", "unlocked": true, "until": .integer(end), "socket": .string(socket),
            ])
        } else {
            Output.standard.note("Unlocked for \(span), until \(TimeText.local(milliseconds: end)).")
        }
    }
}

/// `valise lock`.
struct LockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lock", abstract: "Forget the keys that valise unlock holds.")
    @OptionGroup var options: HomeOptions

    func run() throws {
        let ran = try UnlockAgent.stop(options.located())
        if options.json {
            Output.standard.json(["schema": "valise/lock/v1", "wasUnlocked": .bool(ran)])
        } else {
            Output.standard.note(ran ? "Locked: the keys are forgotten." : "It was locked already.")
        }
    }
}

/// `valise agent`: what `unlock` starts. It gets the keys through its standard input.
struct AgentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "Hold keys for valise unlock, which starts it.", shouldDisplay: false)
    @Option var socket: String
    @Option var milliseconds: Int64

    func run() throws {
        guard UnlockAgent.serve(socketPath: socket, lifetime: .milliseconds(max(0, milliseconds))) else {
            throw ExitCode.failure
        }
    }
}
