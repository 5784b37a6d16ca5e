import ArgumentParser
import Desk
import Ledger
import Statements
import Terminal
import Transport

/// `valise convey`.
struct ConveyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convey", abstract: "Pass a message on, unaltered, under this party's signature.")
    @Argument(help: "The message's identifier, or its first letters.") var message: String
    @OptionGroup var desk: DeskOptions

    func run() async throws {
        try await desk.withDesk { desk in
            let leg = try await HeldLeg.find(message, desk: desk)
            let accepted = try await desk.say(.conveyance(leg))
            HeldLeg.report("conveyed", leg.message, accepted, json: self.desk.json)
        }
    }
}

/// `valise refuse`.
struct RefuseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refuse", abstract: "Refuse to carry or take a message; this ends its leg.")
    @Argument(help: "The message's identifier, or its first letters.") var message: String
    @Option(help: "declined, cannot-open, not-for-us, too-late, too-large or policy.") var reason = "declined"
    @OptionGroup var desk: DeskOptions

    func run() async throws {
        guard let reason = RefusalReason(reason) else {
            let known = RefusalReason.allCases.map(\.description).joined(separator: ", ")
            throw ValidationError("'\(reason)' is not a reason: \(known).")
        }
        try await desk.withDesk { desk in
            let leg = try await HeldLeg.find(message, desk: desk)
            let accepted = try await desk.say(.refusal(leg, reason))
            HeldLeg.report("refused", leg.message, accepted, json: self.desk.json)
        }
    }
}

/// The leg that a holder's act is about, and what is printed of the act.
enum HeldLeg {
    static func find(_ text: String, desk: Desk) async throws -> LegReference {
        let id = try await desk.resolve(text)
        guard let leg = try await desk.message(id).leg(of: desk.party) else {
            throw CommandFailure(
                code: "not-holder", message: "Message \(id.short) is not on its way through \(desk.party).",
                hints: ["valise track \(id.short) shows its route"], status: .refused)
        }
        return LegReference(message: id, leg: leg)
    }

    static func report(_ done: String, _ message: MessageID, _ accepted: AcceptedStatement, json: Bool) {
        let time = accepted.entry.entry.acceptedAt.milliseconds
        if json {
            return Output.standard.json(
                .object([
                    .init("schema", "valise/act/v1"), .init("act", .string(done)),
                    .init("message", .string(message.description)),
                    .init("entry", .unsigned(accepted.entry.index.rawValue)), .init("acceptedAt", .integer(time)),
                ]))
        }
        Output.standard.line(
            "\(done) \(message.short), \(TimeText.utc(milliseconds: time)), log entry \(accepted.entry.index)")
    }
}
