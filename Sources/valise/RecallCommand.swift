import ArgumentParser
import Desk
import Ledger
import Rules
import Statements
import Terminal
import Transport

/// `valise recall`.
struct RecallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recall", abstract: "Take back a message of this party that its recipient has not retrieved.",
        discussion: "What was retrieved before stays with its recipient; the custody chain shows which came first.")
    @Argument(help: "The message's identifier, or its first letters.") var message: String
    @Option(help: ArgumentHelp("One leg only, by the number that valise track shows.", valueName: "number"))
    var leg: Int?
    @OptionGroup var desk: DeskOptions

    func run() async throws {
        let number = try leg.map { value in
            guard let number = LegNumber(value) else {
                throw ValidationError("'\(value)' is not a leg's number: 0 to \(Bounds.legs - 1).")
            }
            return number
        }
        try await desk.withDesk { desk in
            let done = try await desk.recall(desk.resolve(message), leg: number)
            let time = done.accepted.entry.entry.acceptedAt.milliseconds
            guard !self.desk.json else {
                return Output.standard.json(
                    .object([
                        .init("schema", "valise/recall/v1"), .init("message", .string(done.message.description)),
                        .init("legs", .array(done.legs.map { .count($0.value) })),
                        .init(
                            "left",
                            .array(
                                done.left.map {
                                    .object([
                                        .init("leg", .count($0.leg.value)), .init("state", .string($0.stage.word)),
                                    ])
                                })), .init("entry", .unsigned(done.accepted.entry.index.rawValue)),
                        .init("acceptedAt", .integer(time)),
                    ]))
            }
            let legs = done.legs.map { "leg \($0)" }.joined(separator: ", ")
            Output.standard.note(
                "recalled \(done.message.short) (\(legs)), \(TimeText.utc(milliseconds: time)), log entry "
                    + "\(done.accepted.entry.index)")
            for (leg, stage) in done.left { Output.diagnostics.note("leg \(leg) is \(stage.word) and stays so") }
        }
    }
}
