import ArgumentParser
import Desk
import Ledger
import Rules
import Statements
import Terminal
import Transport
import UnixSignals

/// `valise inbox`.
struct InboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inbox", abstract: "Show what has reached this party; with --watch, as it arrives.",
        discussion: """
            Subjects are sealed: valise read opens a message, after its receipt is in the log. What no earlier look \
            showed is marked (new). Sealing keys are kept fresh, and the outbox is handed over, on the way.

            With --exec a command is run by /bin/sh for each arrival, with VALISE_MESSAGE, VALISE_NUMBER, VALISE_FROM, \
            VALISE_PRECEDENCE, VALISE_STATE, VALISE_ROLE (recipient or carrier) and VALISE_EXPIRY (milliseconds since \
            1970) in its environment, and never any content. One runs after the other, in the order of arrival. An \
            arrival is done with when its command has ended, with whatever exit code; what a watch that was stopped or \
            killed had not done is done by the next one, first of all.
            """)

    @Flag(help: "Also what has ended or was passed on.") var all = false
    @Flag(help: "Go on showing what arrives, until stopped; survives restarts of the relay and sleep.")
    var watch = false
    @Option(
        help: ArgumentHelp(
            "With --watch: run this for each arrival that it was not run for before.", valueName: "command"))
    var exec: String?
    @Option(
        help: ArgumentHelp(
            "With --exec: how long one command may take before it is ended, with all that it started; 5m unless said.",
            valueName: "duration"), transform: { try SpanOption.parse($0) })
    var execTimeout = SpanOption(milliseconds: 5 * 60_000)
    @Flag(
        help: ArgumentHelp(
            "Forget where arrivals stood in the log, first of all.",
            discussion: "For a relay that once showed wrong places, after an auditor confirmed the order of now."))
    var forgetPlaces = false
    @OptionGroup var desk: DeskOptions

    func validate() throws {
        guard exec == nil || watch else { throw ValidationError("--exec needs --watch.") }
        guard exec?.isEmpty != true else { throw ValidationError("--exec needs a command.") }
    }

    func run() async throws {
        let signal: UnixSignal? = try await desk.withDesk { desk in
            if forgetPlaces {
                let aside = try desk.forgetPlaces()
                Output.diagnostics.note(aside.map { "the earlier places are in \($0)" } ?? "no places were known")
            }
            let care = await desk.keepKeysFresh()
            for key in care.destroyed {
                Output.diagnostics.note("destroyed the sealing key \(key.short): its time is over")
            }
            await flush(desk)
            let watching = Watch(desk: desk, json: self.desk.json, all: all)
            if let exec { return try await watching.run(ArrivalHook(command: exec, limit: execTimeout)) }
            if watch { try await watching.run() } else { try await look(desk) }
            return nil
        }
        if let signal { StopSignals.end(by: signal) }
    }

    private func look(_ desk: Desk) async throws {
        let look = try await desk.inbox(all: all)
        let replays = try await desk.replays()
        let rows = look.rows.filter { all || $0.isOpen }
        if self.desk.json {
            Output.standard.json(InboxText.document(rows, look, replays, desk: desk))
        } else {
            InboxText.print(rows, look, replays, desk: desk)
        }
        try? await desk.refreshKeptKeys()
    }

    /// What waits in the outbox is handed over on the way; how that went is the outbox's to tell.
    private func flush(_ desk: Desk) async {
        do {
            try await desk.flushOutbox()
        } catch {
            Output.diagnostics.note(.caution, "the outbox was not handed over; valise outbox tells why")
        }
    }
}

/// What is shown of an inbox.
enum InboxText {
    static func print(_ rows: [InboxRow], _ look: InboxLook, _ replays: Replays?, desk: Desk) {
        if rows.isEmpty {
            let nothing = look.newest.value == 0 ? "nothing has arrived" : "nothing waits; --all shows the rest"
            Output.diagnostics.note(nothing)
        } else {
            let table = table(rows, now: desk.now())
            Output.standard.table(table)
            // A note is no part of the last block.
            if table.isStacked(on: .standard) { Output.diagnostics.line() }
            for hint in hints(rows) { Output.diagnostics.note(.hint, hint) }
        }
        ReplayText.warn(replays)
        guard let tick = look.tick else {
            return Output.diagnostics.note(.caution, "the relay shows no tick, so arrivals could be withheld")
        }
        let age = desk.now() - tick.acceptedAt
        if age >= desk.charter.charter.limits.tickFreshness {
            Output.diagnostics.note(
                .caution,
                "the newest tick is \(age.milliseconds / 60_000) minutes old; later arrivals could be withheld")
        }
        let time = TimeText.both(milliseconds: tick.acceptedAt.milliseconds)
        Output.diagnostics.note("nothing withheld up to \(time), \(ReplayText.condition(tick, replays))")
    }

    static func table(_ rows: [InboxRow], now: Timestamp) -> Table {
        var table = Table([
            .init("MESSAGE"), .init("FROM"), .init("PRECEDENCE", short: "PREC."), .init("STATE"), .init("ROLE"),
            .init("EXPIRES"),
        ])
        for row in rows {
            let cells = cells(row, now: now)
            let left = cells.last.map { $0.hasSuffix(" left") ? String($0.dropLast(5)) : $0 } ?? ""
            table.add(
                cells,
                short: [
                    "FROM": row.tracked.state.originator.description, "EXPIRES": left,
                    "ROLE": row.isRecipient ? "for you" : "to \(row.recipient)",
                ])
        }
        return table
    }

    /// What to do next with what waits: for the oldest of each kind, so that it can be typed as it stands.
    static func hints(_ rows: [InboxRow]) -> [String] {
        let open = rows.filter(\.isOpen)
        let carried = open.first { !$0.isRecipient }.map { "valise convey \($0.arrival.message.short) passes it on" }
        let read = open.first { $0.isRecipient }.map { "valise read \($0.arrival.message.short) opens it" }
        return [carried, read].compactMap(\.self)
    }

    static func cells(_ row: InboxRow, now: Timestamp) -> [String] {
        [
            row.arrival.message.short,
            MessageText.signature(row.tracked.state.originator, row.tracked.signed.statement.signers),
            row.submission.precedence.description, row.stage.word + (row.isNew ? " (new)" : ""), role(row),
            row.isOpen
                ? TimeText.countdown(to: row.submission.expiry.milliseconds, now: now.milliseconds)
                : TimeText.utc(milliseconds: row.submission.expiry.milliseconds),
        ]
    }

    private static func role(_ row: InboxRow) -> String {
        row.isRecipient ? "for you" : "carry to \(row.recipient)"
    }

    static func document(_ rows: [InboxRow], _ look: InboxLook, _ replays: Replays?, desk: Desk) -> JSONValue {
        var tick: JSONValue = .null
        if let found = look.tick {
            tick = .object([
                .init("entry", .unsigned(found.entry.index.rawValue)),
                .init("acceptedAt", .integer(found.acceptedAt.milliseconds)),
                .init("arrivals", .unsigned(found.tick.arrivals)),
            ])
        }
        return .object([
            .init("schema", "valise/inbox-list/v1"),
            .init("arrivals", .array(rows.map { .object(members($0)) })), .init("tick", tick),
            .init("replays", ReplayText.json(replays, look.tick)),
        ])
    }

    static func members(_ row: InboxRow) -> [JSONValue.Member] {
        [
            .init("number", .unsigned(row.arrival.number.value)),
            .init("message", .string(row.arrival.message.description)), .init("leg", .count(row.arrival.leg.value)),
            .init("from", .string(row.tracked.state.originator.description)),
            .init("signers", .array(row.tracked.signed.statement.signers.map { .string($0.description) })),
            .init("submittedAt", .integer(row.tracked.state.submittedAt.milliseconds)),
            .init("precedence", .string(row.submission.precedence.description)),
            .init("state", .string(row.stage.word)), .init("role", .string(role(row))),
            .init("expiry", .integer(row.submission.expiry.milliseconds)),
            .init("payloadSize", .unsigned(row.submission.payloadSize)), .init("new", .bool(row.isNew)),
        ]
    }
}
