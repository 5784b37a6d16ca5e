import Envelope
import Keyring
import Ledger
import Rules
import Sealing
package import Statements
import Transport
import Wire

/// Rejecting a draft with a reason that only the party's own delegates can read.
///
/// The note is an envelope from the party to itself, signed by who rejects: everything that reads envelopes reads it,
/// and no relay can log it, since no route leads from a party to itself.
extension Desk {
    /// The longest reason, in bytes: the note must fit on the shelf.
    package static let longestReason = 2_000

    /// - Throws: ``DeskError`` with `reason-too-long`, `draft-unknown`; ``Transport/TransportError``.
    package func rejectDraft(_ id: StatementID, reason: String) async throws {
        guard (1...Self.longestReason).contains(reason.utf8.count) else {
            throw DeskError(
                "reason-too-long", "A reason of 1 to \(Self.longestReason) bytes was expected.",
                hint: "say it shortly, and write the rest as a message", kind: .usage)
        }
        _ = try await relay.rejectDraft(id, note: rejectionNote(id, reason))
    }

    private func rejectionNote(_ id: StatementID, _ reason: String) async throws -> [UInt8] {
        let expiry = now()
        var outgoing = Outgoing(
            legs: [Leg(intermediaries: [], recipient: party)], subject: nil, precedence: .routine,
            lifetime: .seconds(0), text: Array(reason.utf8), attachments: [], openToIntermediaries: false)
        outgoing.references = [MessageID(id.hash)]
        let keys = try await RecipientKeys.find(for: [party], until: expiry, from: .relay, desk: self)
        let composed = try compose(outgoing, keys: keys, expiry: expiry, progress: .none)
        defer { composed.payload.remove() }
        let statement = try await statement(
            .submission(composed.submission(under: charter.inForce)), signers: [self.id.name], window: .seconds(0))
        let signed = try await SignedStatement.sign(statement, by: [{ try await self.keys.sign($0) }])
        let size = composed.wrapped.binding.payloadSize
        let header = try EnvelopeWriter.header(signed, sealedKeys: composed.wrapped.sealedKeys, payloadSize: size)
        return header + (try composed.payload.read(0, Int(size)))
    }

    /// The reason of a rejection, once the note is shown to be that delegate's and of that draft.
    func rejectionReason(_ id: StatementID, by delegate: DelegateName) async throws -> String {
        let note = try await relay.draftRejection(id)
        let header = try EnvelopeFormat.check(note)
        guard header.signed.statement.party == party, header.signed.statement.signers == [delegate],
            charter.signed.vouches(for: header.signed)
        else {
            throw DeskError(
                "note-wrong", "The note is not signed by \(delegate).", hint: "ask \(delegate)", kind: .verification)
        }
        let saving = PartSaving(folder: nil)
        let (manifest, _) = try await openContent(
            header.submission, originator: party, sealedKeys: header.sealedKeys.bytes, saving: saving,
            reading: { Array(note.dropFirst(header.byteCount + Int($0)).prefix($1)) })
        guard manifest.fields.contains(.reference(MessageID(id.hash))), let text = try saving.finish().text else {
            throw DeskError("note-wrong", "The note is of another draft.", hint: "ask \(delegate)", kind: .verification)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Opens sealed content with this desk's keys.
    /// - Parameter read: bytes of the payload from an offset, fewer only at its end.
    /// - Throws: ``DeskError`` `unreadable-...`.
    func openContent(
        _ submission: Submission, originator: PartyID, sealedKeys: [UInt8], saving: PartSaving,
        reading read: (UInt64, Int) throws -> [UInt8]
    ) async throws -> (Manifest, ContentKey) {
        let own = try DeskKeys.sealingPublicKeys(of: keys).map { KeyID(publicKey: $0) }
        let opener = Opener(
            submission: submission, charter: charter.id, originator: originator, sealedKeys: sealedKeys, ownKeys: own)
        do {
            let payload = try await opener.unwrap { wrap in
                do {
                    return try await keys.open(
                        sealingKey: wrap.keyID.hash, enc: wrap.enc, ciphertext: wrap.ciphertext, info: wrap.info,
                        aad: wrap.aad)
                } catch let error as KeyringError where error.code == .cannotUnseal {
                    return nil
                }
            }
            let manifest = try payload.open(reading: read, begin: saving.begin, part: saving.take)
            return (manifest, payload.contentKey)
        } catch let reason as UnreadableReason {
            saving.discard()
            throw DeskError(
                "unreadable-\(reason)", "The content could not be opened (\(reason)).",
                hint: "ask who wrote it to do so again", kind: .verification)
        }
    }
}
