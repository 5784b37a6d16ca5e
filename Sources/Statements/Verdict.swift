package import Ledger
package import SwiftASN1

/// What an auditor says of a log after a replay: up to which head everything follows the rules, or what is wrong first
/// (`Docs/Specification.md#verdicts`).
package struct Verdict: SignableForm {
    package static let formName = "Verdict"
    package static let signedFormName = "SignedVerdict"
    package static let label = Label.verdict
    package let charter: CharterID
    package let auditor: DelegateID
    /// The rules by which every entry was decided again.
    package let rulesVersion: UInt64
    /// The head of the log that was replayed.
    package let head: LogHead
    /// The auditor's clock when it said so.
    package let at: Timestamp
    /// Nil when nothing is wrong.
    package let finding: VerdictFinding?
    /// What limited auditors must have been shown of this log; of a sound one only. Sorted by party, none twice.
    package let scopes: [ScopeSum]

    /// Whether nothing was found wrong.
    package var isSound: Bool { finding == nil }

    /// Whether an entry was replayed and found right.
    package func covers(_ index: LogIndex) -> Bool { isSound && index.rawValue < head.size.rawValue }

    package init(
        charter: CharterID, auditor: DelegateID, rulesVersion: UInt64, head: LogHead, at: Timestamp,
        finding: VerdictFinding?, scopes: [ScopeSum]
    ) {
        self.charter = charter
        self.auditor = auditor
        self.rulesVersion = rulesVersion
        self.head = head
        self.at = at
        self.finding = finding
        self.scopes = scopes
    }

    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            try f.version("Verdict")
            let charter: CharterID = try f.id("Verdict.charter")
            let auditor = DelegateID(
                party: try f.party("Verdict.party"), name: try f.delegate("Verdict.delegate"))
            let rules = try f.uint("Verdict.rulesVersion", max: 65_535)
            let head: LogHead = try f.form()
            let at = try f.time("Verdict.at")
            let finding = try f.optional(.context(0)).map { try VerdictFinding(node: $0, tag: .context(0)) }
            var scopes: [ScopeSum] = []
            if f.isNext(.context(1)) {
                scopes = try f.list("Verdict.scopes", 1...Bounds.parties, tag: .context(1)) { try $0.form() }
            }
            for (earlier, later) in zip(scopes, scopes.dropFirst()) where earlier.party >= later.party {
                throw FormError("Verdict.scopes", expected: "one of each party, sorted by party")
            }
            guard finding == nil || scopes.isEmpty else {
                throw FormError("Verdict.scopes", expected: "none beside a finding")
            }
            return Verdict(
                charter: charter, auditor: auditor, rulesVersion: rules, head: head, at: at, finding: finding,
                scopes: scopes)
        }
    }

    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            try der.uint(1)
            der.id(charter)
            der.slug(auditor.party.slug)
            der.slug(auditor.name.slug)
            try der.uint(rulesVersion)
            try head.write(to: &der)
            try der.time(at)
            if let finding { try finding.write(to: &der, tag: .context(0)) }
            if !scopes.isEmpty { try der.forms(scopes, tag: .context(1)) }
        }
    }
}

/// The first thing that is wrong with a log: its code and, where it is about one, the entry.
package struct VerdictFinding: Hashable, Sendable, DERFormat, CustomStringConvertible {
    package static let formName = "VerdictFinding"
    /// One of the codes of `Docs/Specification.md#audit`, as text: a later version's codes stay readable.
    package let code: Slug
    /// The code of the rules, with `rule-broken` and `tick-wrong`.
    package let rule: Slug?
    package let entry: LogIndex?

    /// `rule-broken(barred) at entry 57`.
    package var description: String {
        "\(code)\(rule.map { "(\($0))" } ?? "")\(entry.map { " at entry \($0)" } ?? "")"
    }

    package init(code: Slug, rule: Slug?, entry: LogIndex?) {
        self.code = code
        self.rule = rule
        self.entry = entry
    }

    package init(node: ASN1Node) throws { try self.init(node: node, tag: .sequence) }

    init(node: ASN1Node, tag: ASN1Identifier) throws {
        self = try DER.sequence(node, identifier: tag) { f in
            let code = try f.slug("VerdictFinding.code")
            let rule = try f.isNext(.context(0)) ? f.slug("VerdictFinding.rule", tag: .context(0)) : nil
            let entry = try f.isNext(.context(1)) ? f.index("VerdictFinding.entry", tag: .context(1)) : nil
            return VerdictFinding(code: code, rule: rule, entry: entry)
        }
    }

    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            der.slug(code)
            if let rule { der.bytes(Array(rule.text.utf8), tag: .context(0)) }
            if let entry { try der.uint(entry.rawValue, tag: .context(1)) }
        }
    }
}

/// Everything that a limited auditor has to be shown of a log, in one number and one hash
/// (`Docs/Specification.md#scopes`).
package struct ScopeSum: Hashable, Sendable, DERFormat {
    package static let formName = "ScopeSum"
    package let party: PartyID
    /// How many entries are in its scope.
    package private(set) var entries: UInt64
    /// The running hash over them, in their order; zeros before the first.
    package private(set) var sum: Hash

    package init(party: PartyID, entries: UInt64 = 0, sum: Hash = .zero) {
        self.party = party
        self.entries = entries
        self.sum = sum
    }

    /// Takes the next entry of the scope.
    package mutating func add(_ index: LogIndex, leaf: Hash) {
        var bytes = sum.bytes
        withUnsafeBytes(of: index.rawValue.bigEndian) { bytes.append(contentsOf: $0) }
        leaf.append(to: &bytes)
        sum = Label.scopeSum.hash(bytes)
        entries += 1
    }

    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            ScopeSum(
                party: try f.party("ScopeSum.party"), entries: try f.uint("ScopeSum.entries"),
                sum: try f.hash("ScopeSum.sum"))
        }
    }

    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            der.slug(party.slug)
            try der.uint(entries)
            der.hash(sum)
        }
    }
}

extension SignedCharter {
    /// Whether a verdict is of this charter and its rules, by a delegate of one of its full auditors, and truly signed.
    package func vouches(for signed: SignedVerdict) -> Bool {
        let verdict = signed.verdict
        guard verdict.charter == id, verdict.rulesVersion == charter.rulesVersion,
            charter.party(verdict.auditor.party)?.capabilities.auditor == true,
            let key = charter.delegate(verdict.auditor)?.signingKey
        else { return false }
        return signed.isValid(key: key)
    }
}
