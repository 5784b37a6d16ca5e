import Envelope
import Keyring
import Ledger
import Rules
package import Sealing
package import Statements
import Transport
import Wire

/// A message that was opened and verified.
package struct ReadMessage: Sendable {
    package let message: MessageID
    package let originator: PartyID
    package let manifest: Manifest
    /// The text part, if there is one.
    package let text: [UInt8]?
    /// The attachments in the manifest's order, with the files they were saved to, if any.
    package let attachments: [(info: PartInfo, path: String?)]
    package let tracked: TrackedMessage
}

extension Desk {
    /// Reads a message that this party holds: logs the `retrieved` receipt, fetches the envelope, opens it, verifies
    /// every digest, and logs `opened`, or `unreadable` with its reason.
    ///
    /// It may be repeated: receipts that are logged already are not made again.
    /// - Parameter folder: where attachments are saved; nil leaves them where they are.
    /// - Throws: ``DeskError`` with `blind-carriage`, `not-here`, `ended`, `unreadable`; others as thrown below.
    package func read(_ id: MessageID, saveTo folder: String? = nil) async throws -> ReadMessage {
        if let folder { try PartSaving.prepare(folder) }
        let before = try await message(id)
        guard let leg = before.readingLeg(of: party) else {
            throw DeskError(
                "not-here", "Message \(id.short) is not on its way through \(party).",
                hint: "valise track \(id.short) shows its custody chain", kind: .refused)
        }
        let own = try Set(ownKeys(among: before.state.submission.sealedTo))
        try await retrieve(before, leg: leg, canOpen: !own.isEmpty)
        let reference = LegReference(message: id, leg: leg)
        do {
            let read = try await fetchAndOpen(before, own: own, saveTo: folder)
            try await confirm(reference, .opened)
            return try await ReadMessage(
                message: id, originator: before.state.originator, manifest: read.manifest, text: read.text,
                attachments: read.attachments, tracked: message(id))
        } catch let reason as UnreadableReason {
            try await confirm(reference, .unreadable(reason))
            throw DeskError(
                "unreadable-\(reason)", "Message \(id.short) could not be opened: \(Self.sentence(reason)).",
                hint: "the log says so now; ask \(before.state.originator) to send it again", kind: .verification)
        }
    }

    private func ownKeys(among listed: [KeyID]) throws -> [KeyID] {
        if DeskKeys.usesAgent(keys) {
            let held = Set(keys.sealingPublicKeys.map { KeyID(publicKey: $0) })
            return listed.filter(held.contains)
        }
        let names = try Set(home.sealingKeyNames())
        return listed.filter { names.contains($0.short) }
    }

    /// Logs the receipt before any content is asked for.
    private func retrieve(_ tracked: TrackedMessage, leg: LegNumber, canOpen: Bool) async throws {
        let state = tracked.state
        let route = state.legs[leg.value].route
        let stage = tracked.stage(leg, at: now(), charter: charter)
        let isRecipient = route.recipient == party
        if !isRecipient, !canOpen {
            throw DeskError(
                "blind-carriage", "Message \(state.id.short) is sealed to others: \(party) carries it unread.",
                hint: "valise convey \(state.id.short) passes it on, valise refuse \(state.id.short) ends it",
                kind: .refused)
        }
        switch stage {
        case .retrieved, .opened, .unreadable, .unconfirmed: if isRecipient { return }
        case .refused, .recalled, .expired:
            throw DeskError(
                "ended", "Message \(state.id.short) is \(stage.word); its content is not released any more.",
                hint: "valise track \(state.id.short) shows how it ended", kind: .refused)
        case .held, .available: break
        }
        if !isRecipient, state.legs[leg.value].hopReceipts[party] != nil { return }
        guard state.legs[leg.value].hasReached(party) else {
            throw DeskError(
                "not-here", "Message \(state.id.short) has not reached \(party) yet.",
                hint: "valise track \(state.id.short) shows where it is", kind: .refused)
        }
        _ = try await say(.receipt(LegReference(message: state.id, leg: leg), .retrieved))
    }

    /// Confirms once; a leg that is past `retrieved` already is left as it is.
    private func confirm(_ reference: LegReference, _ outcome: ReceiptOutcome) async throws {
        let tracked = try await message(reference.message)
        let leg = tracked.state.legs[reference.leg.value]
        let waits =
            leg.route.recipient == party
            ? tracked.stage(reference.leg, at: now(), charter: charter) == .retrieved
            : leg.hopReceipts[party] == .retrieved
        if waits { _ = try await say(.receipt(reference, outcome)) }
    }

    private struct Opened {
        let manifest: Manifest
        let text: [UInt8]?
        let attachments: [(info: PartInfo, path: String?)]
    }

    private func fetchAndOpen(
        _ tracked: TrackedMessage, own: Set<KeyID>, saveTo folder: String?
    ) async throws -> Opened {
        let state = tracked.state
        let spool = try SpoolFile.make(in: home)
        defer { spool.remove() }
        let header = try await fetch(state, into: spool)
        let opener = Opener(
            submission: state.submission, charter: charter.id, originator: state.originator,
            sealedKeys: header.sealedKeys.bytes, ownKeys: own)
        let payload = try await opener.unwrap { wrap in
            do {
                return try await keys.open(
                    sealingKey: wrap.keyID.hash, enc: wrap.enc, ciphertext: wrap.ciphertext, info: wrap.info,
                    aad: wrap.aad)
            } catch let error as KeyringError where error.code == .cannotUnseal {
                return nil
            }
        }
        let saving = PartSaving(folder: folder)
        do {
            let start = UInt64(header.byteCount)
            let manifest = try payload.open(
                reading: { try spool.read(start + $0, $1) }, begin: saving.begin, part: saving.take)
            let saved = try saving.finish()
            return Opened(manifest: manifest, text: saved.text, attachments: saved.attachments)
        } catch {
            saving.discard()
            throw error
        }
    }

    /// The envelope into a file, checked against the logged submission.
    private func fetch(_ state: MessageState, into spool: SpoolFile) async throws -> EnvelopeHeader {
        var reader = EnvelopeReader()
        let limit = UInt64(EnvelopeFormat.longestHeader) + state.submission.payloadSize
        do {
            _ = try await relay.downloadEnvelope(state.id, limit: limit) { piece in
                _ = try reader.take(piece[...])
                try spool.write(piece)
            }
            let header = try reader.finish()
            guard MessageID(header.signed.id) == state.id else { throw UnreadableReason.digest }
            return header
        } catch let error as EnvelopeError {
            // What may be this desk's doing is no verdict on the message: it is tried again.
            guard error.code != .truncated, error.code != .unknownVersion else { throw error }
            throw UnreadableReason.digest
        } catch let error as TransportError where error.code == .relayRefused {
            throw error.problem?.code == "not-found" ? UnreadableReason.notServed : error
        }
    }

    private static func sentence(_ reason: UnreadableReason) -> String {
        switch reason {
        case .notServed: "the relay does not serve its content"
        case .digest: "the relay served other bytes than the originator signed"
        case .noKey: "it is sealed to none of this desk's keys"
        case .wrap: "its key was not sealed for this message and this key"
        case .keyCommitment: "its key is not the one the originator committed to"
        case .content: "its content is not what the originator committed to"
        }
    }
}
