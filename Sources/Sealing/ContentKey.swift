import Crypto
import Envelope
import FoundationEssentials
import Ledger
import Statements

/// The 32 random bytes that everything about one payload comes from. It serves one seal context and one payload.
package struct ContentKey: Sendable, CustomStringConvertible, CustomReflectable {
    package static let byteCount = ContentBounds.secret
    private let key: SymmetricKey

    /// Nil unless there are 32 bytes.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == ContentBounds.secret else { return nil }
        key = SymmetricKey(data: bytes)
    }

    /// As a desk keeps it beside its payload, encrypted.
    package var bytes: [UInt8] { key.withUnsafeBytes { Array($0) } }

    /// What the chunks are sealed with.
    func payloadKey(_ context: Hash) -> SymmetricKey { derive(.payloadKey, context) }

    /// What a submission shows of the key, so that one payload cannot open in two ways.
    func commitment(_ context: Hash) -> Hash {
        derive(.keyCommitment, context).withUnsafeBytes { Hash(raw: $0) } ?? .zero
    }

    /// Seals the key to one public key (RFC 9180, base mode: X-Wing, HKDF-SHA256, AES-256-GCM).
    func seal(to publicKey: [UInt8], id: KeyID, context: Hash, aad: [UInt8]) throws(SealingError) -> SealedKey {
        guard let recipient = try? XWingMLKEM768X25519.PublicKey(rawRepresentation: publicKey) else {
            throw SealingError(
                .sealingKeyMalformed, "Sealing key \(id.short) is expected to be an X-Wing public key of 1216 bytes.",
                hint: "Ask its delegate to publish a new sealing key.")
        }
        do {
            var sender = try HPKE.Sender(
                recipientKey: recipient, ciphersuite: .XWingMLKEM768X25519_SHA256_AES_GCM_256,
                info: Data(Self.wrapInfo(context, id)))
            let ciphertext = try key.withUnsafeBytes { try sender.seal(Data($0), authenticating: aad) }
            if let sealed = SealedKey(keyID: id, enc: Array(sender.encapsulatedKey), ciphertext: Array(ciphertext)) {
                return sealed
            }
        } catch {}
        throw SealingError.failed("seal to key \(id.short)")
    }

    /// The `info` of a wrap: the label, the seal context, the whole key ID.
    static func wrapInfo(_ context: Hash, _ id: KeyID) -> [UInt8] {
        Label.wrapInfo.prefix + context.bytes + id.hash.bytes
    }

    private func derive(_ label: Label, _ context: Hash) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: key, salt: context.bytes, info: label.prefix, outputByteCount: ContentBounds.secret)
    }

    package var description: String { "(a content key)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
