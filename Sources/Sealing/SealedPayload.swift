package import Envelope
package import Ledger
package import Statements

/// A payload that was just made, with its key: what is left to do is to seal the key to those who may open it.
package struct SealedPayload: ~Copyable {
    /// What opens this payload and no other: to be kept by who keeps the payload, and by nobody else.
    package let key: ContentKey
    private let contextHash: Hash
    package let context: SealContext
    package let digest: Hash
    /// Bytes of the sealed payload.
    package let size: UInt64
    package let keyCommitment: Hash
    package let contentCommitment: Hash

    init(
        key: ContentKey, context: SealContext, contextHash: Hash, digest: Hash, size: UInt64, keyCommitment: Hash,
        contentCommitment: Hash
    ) {
        self.key = key
        self.context = context
        self.contextHash = contextHash
        self.digest = digest
        self.size = size
        self.keyCommitment = keyCommitment
        self.contentCommitment = contentCommitment
    }

    /// Seals the content key for exactly these routes and keys; after that the key is gone, unless it was kept.
    /// - Parameter publicKeys: X-Wing public keys of 1,216 bytes in any order; one that occurs twice counts once.
    /// - Throws: ``SealingError`` for a malformed key, or unless there are 1 to 128.
    package consuming func wrap(to publicKeys: [[UInt8]], legs: [Leg]) throws(SealingError) -> WrappedPayload {
        var byID: [KeyID: [UInt8]] = [:]
        for publicKey in publicKeys { byID[KeyID(publicKey: publicKey)] = publicKey }
        let listed = byID.sorted { $0.key < $1.key }
        guard (1...Bounds.sealedTo).contains(listed.count) else {
            throw SealingError(
                .wrongKeyCount,
                "Content is expected to be sealed to 1 to \(Bounds.sealedTo) keys, not \(listed.count).",
                hint: "Send to fewer parties at a time.")
        }
        let binding = WrapContext(
            legs: legs, sealedTo: listed.map(\.key), payloadDigest: digest, payloadSize: size,
            keyCommitment: keyCommitment, contentCommitment: contentCommitment)
        let aad: [UInt8]
        do throws(FormError) { aad = try binding.aad() } catch { throw SealingError(error) }
        var sealed: [SealedKey] = []
        for (id, publicKey) in listed {
            sealed.append(try key.seal(to: publicKey, id: id, context: contextHash, aad: aad))
        }
        guard let block = try? SealedKeysBlock(sealed) else { throw SealingError.failed("list the sealed keys") }
        return WrappedPayload(context: context, binding: binding, sealedKeys: block)
    }
}

/// A payload with its sealed keys: all that a submission says about its content.
package struct WrappedPayload: Hashable, Sendable {
    package let context: SealContext
    /// Routes, listed keys, payload digest and size, both commitments.
    package let binding: WrapContext
    package let sealedKeys: SealedKeysBlock

    /// The submission of this payload. It may be made again under newer revisions; nothing is sealed again.
    package func submission(writtenUnder: WrittenUnder, precedence: Precedence, expiry: Timestamp) -> Submission {
        Submission(
            nonce: context.nonce, writtenUnder: writtenUnder, legs: binding.legs, precedence: precedence,
            expiry: expiry,
            sealedTo: binding.sealedTo, sealedKeysDigest: sealedKeys.digest, payloadDigest: binding.payloadDigest,
            payloadSize: binding.payloadSize, keyCommitment: binding.keyCommitment,
            contentCommitment: binding.contentCommitment)
    }
}
