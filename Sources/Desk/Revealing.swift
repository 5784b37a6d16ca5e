import Archive
import Ledger
import Rules
import Sealing
package import Statements
import Transport

extension Desk {
    /// The reveal of a restatement's withheld source: its opening, and the log's evidence that this party had opened
    /// the source before.
    /// - Throws: ``DeskError`` with `not-in-archive`, `nothing-withheld`, `source-not-opened`;
    ///   ``Transport/TransportError``.
    package func reveal(_ restatement: MessageID) async throws -> (legs: [Leg], part: AttachedBytes) {
        guard let kept = try await archive().load(restatement) else {
            throw DeskError(
                "not-in-archive", "Message \(restatement.short) was not sent from this desk.",
                hint: "valise list --sent", kind: .notFound)
        }
        guard let bytes = kept.sourceOpening,
            let opening = try? SourceOpening(der: bytes, limit: SourceOpening.longest),
            case .submission(let submission) = kept.submission.statement.act
        else {
            throw DeskError(
                "nothing-withheld", "Message \(restatement.short) withholds no source.",
                hint: "only a restatement with --source withheld can be revealed", kind: .refused)
        }
        let answer = try await relay.message(opening.source)
        guard let first = answer.chain.first,
            let receipt = answer.chain.first(where: { isOwnOpening($0.entry.signed?.statement) })
        else {
            throw DeskError(
                "source-not-opened", "The log shows no receipt that \(party) opened the source.",
                hint: "without it a reveal proves nothing", kind: .refused)
        }
        let reveal = Reveal(
            charter: charter.id, restatement: restatement, opening: opening,
            entries: [first.proven, receipt.proven], checkpoint: answer.head.note)
        try await verify(reveal, restatement, kept.fields, submission.nonce)
        return (
            submission.legs,
            AttachedBytes(name: Reveal.partName, mediaType: Reveal.mediaType, bytes: try reveal.derBytes())
        )
    }

    private func isOwnOpening(_ statement: Statement?) -> Bool {
        guard let statement, statement.party == party, case .receipt(_, .opened) = statement.act else { return false }
        return true
    }

    /// As the recipient will check it: a reveal that proves nothing is not sent.
    private func verify(
        _ reveal: Reveal, _ message: MessageID, _ fields: [Field], _ nonce: Nonce
    ) async throws {
        let attribution = fields.lazy.compactMap { field in
            if case .source(let source) = field { source } else { nil }
        }.first
        guard let entry = try await relay.message(message).chain.first else { return }
        let restatement = Restatement(
            message: message, originator: party, nonce: nonce, index: entry.index, attribution: attribution ?? .own)
        do throws(RevealError) {
            _ = try reveal.verify(by: charter.signed, of: restatement)
        } catch {
            throw DeskError(
                error.code.rawValue, "The reveal proves nothing: \(error.message).", hint: error.hint, kind: .refused)
        }
    }
}
