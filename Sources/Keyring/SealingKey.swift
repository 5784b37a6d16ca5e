import Crypto
import FoundationEssentials

/// A delegate's X-Wing private key (ML-KEM-768 with X25519, draft-connolly-cfrg-xwing-kem). It never shows itself in
/// text.
package struct SealingKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The length of a public key, in bytes.
    package static let publicKeyByteCount = 1216
    private let key: XWingMLKEM768X25519.PrivateKey
    /// The 1,216 bytes that others seal to.
    package let publicKey: [UInt8]

    private init(_ key: XWingMLKEM768X25519.PrivateKey) {
        self.key = key
        publicKey = [UInt8](key.publicKey.rawRepresentation)
    }

    /// A new random key.
    package static func generate() throws -> SealingKey {
        guard let key = try? XWingMLKEM768X25519.PrivateKey.generate() else {
            throw KeyringError.failed("make a sealing key")
        }
        return SealingKey(key)
    }

    /// The key of a 32-byte seed.
    /// - Throws: ``KeyringError`` with `key-file-damaged` for another length.
    package init(seed: [UInt8]) throws {
        guard seed.count == 32,
            let key = try? XWingMLKEM768X25519.PrivateKey(seedRepresentation: seed, publicKey: nil)
        else {
            throw KeyringError(
                .keyFileDamaged, "The seed of a sealing key is expected to have 32 bytes.",
                hint: "Fetch the key from a backup.")
        }
        self.init(key)
    }

    /// The 32 bytes that the whole key comes from.
    package var seed: SecretBytes { SecretBytes([UInt8](key.seedRepresentation)) }

    /// Opens the first message of an HPKE context (RFC 9180, base mode, X-Wing, HKDF-SHA256, AES-256-GCM).
    /// - Throws: ``KeyringError`` with `cannot-unseal` when this key, `info` or `aad` is not what it was sealed for, or
    ///   when a byte was changed.
    package func open(enc: [UInt8], ciphertext: [UInt8], info: [UInt8], aad: [UInt8]) throws -> [UInt8] {
        do {
            var recipient = try HPKE.Recipient(
                privateKey: key, ciphersuite: .XWingMLKEM768X25519_SHA256_AES_GCM_256, info: Data(info),
                encapsulatedKey: Data(enc))
            return [UInt8](try recipient.open(ciphertext, authenticating: aad))
        } catch {
            throw KeyringError(
                .cannotUnseal, "The sealed bytes do not open with this sealing key in this context.",
                hint: "They were sealed to another key, for another message, or were changed on the way.")
        }
    }

    package var description: String { "(a sealing key)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
