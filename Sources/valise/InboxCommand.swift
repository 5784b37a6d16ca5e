import ArgumentParser
import Desk
import Ledger
import Rules
import Statements
import Terminal
import Transport

/// `valise inbox`.
struct InboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inbox", abstract: "Show what has reached this party.",
        discussion: "Subjects are sealed: valise read opens a message, after its receipt is in the log.")

    @Flag(help: "Also what has ended or was passed on.") var all = false
    @OptionGroup var desk: DeskOptions

    func run() async throws {
        try await desk.withDesk { desk in
            let answer = try await desk.allArrivals()
            let rows = try answer.arrivals.map { try Row($0, desk: desk) }.filter { all || $0.isOpen }
            if self.desk.json { printJSON(rows, answer) } else { printTable(rows, answer, desk: desk) }
        }
    }

    private struct Row {
        let arrival: VerifiedArrival
        let originator: PartyID
        let submission: Submission
        let stage: LegStage
        let role: String
        let isOpen: Bool

        init(_ arrival: VerifiedArrival, desk: Desk) throws {
            let tracked = try TrackedMessage(arrival.chain, charter: desk.charter)
            self.arrival = arrival
            originator = tracked.state.originator
            submission = tracked.state.submission
            stage = tracked.stage(arrival.leg, at: desk.now(), charter: desk.charter)
            let leg = tracked.state.legs[arrival.leg.value]
            let isRecipient = leg.route.recipient == desk.party
            role = isRecipient ? "for you" : "carry to \(leg.route.recipient)"
            isOpen =
                switch stage {
                case .held(let hop): leg.route.intermediaries[hop] == desk.party
                case .available, .retrieved: isRecipient
                default: false
                }
        }
    }

    private func printTable(_ rows: [Row], _ answer: InboxAnswer, desk: Desk) {
        var table = Table([
            .init("NO", .trailing), .init("MESSAGE"), .init("FROM"), .init("PRECEDENCE"), .init("STATE"), .init("ROLE"),
            .init("EXPIRES"),
        ])
        for row in rows {
            table.add([
                "\(row.arrival.number)", row.arrival.message.short, "\(row.originator)", "\(row.submission.precedence)",
                row.stage.word, row.role, TimeText.utc(milliseconds: row.submission.expiry.milliseconds),
            ])
        }
        if rows.isEmpty {
            Output.diagnostics.line(
                answer.arrivals.isEmpty ? "nothing has arrived" : "nothing waits; --all shows the rest")
        } else {
            Output.standard.table(table)
        }
        guard let tick = answer.tick else {
            return Output.diagnostics.line("caution: the relay shows no tick, so arrivals could be withheld")
        }
        let age = desk.now() - tick.acceptedAt
        if age >= desk.charter.charter.limits.tickFreshness {
            Output.diagnostics.line(
                "caution: the newest tick is \(age.milliseconds / 60_000) minutes old; later arrivals could be withheld"
            )
        }
        let time = TimeText.utc(milliseconds: tick.acceptedAt.milliseconds)
        Output.diagnostics.line(
            "nothing withheld up to \(time), provided an auditor's replay reaches entry \(tick.entry.index)")
    }

    private func printJSON(_ rows: [Row], _ answer: InboxAnswer) {
        let items: [JSONValue] = rows.map { row in
            .object([
                .init("number", .unsigned(row.arrival.number.value)),
                .init("message", .string(row.arrival.message.description)),
                .init("leg", .count(row.arrival.leg.value)), .init("from", .string(row.originator.description)),
                .init("precedence", .string(row.submission.precedence.description)),
                .init("state", .string(row.stage.word)),
                .init("role", .string(row.role)), .init("expiry", .integer(row.submission.expiry.milliseconds)),
                .init("payloadSize", .unsigned(row.submission.payloadSize)),
            ])
        }
        var tick: JSONValue = .null
        if let found = answer.tick {
            tick = .object([
                .init("entry", .unsigned(found.entry.index.rawValue)),
                .init("acceptedAt", .integer(found.acceptedAt.milliseconds)),
                .init("arrivals", .unsigned(found.tick.arrivals)),
            ])
        }
        Output.standard.json(
            .object([.init("schema", "valise/inbox-list/v1"), .init("arrivals", .array(items)), .init("tick", tick)]))
    }
}
