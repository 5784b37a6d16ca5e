import Audit
import Ledger
import Statements
import Terminal

/// The report as a person reads it.
extension AuditReport {
    func print(to output: Output) {
        output.fields(facts)
        for remark in remarks { output.note(Label("remark", .heading), Self.line(remark)) }
        for finding in findings { output.note(Label("finding", .bad), Self.line(finding)) }
        output.line(output.styled(output.prose("verdict: \(verdict)"), isGood ? .good : .bad))
    }

    private var facts: FieldList {
        var list = FieldList()
        list.add("charter", charter.fingerprint)
        list.add("log", origin)
        if let checkpoint {
            let size = Counted.words(checkpoint.size.rawValue, "entry", "entries")
            list.add("checkpoint", "\(size), root \(Base64.encode(checkpoint.root.bytes))")
        }
        list.add("entries", "\(entries) hashed, \(replayed) decided again by rules version \(rulesVersion)")
        if let resumedFrom { list.add("of them", "\(resumedFrom) by an earlier run, which this one went on from") }
        let kinds = statements.map { "\($0.count) \($0.kind)" }
        list.add("statements", kinds.isEmpty ? "none" : kinds.joined(separator: ", "))
        list.add("signatures", "\(signatures) good")
        let read = Counted.words(bundles, "entry bundle")
        list.add("tiles", "\(tiles), and \(read), recomputed from \(ByteSize(bytes: bytes))")
        list.add("inboxes", inboxes.map { "\($0.party) \($0.arrivals)" }.joined(separator: ", "))
        if let first, let last {
            let times = [first, last].map { TimeText.utc(milliseconds: $0.milliseconds) }
            list.add("accepted", "\(times[0]) to \(times[1])")
        }
        if compared > 0 {
            list.add("checkpoints", "\(compared == 1 ? "1 other is" : "\(compared) others are") of this log")
        }
        return list
    }

    private static func line(_ finding: Finding) -> String { "\(AuditProgram.sentence(finding)) [\(finding.label)]" }

    /// The last line.
    var verdict: String {
        guard let first = findings.first else { return "the log is consistent and every entry follows the rules" }
        guard let entry = findings.lazy.compactMap(\.index).first else {
            return "this is not a log to rely on: \(first.label)"
        }
        return "this is not a log to rely on: the first bad entry is \(entry): \(first.label)"
    }
}

/// The report as a program reads it; times in milliseconds since 1970.
extension AuditReport {
    func json(_ told: VerdictTeller.Told?) -> JSONValue {
        let arrivals = inboxes.map { JSONValue.Member($0.party.description, .unsigned($0.arrivals)) }
        return [
            "schema": "valise/audit/v1",
            "charter": .string(charter.description),
            "fingerprint": .string(charter.fingerprint),
            "origin": .string(origin),
            "size": checkpoint.map { .unsigned($0.size.rawValue) } ?? .null,
            "root": .optional(checkpoint.map { Base64.encode($0.root.bytes) }),
            "entries": .unsigned(entries),
            "replayed": .unsigned(replayed),
            "resumedFrom": resumedFrom.map { .unsigned($0.rawValue) } ?? .null,
            "statements": .object(statements.map { JSONValue.Member($0.kind.description, .unsigned($0.count)) }),
            "signatures": .unsigned(signatures),
            "tiles": .unsigned(tiles),
            "bundles": .unsigned(bundles),
            "bytes": .unsigned(bytes),
            "inboxes": .object(arrivals),
            "firstAcceptedAt": first.map { .integer($0.milliseconds) } ?? .null,
            "lastAcceptedAt": last.map { .integer($0.milliseconds) } ?? .null,
            "checkpointsCompared": .count(compared),
            "remarks": .array(remarks.map(Self.json)),
            "findings": .array(findings.map(Self.json)),
            "consistent": .bool(isGood),
            "verdict": .string(verdict),
            "signedVerdict": told?.json ?? .null,
        ]
    }

    private static func json(_ finding: Finding) -> JSONValue {
        [
            "code": .string(finding.code.rawValue),
            "rule": .optional(finding.rule?.rawValue),
            "entry": finding.index.map { .unsigned($0.rawValue) } ?? .null,
            "path": .optional(finding.path),
            "message": .string(finding.message),
        ]
    }
}
