import Audit
import Ledger
import Statements
import Terminal

/// The report as a person reads it.
extension AuditReport {
    func print(to output: Output) {
        output.line("charter      \(charter.fingerprint)")
        output.line("log          \(SafeText.display(origin))")
        if let checkpoint {
            output.line("checkpoint   \(checkpoint.size) entries, root \(Base64.encode(checkpoint.root.bytes))")
        }
        output.line("entries      \(entries) hashed, \(replayed) decided again by rules version 1")
        let kinds = statements.map { "\($0.count) \($0.kind)" }
        output.line("statements   \(kinds.isEmpty ? "none" : kinds.joined(separator: ", "))")
        output.line("signatures   \(signatures) good")
        output.line("tiles        \(tiles), and \(bundles) entry bundles, recomputed from \(ByteSize(bytes: bytes))")
        output.line("inboxes      " + inboxes.map { "\($0.party) \($0.arrivals)" }.joined(separator: ", "))
        if let first, let last {
            let times = [first, last].map { TimeText.utc(milliseconds: $0.milliseconds) }
            output.line("accepted     \(times[0]) to \(times[1])")
        }
        if compared > 0 { output.line("checkpoints  \(compared) others are of this log") }
        for remark in remarks { output.line("remark: \(Self.line(remark))") }
        for finding in findings { output.line(output.styled("finding:", .bad) + " \(Self.line(finding))") }
        output.line(output.styled("verdict: \(verdict)", isGood ? .good : .bad))
    }

    private static func line(_ finding: Finding) -> String {
        SafeText.display("\(AuditProgram.sentence(finding)) [\(finding.label)]")
    }

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
    var json: JSONValue {
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
