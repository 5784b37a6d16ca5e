package import Ledger
package import Statements
package import Transport
import Wire

/// Brings a limited auditor's folder up to date, and says how far it is known to be whole.
package struct ScopeCopy: Sendable {
    /// What is known at its end.
    package struct Outcome: Sendable {
        package let ledger: ScopeLedger
        /// How many entries the log had when the newest page was proven; 0 without any.
        package let size: TreeSize
        /// The farthest sound verdict whose sum is that of the entries here: nothing of the scope was withheld so far.
        package let whole: Verdict?
        /// Verdicts that count this scope and reach further than what was shown.
        package let ahead: [Verdict]
        /// Verdicts that found the log wrong.
        package let against: [Verdict]
    }

    private let folder: ScopeFolder
    private let charter: SignedCharter
    private let party: PartyID

    package init(folder: ScopeFolder, charter: SignedCharter, party: PartyID) {
        self.folder = folder
        self.charter = charter
        self.party = party
    }

    /// - Parameter client: with ``ScopeFolder`` as its memory; nil to look only at what was kept.
    /// - Throws: ``ScopeFinding``; ``AuditError``; `TransportError`.
    package func run(_ client: RelayClient?) async throws -> Outcome {
        guard var ledger = ScopeLedger(charter.charter, party: party) else {
            throw AuditError(
                .notLimited, "The charter names no channels that \(party) is to be shown.",
                hint: "use the home of a delegate of a limited auditor; valise charter show names them")
        }
        var size = try folder.read(into: &ledger) ?? 0
        guard let client else { return try outcome(ledger, size, []) }
        // The verdicts first: what they count has been in the log before it is asked for.
        let verdicts = try await client.verdicts().verdicts.map(\.verdict)
        var more = true
        while more {
            guard let query = ScopeQuery(after: ledger.last ?? 0) else { break }
            let answer = try await client.scope(query)
            try folder.keep(answer, in: &ledger)
            size = max(size, answer.head.head.size)
            more = answer.page.more
        }
        return try outcome(ledger, size, verdicts)
    }

    private func outcome(_ ledger: ScopeLedger, _ size: TreeSize, _ verdicts: [Verdict]) throws -> Outcome {
        let sound = verdicts.filter(\.isSound).sorted { $0.head.size > $1.head.size }
        var whole: Verdict?
        for verdict in sound where verdict.head.size <= size {
            guard let counted = verdict.scopes.first(where: { $0.party == party }) else { continue }
            let shown = ledger.sum(upTo: verdict.head.size)
            guard shown == counted else {
                throw ScopeFinding(
                    .withheld,
                    "\(verdict.auditor) counts \(counted.entries) entries of these channels in the log's first "
                        + "\(verdict.head.size), and \(shown.entries) were shown, or others")
            }
            whole = whole ?? verdict
        }
        return Outcome(
            ledger: ledger, size: size, whole: whole, ahead: sound.filter { $0.head.size > size },
            against: verdicts.filter { !$0.isSound })
    }
}
