import ArgumentParser
import Desk
import Ledger
import Rules
import Statements
import Terminal

/// `valise track`.
struct TrackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "track", abstract: "Show a message's custody chain: what was done, when, and who signed it.")
    @Argument(help: "The message's identifier, or its first letters.") var message: String
    @OptionGroup var desk: DeskOptions

    func run() async throws {
        try await desk.withDesk { desk in
            let tracked = try await desk.message(desk.resolve(message))
            if self.desk.json { printJSON(tracked, desk) } else { printText(tracked, desk) }
        }
    }

    private func printText(_ tracked: TrackedMessage, _ desk: Desk) {
        let out = Output.standard
        out.line("message  \(tracked.state.id)")
        for (number, leg) in tracked.state.legs.enumerated() {
            guard let place = LegNumber(number) else { continue }
            let stage = tracked.stage(place, at: desk.now(), charter: desk.charter)
            let route = [tracked.state.originator] + leg.route.holders
            let holder = leg.holder.map { " at \($0)" } ?? ""
            let names = route.map(\.description).joined(separator: " -> ")
            out.line("leg \(number)    \(names): \(stage.word)\(stage.isTerminal ? "" : holder)")
        }
        var table = Table([.init("ENTRY", .trailing), .init("TIME"), .init("WHAT"), .init("SIGNED BY")])
        for step in tracked.steps {
            table.add([
                "\(step.index)", TimeText.utc(milliseconds: step.at.milliseconds), Self.word(step.act),
                step.signers.map { "\(step.party)/\($0)" }.joined(separator: ", "),
            ])
        }
        out.table(table)
    }

    private func printJSON(_ tracked: TrackedMessage, _ desk: Desk) {
        let legs: [JSONValue] = tracked.state.legs.enumerated().map { number, leg in
            let stage = LegNumber(number).map { tracked.stage($0, at: desk.now(), charter: desk.charter) } ?? leg.stage
            return .object([
                .init("leg", .count(number)), .init("route", .array(leg.route.holders.map { .string($0.description) })),
                .init("state", .string(stage.word)), .init("holder", .optional(leg.holder?.description)),
            ])
        }
        let steps: [JSONValue] = tracked.steps.map { step in
            .object([
                .init("entry", .unsigned(step.index.rawValue)), .init("acceptedAt", .integer(step.at.milliseconds)),
                .init("act", .string(Self.word(step.act))), .init("party", .string(step.party.description)),
                .init("signers", .array(step.signers.map { .string($0.description) })),
            ])
        }
        Output.standard.json(
            .object([
                .init("schema", "valise/track/v1"), .init("message", .string(tracked.state.id.description)),
                .init("originator", .string(tracked.state.originator.description)), .init("legs", .array(legs)),
                .init("steps", .array(steps)),
            ]))
    }

    /// The word of the terms for what an act did.
    static func word(_ act: Act) -> String {
        switch act {
        case .submission: "submitted"
        case .conveyance: "conveyed"
        case .refusal(_, let reason): "refused (\(reason))"
        case .receipt(_, .retrieved): "retrieved"
        case .receipt(_, .opened): "opened"
        case .receipt(_, .unreadable(let reason)): "unreadable (\(reason))"
        case .recall: "recalled"
        case .expiry: "ran out of time"
        case .keyPublication, .amendment, .erasure, .tick: act.kind.description
        }
    }
}
