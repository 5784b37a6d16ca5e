import Desk
import Ledger
import Rules
import Statements
import Terminal

/// What was sent in an office's name, as `valise list --office` shows it.
struct OfficeList {
    /// Newest first.
    let messages: [TrackedMessage]
    let now: Timestamp
    let charter: PinnedCharter

    func print() {
        var table = Table([
            .init("MESSAGE"), .init("SENT"), .init("BY", mayShrink: true), .init("TO"),
            .init("PRECEDENCE", short: "PREC."), .init("STATE", mayShrink: true),
        ])
        for message in messages {
            let recipients = message.state.legs.map(\.route.recipient.description)
            let time = message.state.submittedAt.milliseconds
            table.add(
                [
                    message.state.id.short, TimeText.brief(milliseconds: time),
                    message.signed.statement.signers.map(\.description).joined(separator: ", "),
                    recipients.joined(separator: ", "), message.state.submission.precedence.description,
                    stages(of: message).map(\.word).joined(separator: ", "),
                ],
                short: [
                    "SENT": TimeText.briefer(milliseconds: time),
                    "TO": (recipients.first ?? "") + (recipients.count > 1 ? " +\(recipients.count - 1)" : ""),
                ])
        }
        Output.standard.table(table)
    }

    var json: JSONValue {
        .object([.init("schema", "valise/office-list/v1"), .init("messages", .array(messages.map(json)))])
    }

    private func json(_ message: TrackedMessage) -> JSONValue {
        let legs: [JSONValue] = zip(message.state.legs, stages(of: message)).enumerated().map { number, item in
            .object([
                .init("leg", .count(number)),
                .init("route", .array(item.0.route.holders.map { .string($0.description) })),
                .init("state", .string(item.1.word)),
            ])
        }
        return .object([
            .init("message", .string(message.state.id.description)),
            .init("entry", message.steps.first.map { .unsigned($0.index.rawValue) } ?? .null),
            .init("submittedAt", .integer(message.state.submittedAt.milliseconds)),
            .init("signers", .array(message.signed.statement.signers.map { .string($0.description) })),
            .init("to", .array(message.state.legs.map { .string($0.route.recipient.description) })),
            .init("precedence", .string(message.state.submission.precedence.description)),
            .init("expiry", .integer(message.state.submission.expiry.milliseconds)), .init("legs", .array(legs)),
        ])
    }

    private func stages(of message: TrackedMessage) -> [LegStage] {
        message.state.legs.indices.compactMap { LegNumber($0) }.map { message.stage($0, at: now, charter: charter) }
    }
}
