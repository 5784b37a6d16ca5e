package import HTTPTypes
package import Ledger

/// The digest of a request's body (RFC 9530): one SHA-256, in its only spelling.
package enum ContentDigest {
    /// The value of the field `Content-Digest` for a body.
    package static func value(_ body: [UInt8]) -> String { value(.sha256(body)) }

    /// The same for a body that was hashed on its way.
    package static func value(_ hash: Hash) -> String { "sha-256=:\(Base64.encode(hash.bytes)):" }
}

extension HTTPField.Name {
    // All are valid field names, so the fallbacks are never taken.
    package static let contentDigest = HTTPField.Name("Content-Digest") ?? .contentEncoding
    /// Bytes of the envelope file that are there, or from which on a part brings it.
    package static let uploadOffset = HTTPField.Name("Upload-Offset") ?? .contentRange
    /// `?1` on the answer that is an acceptance, `?0` on one that asks for more.
    package static let uploadComplete = HTTPField.Name("Upload-Complete") ?? .accept
}
