import ArgumentParser
import Desk
import Ledger
import Rules
import Statements
import Terminal
import Transport

/// `valise track`.
struct TrackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "track",
        abstract: "Show a message's custody chain: who held it, how long, what was done, and who signed it.")
    @Argument(help: "The message's identifier, or its first letters.") var message: String
    @OptionGroup var desk: DeskOptions

    func run() async throws {
        try await desk.withDesk { desk in
            let tracked = try await desk.message(desk.resolve(message))
            let view = CustodyText(
                tracked: tracked, now: desk.now(), charter: desk.charter, confirmed: try await desk.confirmed())
            if self.desk.json { Output.standard.json(view.json) } else { view.print() }
        }
    }
}

/// A custody chain as it is shown.
struct CustodyText {
    let tracked: TrackedMessage
    let now: Timestamp
    let charter: PinnedCharter
    /// What the charter's witnesses have cosigned; nil when it asks for none, or none was seen.
    let confirmed: ConfirmedHead?

    func print() {
        let out = Output.standard
        var list = FieldList()
        list.add("message", tracked.state.id.description)
        list.add("from", MessageText.signature(tracked.state.originator, tracked.signed.statement.signers))
        let signed = tracked.signed.statement.madeAt
        // What waited in an outbox or for a releaser: it expires as it was signed.
        if tracked.state.submittedAt - signed >= .minutes(1) {
            list.add("signed", TimeText.both(milliseconds: signed.milliseconds))
        }
        list.add("sent", TimeText.both(milliseconds: tracked.state.submittedAt.milliseconds))
        if tracked.state.submission.precedence > .routine {
            list.add("precedence", tracked.state.submission.precedence.description)
        }
        let expiry = tracked.state.submission.expiry.milliseconds
        let countdown = tracked.state.isSettled ? "" : ", \(TimeText.countdown(to: expiry, now: now.milliseconds))"
        list.add("expires", TimeText.both(milliseconds: expiry) + countdown)
        for number in legs { add(number, to: &list) }
        if let erasure = tracked.erasure {
            list.add("content", "erased at the relay, \(TimeText.both(milliseconds: erasure.at.milliseconds))")
        }
        if hasQuorum {
            list.add(
                "confirmed", confirmed.map(ConfirmedText.words) ?? "nothing of this log, by any quorum of witnesses")
        }
        out.fields(list)
        out.line("")
        var table = Table([
            .init("ENTRY", .trailing), .init("TIME"), .init("WHAT"), .init("SIGNED BY", mayShrink: true),
        ])
        for step in tracked.steps + (tracked.erasure.map { [$0] } ?? []) {
            let reason = Self.reason(step.act).map { " (\($0))" } ?? ""
            let doubt = isConfirmed(step) == false ? ", not confirmed" : ""
            table.add([
                "\(step.index)", TimeText.utc(milliseconds: step.at.milliseconds),
                Self.word(step.act) + reason + doubt,
                step.signers.map { "\(step.party)/\($0)" }.joined(separator: ", "),
            ])
        }
        out.table(table)
    }

    private func add(_ number: LegNumber, to list: inout FieldList) {
        let leg = tracked.state.legs[number.value]
        let stage = tracked.stage(number, at: now, charter: charter)
        let names = ([tracked.state.originator] + leg.route.holders).map(\.description).joined(separator: " -> ")
        list.add("leg \(number)", "\(names): \(stage.word)")
        for span in tracked.custody(of: number, at: now, charter: charter) {
            let length = TimeText.duration(milliseconds: span.length(at: now).milliseconds)
            let during = span.until == nil ? "for \(length) so far" : "for \(length)"
            list.add("", "\(Self.words(span)) \(during), from \(TimeText.both(milliseconds: span.since.milliseconds))")
        }
    }

    private static func words(_ span: CustodySpan) -> String {
        switch span.stage {
        case .held: "held by \(span.party)"
        case .available: "available to \(span.party)"
        default: "\(span.stage.word) by \(span.party)"
        }
    }

    private var hasQuorum: Bool { charter.charter.witnessQuorum > 0 }

    /// Nil when the charter asks for no witnesses.
    private func isConfirmed(_ step: TrackedMessage.Step) -> Bool? {
        hasQuorum ? confirmed?.covers(step.index) ?? false : nil
    }

    private var legs: [LegNumber] { tracked.state.legs.indices.compactMap { LegNumber($0) } }

    var json: JSONValue {
        .object([
            .init("schema", "valise/track/v1"), .init("message", .string(tracked.state.id.description)),
            .init("originator", .string(tracked.state.originator.description)),
            .init("madeAt", .integer(tracked.signed.statement.madeAt.milliseconds)),
            .init("submittedAt", .integer(tracked.state.submittedAt.milliseconds)),
            .init("precedence", .string(tracked.state.submission.precedence.description)),
            .init("expiry", .integer(tracked.state.submission.expiry.milliseconds)),
            .init("legs", .array(legs.map(json))), .init("steps", .array(tracked.steps.map(json))),
            .init("erasure", tracked.erasure.map(json) ?? .null),
            .init("confirmed", confirmed.map(ConfirmedText.json) ?? .null),
        ])
    }

    private func json(_ number: LegNumber) -> JSONValue {
        let leg = tracked.state.legs[number.value]
        let stage = tracked.stage(number, at: now, charter: charter)
        let spans: [JSONValue] = tracked.custody(of: number, at: now, charter: charter).map { span in
            .object([
                .init("party", .string(span.party.description)), .init("state", .string(span.stage.word)),
                .init("since", .integer(span.since.milliseconds)),
                .init("until", span.until.map { .integer($0.milliseconds) } ?? .null),
                .init("milliseconds", .integer(span.length(at: now).milliseconds)),
            ])
        }
        return .object([
            .init("leg", .count(number.value)),
            .init("route", .array(leg.route.holders.map { .string($0.description) })),
            .init("state", .string(stage.word)),
            .init("holder", .optional(stage.isTerminal ? nil : leg.holder?.description)),
            .init("custody", .array(spans)),
        ])
    }

    private func json(_ step: TrackedMessage.Step) -> JSONValue {
        .object([
            .init("confirmed", isConfirmed(step).map { .bool($0) } ?? .null),
            .init("entry", .unsigned(step.index.rawValue)), .init("acceptedAt", .integer(step.at.milliseconds)),
            .init("act", .string(Self.word(step.act))), .init("reason", .optional(Self.reason(step.act))),
            .init("party", .string(step.party.description)),
            .init("signers", .array(step.signers.map { .string($0.description) })),
        ])
    }

    /// The word of the terms for what an act did.
    static func word(_ act: Act) -> String {
        switch act {
        case .submission: "submitted"
        case .conveyance: "conveyed"
        case .refusal: "refused"
        case .receipt(_, .retrieved): "retrieved"
        case .receipt(_, .opened): "opened"
        case .receipt(_, .unreadable): "unreadable"
        case .recall: "recalled"
        case .expiry: "expired"
        case .erasure: "erased"
        case .keyPublication, .amendment, .tick: act.kind.description
        }
    }

    /// The coded reason that an act gives.
    static func reason(_ act: Act) -> String? {
        switch act {
        case .refusal(_, let reason): reason.description
        case .receipt(_, .unreadable(let reason)): reason.description
        default: nil
        }
    }
}
