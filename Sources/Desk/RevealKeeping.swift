import Archive
import Keyring
import Ledger
import Rules
import Sealing
import Statements
import Transport

/// Reveals that came in: kept under the archive key by the message that they are about, and proved anew whenever they
/// are shown.
extension Desk {
    private static let revealPurpose = "reveal"

    private func revealFile(_ restatement: MessageID) -> String { "\(home.cacheFolder)/reveal-\(restatement.short)" }

    /// Keeps a reveal; bytes that are none are left out. One that opens the restatement's commitment is never replaced:
    /// whoever revealed its source could otherwise take the proof back by sending a worse one.
    func keepReveal(_ bytes: [UInt8]) async throws {
        guard let reveal = try? Reveal(der: bytes, limit: ContentBounds.reveal), reveal.charter == charter.id else {
            return
        }
        try home.prepare()
        if let kept = try await self.reveal(of: reveal.restatement), try await opens(kept, reveal.restatement) {
            return
        }
        try SealedFile.write(
            bytes, to: revealFile(reveal.restatement), key: try await keys.archiveKey(), purpose: Self.revealPurpose)
    }

    /// Whether a reveal opens the commitment of a restatement that is in this desk's archive.
    private func opens(_ bytes: [UInt8], _ restatement: MessageID) async throws -> Bool {
        guard let reveal = try? Reveal(der: bytes, limit: ContentBounds.reveal),
            let kept = try await archive().load(restatement)
        else { return false }
        return Self.withheld(kept.fields) == .withheld(reveal.opening.commitment())
    }

    private func reveal(of restatement: MessageID) async throws -> [UInt8]? {
        guard DeskFile.exists(revealFile(restatement)) else { return nil }
        return try SealedFile.read(
            revealFile(restatement), key: try await keys.archiveKey(), purpose: Self.revealPurpose,
            limit: ContentBounds.reveal)
    }

    /// The reveals that an archived message brought, as far as they are kept: those of the messages it refers to.
    func keptReveals(in kept: ArchivedMessage) async throws -> [[UInt8]] {
        let brings = kept.fields.contains { $0.part?.mediaType == Reveal.mediaType }
        guard brings, kept.direction == .received else { return [] }
        var found: [[UInt8]] = []
        for case .reference(let restatement) in kept.fields {
            if let bytes = try await reveal(of: restatement) { found.append(bytes) }
        }
        return found
    }

    /// What is known of a withheld source; nil where nothing was withheld, or nothing was revealed.
    func keptReveal(
        of id: MessageID, _ signed: SignedStatement, _ fields: [Field], _ tracked: TrackedMessage?
    ) async throws -> ShownReveal? {
        guard Self.withheld(fields) != nil, let bytes = try await reveal(of: id),
            let reveal = try? Reveal(der: bytes, limit: ContentBounds.reveal)
        else { return nil }
        return ShownReveal(restatement: id, verdict: try await verdict(reveal, signed, fields, tracked))
    }

    /// Checks a reveal that a message brings, against the restatement in this desk's archive.
    func check(revealBytes bytes: [UInt8], _ archive: Archive) async throws -> ShownReveal {
        let reveal: Reveal
        do {
            reveal = try Reveal(der: bytes, limit: ContentBounds.reveal)
        } catch {
            let none = MessageID(Hash.zero)
            return ShownReveal(restatement: none, verdict: .wrong(code: "malformed", "what is attached is no reveal"))
        }
        guard let kept = try archive.load(reveal.restatement) else {
            return ShownReveal(restatement: reveal.restatement, verdict: .unchecked)
        }
        var tracked: TrackedMessage?
        do {
            tracked = try await message(reveal.restatement)
        } catch let error as TransportError where error.code == .relayUnavailable {
            tracked = nil
        }
        let verdict = try await verdict(reveal, kept.submission, kept.fields, tracked)
        return ShownReveal(restatement: reveal.restatement, verdict: verdict)
    }

    private func verdict(
        _ reveal: Reveal, _ signed: SignedStatement, _ fields: [Field], _ tracked: TrackedMessage?
    ) async throws -> ShownReveal.Verdict {
        guard case .submission(let submission) = signed.statement.act, let attribution = Self.withheld(fields) else {
            return .wrong(code: "other-restatement", "that message's source was not withheld")
        }
        guard let tracked else { return .unchecked }
        let restatement = Restatement(
            message: MessageID(signed.id), originator: signed.statement.party, nonce: submission.nonce,
            index: tracked.state.firstIndex, attribution: attribution)
        do throws(RevealError) {
            let found = try reveal.verify(by: charter.signed, of: restatement)
            return try await held(reveal, found)
        } catch {
            return .wrong(code: error.code.rawValue, error.message)
        }
    }

    /// The proof is of a log; it counts if that is the log that this desk knows.
    private func held(_ reveal: Reveal, _ found: RevealedSource) async throws(RevealError) -> ShownReveal.Verdict {
        do {
            _ = try await relay.hold(reveal.checkpoint)
            return .proved(found)
        } catch {
            // What the relay does not answer, or answers amiss, is no verdict on the reveal.
            guard let error = error as? TransportError, [.fork, .proofWrong, .checkpointWrong].contains(error.code)
            else { return .unchecked }
            throw RevealError(.checkpointWrong, "the reveal's checkpoint is not of the log that this desk knows")
        }
    }

    private static func withheld(_ fields: [Field]) -> SourceAttribution? {
        for case .source(.withheld(let commitment)) in fields { return .withheld(commitment) }
        return nil
    }
}
