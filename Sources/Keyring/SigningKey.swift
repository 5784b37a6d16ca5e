import Crypto

/// A delegate's or a relay's Ed25519 private key (RFC 8032). It never shows itself in text.
package struct SigningKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let key: Curve25519.Signing.PrivateKey
    /// The 32 bytes that others check signatures with.
    package let publicKey: [UInt8]

    private init(_ key: Curve25519.Signing.PrivateKey) {
        self.key = key
        publicKey = [UInt8](key.publicKey.rawRepresentation)
    }

    /// A new random key.
    package static func generate() -> SigningKey { SigningKey(Curve25519.Signing.PrivateKey()) }

    /// The key of a 32-byte seed (RFC 8032 section 5.1.5).
    /// - Throws: ``KeyringError`` with `key-file-damaged` for another length.
    package init(seed: [UInt8]) throws {
        guard seed.count == 32, let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else {
            throw KeyringError(
                .keyFileDamaged, "The seed of a signing key is expected to have 32 bytes.",
                hint: "Fetch the key from a backup.")
        }
        self.init(key)
    }

    /// The 32 bytes that the whole key comes from.
    package var seed: SecretBytes { SecretBytes([UInt8](key.rawRepresentation)) }

    /// A signature of 64 bytes; the same message gets the same signature or another valid one.
    package func sign(_ message: [UInt8]) throws -> [UInt8] {
        guard let signature = try? key.signature(for: message) else { throw KeyringError.failed("sign") }
        return [UInt8](signature)
    }

    package var description: String { "(a signing key)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
