import Crypto
import Envelope
package import Ledger
import Statements

/// How a submission commits to its content's fields so that each can be shown alone
/// (`Docs/Specification.md#content-commitment`).
package enum ContentCommitment {
    /// HKDF-SHA256 of the manifest secret, without salt, under the label and the field's number from 0.
    package static func salt(_ secret: ManifestSecret, field index: Int) -> [UInt8] {
        let info = Label.fieldSalt.prefix + BigEndian.bytes(UInt32(truncatingIfNeeded: index))
        let salt = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: secret.key, info: info, outputByteCount: ContentBounds.secret)
        return salt.withUnsafeBytes { Array($0) }
    }

    /// The entry of the tree for one field: H(label, salt, field).
    package static func entry(salt: [UInt8], field bytes: [UInt8]) -> Hash { Label.field.hash(salt + bytes) }

    /// The labelled hash of `u32 count || root`, the root being that of the tree (RFC 6962) over the entries.
    package static func commitment(count: Int, root: Hash) -> Hash {
        Label.content.hash(BigEndian.bytes(UInt32(truncatingIfNeeded: count)) + root.bytes)
    }

    /// The commitment to all fields of a manifest.
    package static func commitment(to manifest: Manifest) -> Hash {
        var tree = CompactRange()
        for (index, bytes) in manifest.fieldBytes.enumerated() {
            let entry = entry(salt: salt(manifest.secret, field: index), field: bytes)
            tree.append(Merkle.leafHash(entry.bytes))
        }
        return commitment(count: manifest.fieldBytes.count, root: tree.root)
    }
}
