import Daemon
import Ledger
import Relay
import Statements
import Store
import StoreSQLite
import Terminal
import Wording

/// How `valise-relay status` looks: fields, the inboxes, and what is wrong; or one JSON document.
struct RelayStatusText {
    let report: RelayStatusReport
    /// Whether parties have numbers in place of names.
    let isAnonymous: Bool

    private var store: StoreStatus { report.store }
    private var now: Int64 { report.at.milliseconds }

    func print(on out: Output) {
        out.fields(fields)
        out.line()
        if store.holders.isEmpty {
            out.line("inboxes  nothing waits")
        } else {
            out.table(inboxes)
        }
        if !store.isWhole { out.note("Only the first \(StoreStatus.mostMessages) unsettled messages are counted.") }
        out.line()
        let concerns = report.concerns
        if concerns.isEmpty { return out.line(out.styled("all is well", .good)) }
        for concern in concerns {
            out.note(
                concern.isFailure ? .error : .caution, "\(concern.name): \(concern.sentence)")
            if let next = concern.next { out.note(.next, next) }
        }
    }

    private var fields: FieldList {
        var list = FieldList()
        let charter = store.charter.charter
        list.add("relay", charter.title)
        list.add("origin", "\(charter.relay.origin) at \(charter.relay.url)")
        list.add("program", running)
        list.add("log", "\(store.entries) entries, the newest \(TimeText.ago(store.newest.milliseconds, now: now))")
        list.add("", "\(store.hour.entries) in the last hour, \(store.day.entries) in the last day")
        addCheckpoints(&list)
        list.add(
            "database", "\(size(store.figures.databaseBytes)), write-ahead log \(size(store.figures.walBytes))")
        list.add(
            "envelopes",
            "\(files(store.envelopeFiles.count)) of \(size(store.envelopeFiles.bytes)); small ones are in the database")
        list.add("growth", "\(growth(store.hour)) in the last hour")
        list.add("", "\(growth(store.day)) in the last day")
        list.add("disk", disk)
        list.add(
            "waiting",
            "\(Counted.words(store.unsettled, "unsettled message")), "
                + "\(Counted.words(store.figures.uploads, "upload")), \(Counted.words(store.figures.drafts, "draft"))")
        list.add("rejections", rejections)
        return list
    }

    private func addCheckpoints(_ list: inout FieldList) {
        guard !store.charter.charter.witnesses.isEmpty else { return list.add("witnesses", "none in the charter") }
        guard let cosigned = report.cosigned else { return list.add("witnesses", "not asked yet") }
        let age = cosigned.at.map { TimeText.ago(Int64($0.seconds) * 1_000, now: now) } ?? "never cosigned"
        let count = "\(cosigned.names.count) of \(store.charter.charter.witnesses.count)"
        list.add("witnesses", "\(cosigned.size) entries cosigned by \(count), \(age)")
        // The relay's own words: it knows those that are away.
        for check in report.readiness?.checks ?? [] where check.name.hasPrefix("witness ") {
            list.add("", "\(check.name.dropFirst("witness ".count)): \(check.sentence)")
        }
    }

    private var running: String {
        let version = "version \(BuildVersion.text)"
        switch report.holder {
        case .nobody: return "\(version), not running"
        case .process(let number):
            let process = number.map { "process \($0)" } ?? "a process"
            return "\(version), running as \(process), " + (report.port.map { "health port \($0)" } ?? "no health port")
        }
    }

    private var disk: String {
        guard let disk = report.disk, let floor = report.floor else { return "not known" }
        let space = "\(size(disk.free)) free of \(size(disk.size)); intake stops at \(size(floor))"
        guard disk.free > floor else { return space }
        guard let forecast = report.forecast else { return "\(space), not within reach at the last day's growth" }
        return "\(space), in \(TimeText.duration(milliseconds: forecast.milliseconds)) at the last day's growth"
    }

    private var rejections: String {
        guard let figures = report.figures else { return "counted by the running relay alone; it was not reached" }
        let codes = figures.by("code", "valise_rejections_total")
        guard !codes.isEmpty else { return "none since the relay was started" }
        return codes.map { "\($0.key) \(UInt64($0.value))" }.joined(separator: ", ") + ", since the relay was started"
    }

    private var inboxes: Table {
        var table = Table([
            .init("inbox"), .init("waiting", .trailing), .init("oldest"),
        ])
        for (number, holder) in store.holders.enumerated() {
            table.add([
                name(holder, number), "\(holder.legs)", TimeText.ago(holder.oldest.milliseconds, now: now),
            ])
        }
        return table
    }

    private func name(_ holder: StoreStatus.Holder, _ number: Int) -> String {
        isAnonymous ? "party \(number + 1)" : holder.party.description
    }

    private func growth(_ growth: StoreStatus.Growth) -> String {
        "log \(size(RelayStatusReport.logBytes(growth))), envelopes \(size(growth.envelopeBytes))"
    }
    private func size(_ bytes: UInt64) -> String { ByteSize(bytes: bytes).description }
    private func files(_ count: UInt64) -> String { Counted.words(count, "file") }
}

/// For programs.
extension RelayStatusText {
    var json: JSONValue { .object(identity + sizes + findings) }

    private var identity: [JSONValue.Member] {
        let charter = store.charter.charter
        return [
            .init("schema", "valise/relay-status/v1"), .init("at", .integer(now)),
            .init("version", .string(BuildVersion.text)), .init("title", .string(charter.title)),
            .init("origin", .string(charter.relay.origin)), .init("url", .string(charter.relay.url)),
            .init("running", .bool(report.isRunning)), .init("healthPort", report.port.map { .count($0) } ?? .null),
            .init("ready", report.readiness.map { .bool($0.isReady) } ?? .null),
        ]
    }

    private var sizes: [JSONValue.Member] {
        [
            .init("entries", .unsigned(store.entries)), .init("newestAt", .integer(store.newest.milliseconds)),
            .init("hour", Self.json(store.hour)), .init("day", Self.json(store.day)),
            .init("databaseBytes", .unsigned(store.figures.databaseBytes)),
            .init("walBytes", .unsigned(store.figures.walBytes)),
            .init("envelopeFiles", .unsigned(store.envelopeFiles.count)),
            .init("envelopeFileBytes", .unsigned(store.envelopeFiles.bytes)),
            .init("uploads", .unsigned(store.figures.uploads)), .init("drafts", .unsigned(store.figures.drafts)),
            .init("unsettled", .unsigned(store.unsettled)),
            .init("diskFree", report.disk.map { .unsigned($0.free) } ?? .null),
            .init("diskSize", report.disk.map { .unsigned($0.size) } ?? .null),
            .init("diskFloor", report.floor.map { .unsigned($0) } ?? .null),
            .init("untilFloor", report.forecast.map { .integer($0.milliseconds) } ?? .null),
        ]
    }

    private var findings: [JSONValue.Member] {
        [
            .init("cosigned", cosigned), .init("rejections", rejectionsJSON), .init("inboxes", inboxesJSON),
            .init("concerns", .array(report.concerns.map(Self.json))),
        ]
    }

    private var cosigned: JSONValue {
        guard let cosigned = report.cosigned else { return .null }
        return [
            "size": .unsigned(cosigned.size.rawValue), "witnesses": .array(cosigned.names.map { .string($0) }),
            "at": cosigned.at.map { .unsigned($0.seconds * 1_000) } ?? .null,
        ]
    }

    private var rejectionsJSON: JSONValue {
        guard let figures = report.figures else { return .null }
        return .object(
            figures.by("code", "valise_rejections_total").map { .init($0.key, .unsigned(UInt64($0.value))) })
    }

    private var inboxesJSON: JSONValue {
        .array(
            store.holders.enumerated().map { number, holder in
                [
                    "party": .string(name(holder, number)), "waiting": .unsigned(holder.legs),
                    "oldestAt": .integer(holder.oldest.milliseconds),
                ]
            })
    }

    private static func json(_ growth: StoreStatus.Growth) -> JSONValue {
        [
            "entries": .unsigned(growth.entries), "entryBytes": .unsigned(growth.entryBytes),
            "messages": .unsigned(growth.messages), "envelopeBytes": .unsigned(growth.envelopeBytes),
        ]
    }

    private static func json(_ concern: RelayStatusReport.Concern) -> JSONValue {
        [
            "name": .string(concern.name), "failure": .bool(concern.isFailure),
            "sentence": .string(concern.sentence), "next": .optional(concern.next),
        ]
    }
}
