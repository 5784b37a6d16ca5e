import Envelope
import Ledger
package import Statements

/// Opens the content key of one message: the first half of opening (`Docs/Specification.md#opening`).
package struct Opener: Sendable {
    private let submission: Submission
    private let context: SealContext
    private let sealedKeys: [UInt8]
    private let ownKeys: Set<KeyID>

    /// - Parameters:
    ///   - charter, originator: those of the statement whose act is the submission; not what the content says.
    ///   - sealedKeys: the sealed-keys block as it was served.
    ///   - ownKeys: the sealing keys whose private halves the holder has.
    package init(
        submission: Submission, charter: CharterID, originator: PartyID, sealedKeys: [UInt8],
        ownKeys: some Sequence<KeyID>
    ) {
        self.submission = submission
        context = SealContext(charter: charter, originator: originator, nonce: submission.nonce)
        self.sealedKeys = sealedKeys
        self.ownKeys = Set(ownKeys)
    }

    /// One wrap, with everything that it is bound to: what a private sealing key opens.
    package struct Wrap: Hashable, Sendable {
        package let keyID: KeyID
        package let enc: [UInt8]
        package let ciphertext: [UInt8]
        package let info: [UInt8]
        package let aad: [UInt8]
    }

    /// Checks in this order: the block's digest, that an own key is listed, its wrap, the key commitment.
    /// - Parameter open: the 32 bytes of a wrap, or nil when the key does not open it. What it throws (an agent that is
    ///   locked, say) is passed on, and is no verdict on the message.
    /// - Throws: `UnreadableReason`, or what `open` throws.
    package nonisolated(nonsending) func unwrap(
        _ open: (Wrap) async throws -> [UInt8]?
    ) async throws -> PayloadOpener {
        let (key, hash) = try await contentKey(open)
        return PayloadOpener(submission: submission, context: context, hash: hash, contentKey: key)
    }

    /// Seals the content key of this message to other keys, for a submission that takes this one's place before anyone
    /// has it. The payload stays as it is: no second one ever has its key.
    /// - Parameters:
    ///   - publicKeys: as those of ``SealedPayload/wrap(to:legs:)``.
    ///   - open: as that of ``unwrap(_:)``.
    /// - Throws: ``SealingError``, and as ``unwrap(_:)``.
    package nonisolated(nonsending) func rewrap(
        to publicKeys: [[UInt8]], _ open: (Wrap) async throws -> [UInt8]?
    ) async throws -> WrappedPayload {
        let (key, hash) = try await contentKey(open)
        let payload = SealedPayload(
            key: key, context: context, contextHash: hash, digest: submission.payloadDigest,
            size: submission.payloadSize, keyCommitment: submission.keyCommitment,
            contentCommitment: submission.contentCommitment)
        return try payload.wrap(to: publicKeys, legs: submission.legs)
    }

    /// The content key, and the hash of the seal context.
    private nonisolated(nonsending) func contentKey(
        _ open: (Wrap) async throws -> [UInt8]?
    ) async throws -> (ContentKey, Hash) {
        guard Label.sealedKeys.hash(sealedKeys) == submission.sealedKeysDigest else { throw UnreadableReason.digest }
        let usable = submission.sealedTo.filter(ownKeys.contains)
        guard !usable.isEmpty else { throw UnreadableReason.noKey }
        // The digest was right: a block that does not fit its own submission is the originator's doing.
        guard let block = try? SealedKeysBlock(sealedKeys), block.keyIDs == submission.sealedTo else {
            throw UnreadableReason.wrap
        }
        let hash = try context.hash()
        let aad = try WrapContext(submission).aad()
        for id in usable {
            guard let sealed = block.key(for: id) else { continue }
            let wrap = Wrap(
                keyID: id, enc: sealed.enc, ciphertext: sealed.ciphertext, info: ContentKey.wrapInfo(hash, id), aad: aad
            )
            guard let bytes = try await open(wrap) else { continue }
            guard let key = ContentKey(bytes), key.commitment(hash) == submission.keyCommitment else {
                throw UnreadableReason.keyCommitment
            }
            return (key, hash)
        }
        throw UnreadableReason.wrap
    }
}

extension WrapContext {
    /// What the wraps of this submission have to be bound to.
    init(_ submission: Submission) {
        self.init(
            legs: submission.legs, sealedTo: submission.sealedTo, payloadDigest: submission.payloadDigest,
            payloadSize: submission.payloadSize, keyCommitment: submission.keyCommitment,
            contentCommitment: submission.contentCommitment)
    }
}
