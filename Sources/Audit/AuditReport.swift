package import Ledger
package import Statements

/// What an audit looked at, and what it found.
package struct AuditReport: Sendable {
    package struct KindCount: Hashable, Sendable {
        package let kind: Act.Kind
        package let count: UInt64
    }

    package struct InboxCount: Hashable, Sendable {
        package let party: PartyID
        package let arrivals: UInt64
    }

    package let charter: CharterID
    package let origin: String
    package let rulesVersion: UInt64
    /// Nil when the checkpoint could not be opened.
    package var checkpoint: Checkpoint?
    /// The size up to which an earlier replay had found everything right; nil when this one began at entry 0.
    package var resumedFrom: TreeSize?
    /// Whether every entry is there and gives the root that the checkpoint signs.
    package var isSigned = false
    /// What the charter's limited auditors have to be shown, up to the last entry that is right.
    package var scopes: [ScopeSum] = []
    /// Entries that were hashed.
    package var entries: UInt64 = 0
    /// Entries that were decided again and are right.
    package var replayed: UInt64 = 0
    /// In the order of the ASN.1 module; kinds that do not occur are left out.
    package var statements: [KindCount] = []
    /// Signatures of statements and of the charter that hold.
    package var signatures: UInt64 = 0
    package var tiles: UInt64 = 0
    package var bundles: UInt64 = 0
    /// Bytes of tiles and bundles.
    package var bytes: UInt64 = 0
    /// Every party of the charter.
    package var inboxes: [InboxCount] = []
    /// When the first and the last of the replayed entries were accepted.
    package var first: Timestamp?
    package var last: Timestamp?
    /// The legs that had run out of time at the last of them, and have no notice.
    package var overdue: [OverdueNotice] = []
    /// Other checkpoints that are of this log.
    package var compared: Int = 0
    /// What is wrong, the first bad entry first.
    package var findings: [Finding] = []
    /// What a reader should know and is not wrong.
    package var remarks: [Finding] = []

    /// Whether the log is consistent and every entry follows the rules.
    package var isGood: Bool { findings.isEmpty }

    init(_ charter: TrustedCharter) {
        self.charter = charter.signed.id
        origin = charter.charter.relay.origin
        rulesVersion = charter.charter.rulesVersion
    }

    mutating func take(_ replay: Replay, _ charter: TrustedCharter) {
        let tally = replay.tally
        replayed = tally.entries
        signatures = tally.signatures
        scopes = replay.scopes
        first = tally.first
        last = tally.last
        overdue = replay.overdue()
        statements = Act.Kind.allCases.map { KindCount(kind: $0, count: tally.statements[Int($0.rawValue)]) }
            .filter { $0.count > 0 }
        let arrivals = replay.arrivals
        inboxes = charter.charter.parties.map { InboxCount(party: $0.id, arrivals: arrivals[$0.id] ?? 0) }
    }

    /// Entries first, in their order; what is about no entry after them.
    mutating func sortFindings() {
        let keyed = findings.enumerated().sorted { left, right in
            let (a, b) = (left.element.index?.rawValue ?? .max, right.element.index?.rawValue ?? .max)
            return a == b ? left.offset < right.offset : a < b
        }
        findings = keyed.map(\.element)
    }
}
