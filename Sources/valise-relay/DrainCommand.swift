import ArgumentParser
import Daemon
import Glibc
import Terminal

/// `valise-relay drain`: has the relay that works in a data directory come to an end.
struct DrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain", abstract: "Have a running relay refuse what is new, finish what it has begun, and stop.",
        discussion: """
            It sends SIGUSR1 to the process that holds the data directory's lock, and waits for its end. /readyz says \
            so at once; senders are told draining, and send again later. Ends at once if no relay runs there.
            """)

    @Option(help: ArgumentHelp("The relay's data directory.", valueName: "folder"), completion: .directory)
    var data: String
    @Option(help: ArgumentHelp("How long to wait for the end.", valueName: "duration"))
    var limit = SpanOption(milliseconds: 60_000)
    @Flag(help: "Print one JSON document.") var json = false

    func run() async throws {
        try RelayFiles.requireLog(data)
        guard let process = LockHolder.process(of: data) else {
            return tell("No relay works in \(data).", stopped: false)
        }
        try LockHolder.require(process, of: data)
        guard kill(process, SIGUSR1) == 0 else {
            throw CommandFailure(
                code: "relay-not-reached",
                message: "Process \(process) could not be told: \(String(cString: strerror(errno))).",
                hints: ["run it as the relay's user or as root: systemctl kill -s SIGUSR1 UNIT"])
        }
        let end = ContinuousClock.now + .milliseconds(limit.milliseconds)
        while LockHolder.process(of: data) == process {
            guard ContinuousClock.now < end else {
                throw CommandFailure(
                    code: "still-draining", message: "Process \(process) has not ended within \(limit).",
                    hints: ["look into its log; SIGKILL loses nothing that was acknowledged"], status: .unavailable)
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        tell("The relay has stopped.", stopped: true)
    }

    private func tell(_ sentence: String, stopped: Bool) {
        guard json else { return Output.diagnostics.note(sentence) }
        Output.standard.json(["schema": "valise/relay-drain/v1", "data": .string(data), "stopped": .bool(stopped)])
    }
}
