import Desk
import Glibc
import Rules
import Statements
import Terminal
import Transport

/// The command that a person has run for each arrival. It learns what an inbox shows, and never any content.
struct ArrivalHook: Sendable {
    let command: String
    let limit: SpanOption

    /// Runs the command for one arrival and says if anything was wrong with its end.
    /// - Returns: whether it has ended; false when it was cut off because the watch stops.
    func run(_ row: InboxRow) async throws -> Bool {
        let shell = ShellCommand(
            command, environment: Self.environment(row), limit: .milliseconds(limit.milliseconds))
        let trouble: String?
        switch try await shell.run() {
        case .exited(0): trouble = nil
        case .exited(let code): trouble = "ended with exit code \(code)"
        case .signalled(let number): trouble = "ended with signal \(number)"
        case .overran: trouble = "took longer than \(limit) and was ended"
        case .stopped: return false
        }
        if let trouble { Output.diagnostics.note(.caution, "--exec \(trouble) for \(row.arrival.message.short)") }
        return true
    }

    /// The own environment, and what the inbox shows of the arrival.
    static func environment(_ row: InboxRow) -> [String] {
        let facts: [(String, String)] = [
            ("VALISE_MESSAGE", row.arrival.message.description), ("VALISE_NUMBER", row.arrival.number.description),
            ("VALISE_FROM", row.tracked.state.originator.description),
            ("VALISE_PRECEDENCE", row.submission.precedence.description), ("VALISE_STATE", row.stage.word),
            ("VALISE_ROLE", row.isRecipient ? "recipient" : "carrier"),
            ("VALISE_EXPIRY", "\(row.submission.expiry.milliseconds)"),
        ]
        return ShellCommand.environment(adding: facts)
    }
}
