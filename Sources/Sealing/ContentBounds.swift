/// The bounds of content, in bytes unless a count is meant (`Docs/Valise.asn1`).
package enum ContentBounds {
    package static let manifest = 65_536
    /// Fields in a manifest.
    package static let fields = 64
    /// The longest line of a mail header (RFC 5322 section 2.1.1).
    package static let subject = 998
    package static let caption = 1_024
    package static let partName = 255
    package static let mediaType = 127
    /// Manifest secret, field salts and content keys.
    package static let secret = 32
    /// Entries of a reveal, and its bytes.
    package static let revealEntries = 16
    package static let reveal = 1 << 20
}
