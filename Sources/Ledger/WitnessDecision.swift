/// What a witness does about a request. It is decided from what the witness remembers, without any reading or writing.
public enum WitnessDecision: Hashable, Sendable {
    /// Cosign, and **keep the record durably before the cosignature leaves**.
    case cosign(PendingCosignature)
    /// The very checkpoint was cosigned within this second: give the kept cosignature again.
    case again(WitnessRecord)
    case refuse(WitnessRefusal)

    /// Decides in the order of the protocol: log known, signature, sizes, consistency, clock. Deciding and keeping the
    /// outcome must be one step: of two requests, the second one is decided on what the first one left.
    ///
    /// A clock that shows less than the newest time that the witness has cosigned, of whichever log, went back, and
    /// nothing is cosigned until it has caught up. Within one second a log is cosigned once: "as of this time this is
    /// the largest tree" cannot be true of two.
    ///
    /// - Parameters:
    ///   - trusted: the keys of the log whose origin the checkpoint has; none for a log that it was not told of.
    ///   - record: what the witness cosigned last of this log.
    ///   - newest: the newest time that it cosigned of any log.
    ///   - now: the time for the cosignature.
    public static func decide(
        _ request: AddCheckpointRequest, trusted: [VerifierKey], record: WitnessRecord?, newest: CosignatureTime?,
        now: CosignatureTime
    ) -> WitnessDecision {
        do throws(WitnessRefusal) {
            let signed = try verify(request.note, origin: request.checkpoint.origin, trusted: trusted)
            try compare(request, with: record)
            if let newest, now < newest { throw .clockBehind(seconds: newest.seconds - now.seconds) }
            if let record, now <= record.time {
                guard record.checkpoint == request.checkpoint else { throw .tooSoon }
                return .again(record)
            }
            return .cosign(PendingCosignature(checkpoint: request.checkpoint, time: now, signed: signed))
        } catch { return .refuse(error) }
    }

    /// The note with the lines of trusted keys alone, all of which hold.
    private static func verify(
        _ note: SignedNote, origin: NoteName, trusted: [VerifierKey]
    ) throws(WitnessRefusal) -> SignedNote {
        guard !trusted.isEmpty else { throw .unknownLog(origin: origin.description) }
        for key in trusted where note.signatures.count(where: { $0.isBy(key) }) > 1 {
            // A checkpoint must not have two lines of one name and ID.
            throw .badSignature(name: key.name.description)
        }
        do {
            _ = try note.verify(keys: trusted)
            return try note.keeping(trusted)
        } catch {
            if case .invalidSignature(let name) = error { throw .badSignature(name: name) }
            throw .notSigned
        }
    }

    private static func compare(
        _ request: AddCheckpointRequest, with record: WitnessRecord?
    ) throws(WitnessRefusal) {
        let new = request.checkpoint
        guard request.oldSize <= new.size else { throw .sizesOutOfOrder(old: request.oldSize, new: new.size) }
        let known = record?.checkpoint.size ?? 0
        guard request.oldSize == known else { throw .otherSize(known) }
        guard let record, known > 0 else {
            guard request.proof.hashes.isEmpty else { throw .needlessProof }
            return
        }
        if known == new.size {
            guard record.checkpoint.root == new.root else { throw .otherRoot(known) }
            guard request.proof.hashes.isEmpty else { throw .needlessProof }
            return
        }
        do {
            try request.proof.verify(
                from: known, oldRoot: record.checkpoint.root, to: new.size, newRoot: new.root)
        } catch { throw .inconsistent(error) }
    }
}

/// A cosignature that was decided and is not made yet.
public struct PendingCosignature: Hashable, Sendable {
    public let checkpoint: Checkpoint
    public let time: CosignatureTime
    /// The checkpoint with the log's verified signatures alone.
    let signed: SignedNote

    /// Makes it. Keep the record durably before its cosignature leaves.
    ///
    /// - Throws: ``NoteError/wrongKeyType(name:)`` with a log key, ``NoteError/invalidSignature(name:)`` when the
    ///   signer returns something that its own key refuses, or what the key store throws.
    public func cosigned(by witness: NoteSigner) throws -> WitnessRecord {
        let line = try witness.cosign(text: signed.text, at: time)
        return try WitnessRecord(note: signed.adding([line]), witness: witness.key)
    }
}
