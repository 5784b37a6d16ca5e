import Crypto
package import Envelope
import Foundation
package import Ledger
import Sealing
package import Statements

/// An originator that seals what it likes: it makes honest content, keeps the content key, and wraps and commits as it
/// pleases. What the real sealer never does is written down here a second time.
package struct LyingSealer: Sendable {
    /// Charter, originator and nonce that everything is bound to.
    package var context: SealContext
    /// What every wrap is bound to, and what the submission will say.
    package var binding: WrapContext
    /// What is wrapped for each key, in the order of ``Statements/WrapContext/sealedTo``.
    package var contentKeys: [[UInt8]]
    package let payload: [UInt8]
    /// What is wrapped with, for each key that is listed.
    package var publicKeys: [KeyID: [UInt8]]

    /// Seals a text as an honest originator would.
    /// - Parameter keys: X-Wing public keys of everyone who may open it.
    package init(_ text: [UInt8], context: SealContext, legs: [Leg], keys: [[UInt8]]) throws {
        var digester = PartDigester()
        digester.take(text)
        let field = Field.text(try PartInfo(name: "text", mediaType: "text/plain", read: digester))
        var drawn: [[UInt8]] = []
        let sealer = try Sealer(context: context, fields: [field]) { count in
            drawn.append(SealedLetter.random(count))
            return drawn[drawn.count - 1]
        }
        var payload: [UInt8] = []
        let wrapped = try sealer.seal(parts: [text], into: &payload).wrap(to: keys, legs: legs)
        self.context = context
        binding = wrapped.binding
        self.payload = payload
        // The content key is drawn first.
        contentKeys = wrapped.binding.sealedTo.map { _ in drawn[0] }
        publicKeys = Dictionary(keys.map { (KeyID(publicKey: $0), $0) }) { first, _ in first }
    }

    /// What a content key commits to under this context.
    package func commitment(to contentKey: [UInt8]) throws -> Hash {
        let derived = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: contentKey), salt: try context.hash().bytes,
            info: Label.keyCommitment.prefix, outputByteCount: Hash.byteCount)
        guard let hash = derived.withUnsafeBytes({ Hash(Array($0)) }) else {
            throw FormError("keyCommitment", expected: "32 bytes")
        }
        return hash
    }

    /// The submission and the sealed-keys block that say all this.
    package func sealed(
        writtenUnder: WrittenUnder, expiry: Timestamp
    ) throws -> (submission: Submission, keys: SealedKeysBlock) {
        let aad = try binding.aad()
        var sealed: [SealedKey] = []
        for (id, contentKey) in zip(binding.sealedTo, contentKeys) {
            guard let publicKey = publicKeys[id] else { throw FormError("sealedTo", expected: "a key that was given") }
            var sender = try HPKE.Sender(
                recipientKey: XWingMLKEM768X25519.PublicKey(rawRepresentation: publicKey),
                ciphersuite: .XWingMLKEM768X25519_SHA256_AES_GCM_256,
                info: Data(Label.wrapInfo.prefix + context.hash().bytes + id.hash.bytes))
            let ciphertext = Array(try sender.seal(Data(contentKey), authenticating: aad))
            guard let key = SealedKey(keyID: id, enc: Array(sender.encapsulatedKey), ciphertext: ciphertext) else {
                throw FormError("SealedKey", expected: "\(SealedKey.byteCount) bytes")
            }
            sealed.append(key)
        }
        let block = try SealedKeysBlock(sealed)
        let submission = Submission(
            nonce: context.nonce, writtenUnder: writtenUnder, legs: binding.legs, precedence: .routine, expiry: expiry,
            sealedTo: binding.sealedTo, sealedKeysDigest: block.digest, payloadDigest: binding.payloadDigest,
            payloadSize: binding.payloadSize, keyCommitment: binding.keyCommitment,
            contentCommitment: binding.contentCommitment)
        return (submission, block)
    }
}

extension WrapContext {
    package func changed(keyCommitment: Hash? = nil, contentCommitment: Hash? = nil) -> WrapContext {
        WrapContext(
            legs: legs, sealedTo: sealedTo, payloadDigest: payloadDigest, payloadSize: payloadSize,
            keyCommitment: keyCommitment ?? self.keyCommitment,
            contentCommitment: contentCommitment ?? self.contentCommitment)
    }
}
