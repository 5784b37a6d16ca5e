import ArgumentParser
import Desk
import Ledger
import Statements
import Terminal
import Transport

/// `valise status`.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "How this desk stands: relay, clock, keys, outbox, unread, and what to do about anything wrong.",
        discussion: "Exit code 2 when something is an alarm; 0 otherwise, also when the relay does not answer.")
    @OptionGroup var desk: DeskOptions

    func run() async throws {
        try await desk.withDesk { desk in
            let report = try await desk.status()
            if self.desk.json { Output.standard.json(json(report)) } else { print(report) }
            if report.concerns.contains(where: { $0.weight == .alarm }) {
                throw ExitCode(ExitStatus.verificationFailed.rawValue)
            }
        }
    }

    private func print(_ report: StatusReport) {
        let out = Output.standard
        let now = report.at.milliseconds
        var list = FieldList()
        list.add(
            "desk", "\(report.delegate), keys \(report.agent ? "held by the unlock agent" : "opened for this command")")
        list.add("charter", "\(report.title), \(report.charter.fingerprint)")
        list.add("", "constitution revision \(report.revisions.constitution), own roster \(report.revisions.roster)")
        addRelay(report, to: &list)
        if let checkpoint = report.checkpoint {
            let age = TimeText.ago(checkpoint.keptAt.milliseconds, now: now)
            let seen = report.reached == nil ? "newest verified \(age)" : "verified now; the log last grew here \(age)"
            list.add("checkpoint", "\(Counted.words(checkpoint.head.size.rawValue, "entry", "entries")), \(seen)")
        } else {
            list.add("checkpoint", "none verified yet")
        }
        if let confirmed = report.confirmed { list.add("confirmed", ConfirmedText.words(confirmed)) }
        for (position, key) in report.keys.enumerated() {
            list.add(position == 0 ? "keys" : "", "\(key.name), \(Self.words(key, now: now))")
        }
        if report.keys.isEmpty { list.add("keys", "none for sealing") }
        list.add("outbox", report.outbox == 0 ? "empty" : "\(report.outbox) waiting")
        let unsent = report.archived.unsent == 0 ? "" : ", \(report.archived.unsent) refused or withdrawn"
        list.add("archive", "\(report.archived.received) received, \(report.archived.sent) sent\(unsent)")
        out.fields(list)
        if report.concerns.isEmpty { return out.line(out.styled("all is well", .good)) }
        for concern in report.concerns {
            let style: Style = concern.weight == .alarm ? .bad : concern.weight == .caution ? .caution : .heading
            out.note(Label("\(concern.weight)", style), "\(concern.sentence) [\(concern.code)]")
            if !concern.advice.isEmpty { out.note("      \(concern.advice)") }
        }
    }

    private func addRelay(_ report: StatusReport, to list: inout FieldList) {
        guard let reached = report.reached else { return list.add("relay", "\(report.relayURL), not reached") }
        list.add("relay", "\(report.relayURL), answers in \(reached.roundTrip.milliseconds) ms")
        if let ahead = reached.clockAhead {
            let length = TimeText.duration(milliseconds: Int64(ahead.milliseconds.magnitude))
            let side = ahead.milliseconds > 0 ? "ahead" : "behind"
            list.add("clock", ahead.milliseconds == 0 ? "agrees with the relay's" : "the relay's is \(length) \(side)")
        }
        list.add("inbox", "\(reached.unread) unread, \(reached.open) open")
        if let tick = reached.tick {
            let time = TimeText.both(milliseconds: tick.acceptedAt.milliseconds)
            list.add("withheld", "nothing up to \(time), \(ReplayText.condition(tick, reached.replays))")
        }
    }

    private static func words(_ key: StatusReport.Key, now: Int64) -> String {
        guard let record = key.record else { return "not published" }
        let (from, until) = (record.sealFrom.milliseconds, record.sealUntil.milliseconds)
        let keep = record.keepUntil.milliseconds
        if now < from { return "serves from \(TimeText.brief(milliseconds: from))" }
        if now < until {
            return
                "serves, \(TimeText.duration(milliseconds: now - from)) old, \(TimeText.countdown(to: until, now: now))"
        }
        return now < keep
            ? "opens what came earlier, destroyed \(TimeText.ago(keep, now: now))"
            : "past its time since \(TimeText.brief(milliseconds: keep))"
    }

    private func json(_ report: StatusReport) -> JSONValue {
        .object([
            .init("schema", "valise/status/v1"), .init("delegate", .string(report.delegate.description)),
            .init("at", .integer(report.at.milliseconds)), .init("charter", .string(report.charter.description)),
            .init("title", .string(report.title)),
            .init("constitutionRevision", .unsigned(report.revisions.constitution.value)),
            .init("rosterRevision", .unsigned(report.revisions.roster.value)),
            .init("agent", .bool(report.agent)), .init("relayURL", .string(report.relayURL)),
            .init("relay", report.reached.map(Self.json) ?? .null),
            .init(
                "checkpoint",
                report.checkpoint.map {
                    .object([
                        .init("size", .unsigned($0.head.size.rawValue)),
                        .init("verifiedAt", .integer($0.keptAt.milliseconds)),
                    ])
                } ?? .null),
            .init("confirmed", report.confirmed.map(ConfirmedText.json) ?? .null),
            .init("keys", .array(report.keys.map(Self.json))), .init("outbox", .count(report.outbox)),
            .init("archivedSent", .count(report.archived.sent)),
            .init("archivedReceived", .count(report.archived.received)),
            .init("archivedUnsent", .count(report.archived.unsent)),
            .init(
                "concerns",
                .array(
                    report.concerns.map {
                        .object([
                            .init("weight", .string($0.weight.description)), .init("code", .string($0.code)),
                            .init("sentence", .string($0.sentence)), .init("advice", .string($0.advice)),
                        ])
                    })),
        ])
    }

    private static func json(_ reached: StatusReport.Reached) -> JSONValue {
        var tick: JSONValue = .null
        if let found = reached.tick {
            tick = .object([
                .init("entry", .unsigned(found.entry.index.rawValue)),
                .init("acceptedAt", .integer(found.acceptedAt.milliseconds)),
            ])
        }
        return .object([
            .init("roundTrip", .integer(reached.roundTrip.milliseconds)),
            .init("clockAhead", reached.clockAhead.map { .integer($0.milliseconds) } ?? .null),
            .init("size", .unsigned(reached.head.size.rawValue)), .init("tick", tick),
            .init("replays", ReplayText.json(reached.replays, reached.tick)),
            .init("unread", .count(reached.unread)), .init("open", .count(reached.open)),
        ])
    }

    private static func json(_ key: StatusReport.Key) -> JSONValue {
        .object([
            .init("key", .string(key.name)),
            .init("sealFrom", key.record.map { .integer($0.sealFrom.milliseconds) } ?? .null),
            .init("sealUntil", key.record.map { .integer($0.sealUntil.milliseconds) } ?? .null),
            .init("keepUntil", key.record.map { .integer($0.keepUntil.milliseconds) } ?? .null),
        ])
    }
}
