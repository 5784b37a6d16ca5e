import Ledger
package import Statements

/// What an auditor may put its name to after a replay.
extension AuditReport {
    /// The verdict of this replay. It is about the log and not about the copy: the copy's entries must give the root
    /// that the log's key signed, or nothing is said.
    ///
    /// - Parameters:
    ///   - auditor: whose verdict it will be.
    ///   - time: the auditor's clock.
    /// - Throws: ``AuditError`` `no-verdict` for a copy that is damaged or incomplete.
    package func verdict(by auditor: DelegateID, at time: Timestamp) throws(AuditError) -> Verdict {
        guard let checkpoint, isSigned else { throw Self.noVerdict }
        let finding = findings.first { !$0.code.isOfTheCopy }
        guard finding != nil || (isGood && replayed == checkpoint.size.rawValue) else { throw Self.noVerdict }
        var first: VerdictFinding?
        if let finding {
            guard let code = Slug(finding.code.rawValue) else { throw Self.noVerdict }
            let rule = finding.rule.flatMap { Slug($0.rawValue) }
            first = VerdictFinding(code: code, rule: rule, entry: finding.index)
        }
        return Verdict(
            charter: charter, auditor: auditor, rulesVersion: rulesVersion,
            head: LogHead(size: checkpoint.size, root: checkpoint.root), at: time, finding: first,
            scopes: first == nil ? scopes : [])
    }

    private static let noVerdict = AuditError(
        .noVerdict, "The copy does not give the root that its checkpoint signs, so nothing can be said of the log.",
        hint: "run valise-audit mirror again, then verify; a verdict needs every entry of the checkpoint")
}

extension Finding.Code {
    /// Whether it speaks of files that may be damaged here, and not of what the log's key has signed.
    var isOfTheCopy: Bool {
        switch self {
        case .missingFile, .bundleMalformed, .tileMismatch, .checkpointMalformed, .checkpointSignature,
            .rootMismatch, .unexpectedFile, .unexpectedSignature, .unusableState:
            true
        default: false
        }
    }
}
