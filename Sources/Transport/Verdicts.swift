import AsyncHTTPClient
import Ledger
import NIOCore
import NIOHTTP1
package import Statements
import Wire

/// What full auditors have said of the log, every verdict under its auditor's key and of this client's own history.
package struct VerdictsAnswer: Hashable, Sendable {
    package let head: VerifiedHead
    /// Sorted by the auditor's delegate.
    package let verdicts: [SignedVerdict]

    package init(head: VerifiedHead, verdicts: [SignedVerdict]) {
        self.head = head
        self.verdicts = verdicts
    }
}

extension RelayClient {
    /// The newest verdict of each delegate of a full auditor, as far as the relay shows them: it can leave one out, or
    /// show an older one, but not make one.
    ///
    /// - Throws: ``TransportError`` `proof-wrong` for one that no auditor has signed; `fork` for one that is of another
    ///   log than the one that this client knows, which is kept as evidence.
    package func verdicts() async throws -> VerdictsAnswer {
        try await verified(verdicts: try await get(.verdicts, limit: ByteLimit.view))
    }

    /// Hands an auditor's verdict to the relay, which shows it to every delegate.
    ///
    /// - Throws: ``TransportError``; `verdict-other-log` from a relay that has another log than the auditor replayed.
    package func post(_ verdict: SignedVerdict) async throws {
        let bytes = try answer("the verdict") { () throws(FormError) in try verdict.derBytes() }
        let connection = try connected()
        var request = connection.request(.postVerdict)
        request.headers.add(name: "content-type", value: "application/octet-stream")
        request.body = .bytes(ByteBuffer(bytes: bytes))
        let view = try await verified(verdicts: try await connection.exchange(request, limit: ByteLimit.view))
        guard view.verdicts == [verdict] else {
            throw TransportError(.malformedAnswer, "the answer to a verdict is another verdict")
        }
    }

    private func verified(verdicts bytes: [UInt8]) async throws -> VerdictsAnswer {
        let view = try answer("the verdicts") { () throws(FormError) in try VerdictsView(parsing: bytes) }
        let head = try await adopt(view.checkpoint)
        var proven: Set<LogHead> = [head.head]
        for signed in view.verdicts {
            guard charter.vouches(for: signed) else {
                throw TransportError(
                    .proofWrong, "the verdict of \(signed.verdict.auditor) is not signed by an auditor of the charter")
            }
            guard proven.insert(signed.verdict.head).inserted else { continue }
            try await expectHistory(signed, beside: head)
        }
        return VerdictsAnswer(head: head, verdicts: view.verdicts)
    }

    /// An auditor has replayed the log that this client knows, and no other.
    private func expectHistory(_ signed: SignedVerdict, beside head: VerifiedHead) async throws {
        let said = signed.verdict.head
        let (small, large) = said.size < head.head.size ? (said, head.head) : (head.head, said)
        var proof: ConsistencyProof?
        if small.size < large.size, small.size > 0 {
            do {
                proof = try await consistency(from: small.size, to: large.size)
            } catch let error as TransportError where error.problem?.status == 404 && large == said {
                // It showed a verdict on more entries than it says to have: the fork is its own.
            }
        }
        do {
            let hashes = proof ?? ConsistencyProof(hashes: [])
            try hashes.verify(from: small.size, oldRoot: small.root, to: large.size, newRoot: large.root)
        } catch {
            let evidence = ForkEvidence(
                remembered: RememberedCheckpoint(head: head.head, note: head.note),
                presented: RememberedCheckpoint(head: said, note: try text(of: signed)), failedProof: proof)
            try await memory?.keep(evidence)
            throw TransportError(
                fork: evidence,
                "\(signed.verdict.auditor) has replayed a log whose root at \(said.size) entries is not in the one of "
                    + "\(head.head.size) entries that is shown here")
        }
    }

    /// A verdict as evidence: a line with its DER.
    private nonisolated func text(of signed: SignedVerdict) throws(TransportError) -> [UInt8] {
        let bytes = try answer("the verdict") { () throws(FormError) in try signed.derBytes() }
        return Array("verdict \(Base64.encode(bytes))\n".utf8)
    }
}
