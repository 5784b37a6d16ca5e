import Ledger
package import Statements

/// What a reveal proves.
package struct RevealedSource: Hashable, Sendable {
    package let source: MessageID
    /// Whose message the source is, with those who signed it.
    package let originator: PartyID
    package let signers: [DelegateName]
    package let submittedAt: Timestamp
    /// When the revealer had logged that it opened the source.
    package let openedAt: Timestamp
    /// The log that the proofs are for. A desk holds it against the newest checkpoint that it knows.
    package let head: LogHead
}

/// Why a reveal proves nothing.
package struct RevealError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Stable names; they do not change between releases.
    package enum Code: String, Sendable, CaseIterable {
        /// Of talks under another charter.
        case wrongCharter = "wrong-charter"
        /// Of another message, or of one whose source was not withheld.
        case otherRestatement = "other-restatement"
        /// It does not open the commitment that the restatement carries.
        case commitmentMismatch = "commitment-mismatch"
        /// The charter's log key did not sign the checkpoint.
        case checkpointWrong = "checkpoint-wrong"
        /// An entry is not in that log, or not of the source, or not truly signed.
        case proofWrong = "proof-wrong"
        /// Nothing shows that the revealer had opened the source before its restatement was accepted.
        case sourceNotOpened = "source-not-opened"
    }

    package let code: Code
    /// One sentence without its period.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The next step.
    package var hint: String { "Whose words they were stays unproved: ask the intermediary." }

    package var description: String { "\(code.rawValue): \(message)" }
}

extension Reveal {
    /// Checks everything that the reveal claims, in the order of ``RevealError/Code``.
    ///
    /// It counts only with the revealer's own receipt, logged before the restatement: without that anyone could commit
    /// to a message that it never had.
    /// - Parameter charter: the one that the desk has joined.
    /// - Throws: ``RevealError``.
    package func verify(
        by charter: SignedCharter, of restatement: Restatement
    ) throws(RevealError) -> RevealedSource {
        try expectOpening(of: restatement, charter.id)
        let head: LogHead
        do throws(NoteError) { head = try charter.head(ofCheckpoint: checkpoint) } catch {
            throw RevealError(.checkpointWrong, "the checkpoint is not one of the charter's log")
        }
        var chain: [(index: LogIndex, entry: Entry, signed: SignedStatement)] = []
        for proven in entries {
            let (entry, signed) = try verified(proven, in: head, by: charter)
            chain.append((proven.index, entry, signed))
        }
        guard let first = chain.first, case .submission(let submission) = first.signed.statement.act else {
            throw RevealError(.proofWrong, "the source's submission is not its first entry")
        }
        let receipt = chain.first { item in
            guard item.index < restatement.index, item.signed.statement.party == restatement.originator,
                case .receipt(let leg, .opened) = item.signed.statement.act, leg.leg.value < submission.legs.count
            else { return false }
            return submission.legs[leg.leg.value].holders.contains(restatement.originator)
        }
        guard let receipt else {
            throw RevealError(
                .sourceNotOpened, "nothing shows that \(restatement.originator) had opened the source before it spoke")
        }
        return RevealedSource(
            source: opening.source, originator: first.signed.statement.party,
            signers: first.signed.statement.signers, submittedAt: first.entry.acceptedAt,
            openedAt: receipt.entry.acceptedAt, head: head)
    }

    private func expectOpening(of restatement: Restatement, _ charter: CharterID) throws(RevealError) {
        guard self.charter == charter else {
            throw RevealError(.wrongCharter, "the reveal is of talks under another charter")
        }
        guard self.restatement == restatement.message, case .withheld(let commitment) = restatement.attribution else {
            throw RevealError(
                .otherRestatement, "the reveal is not of message \(restatement.message.short) with a withheld source")
        }
        guard opening.nonce == restatement.nonce, opening.commitment() == commitment else {
            throw RevealError(.commitmentMismatch, "the reveal does not open what the restatement committed to")
        }
    }

    private func verified(
        _ proven: ProvenEntry, in head: LogHead, by charter: SignedCharter
    ) throws(RevealError) -> (Entry, SignedStatement) {
        let entry: Entry
        do throws(FormError) { entry = try proven.verified(in: head) } catch {
            throw RevealError(.proofWrong, "entry \(proven.index) is not proved to be in the log")
        }
        guard let signed = entry.signed, entry.message == opening.source, charter.vouches(for: signed) else {
            throw RevealError(.proofWrong, "entry \(proven.index) is not a signed entry of the source")
        }
        return (entry, signed)
    }
}
