package import Crypto
import Ledger
import Statements

/// The secret that everything a desk keeps for itself is encrypted under: archive, outbox, drafts, caches.
///
/// 32 random bytes in `keys/archive.pem`, protected like a sealing key. It is never used as it is: each purpose gets a
/// key of its own by HKDF-SHA256 (RFC 5869). It never shows itself in text.
package struct ArchiveKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package static let byteCount = 32
    private static let label = Array("valise/v1/archive-key/".utf8)
    /// The 32 bytes that the whole key comes from.
    package let seed: SecretBytes

    /// - Throws: ``KeyringError`` with `key-file-damaged` unless there are 32 bytes.
    package init(seed: SecretBytes) throws {
        guard seed.count == Self.byteCount else {
            throw KeyringError(
                .keyFileDamaged, "An archive key is expected to have \(Self.byteCount) bytes.",
                hint: "Fetch the key from a backup.")
        }
        self.seed = seed
    }

    /// A new random key.
    package static func generate() throws -> ArchiveKey {
        var bytes = try OpenSSL.random(byteCount)
        defer { wipe(&bytes) }
        return try ArchiveKey(seed: SecretBytes(bytes))
    }

    /// The 256-bit key of one purpose: HKDF-SHA256 without salt, `info` = `valise/v1/archive-key/` and the purpose.
    /// - Parameter purpose: a lowercase-hyphen name; two purposes never share a key.
    package func key(for purpose: String) -> SymmetricKey {
        seed.withBytes { bytes in
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: SymmetricKey(data: bytes), info: Self.label + Array(purpose.utf8),
                outputByteCount: 32)
        }
    }

    /// What a key file keeps beside the secret to notice damage: says nothing about the secret.
    var check: [UInt8] { key(for: "check").withUnsafeBytes { Hash.sha256(Array($0)).bytes } }

    package var description: String { "(an archive key)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
