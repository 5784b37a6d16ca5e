import Statements

/// The envelope file (`.valise`): what travels, what is stored and what lies on a stick are the same bytes
/// (`Docs/Specification.md#envelope`).
///
/// `magic line || u32 length || SignedStatement DER || u32 length || sealed-keys block || u64 size || payload`, all
/// numbers big-endian, nothing after the payload. A submission and its payload have exactly one file.
package enum EnvelopeFormat {
    /// The first line, with its line feed.
    package static let magic = ValiseFileKind.envelope.magic
    /// Bytes of content in a chunk; only the last chunk may have fewer.
    package static let chunk = 65_536
    /// Bytes that sealing adds to every chunk (the AES-256-GCM tag).
    package static let tag = 16
    /// Bytes of a full sealed chunk.
    package static let sealedChunk = chunk + tag
    /// The most bytes that can stand before a payload.
    package static let longestHeader = magic.count + 4 + Bounds.signedStatement + 4 + SealedKeysBlock.longest + 8

    /// The sealed size of so many bytes of content, at most ``Bounds/payload``.
    package static func payloadSize(ofContent size: UInt64) -> UInt64 {
        let chunks = size / UInt64(chunk) + (size % UInt64(chunk) == 0 ? 0 : 1)
        return size + chunks * UInt64(tag)
    }

    /// The bytes of content in a payload of this size; nil for a size that no sealing makes.
    package static func contentSize(ofPayload size: UInt64) -> UInt64? {
        let full = UInt64(sealedChunk)
        let rest = size % full
        guard size > 0, size <= Bounds.payload, rest == 0 || rest > UInt64(tag) else { return nil }
        return size - (size / full + (rest == 0 ? 0 : 1)) * UInt64(tag)
    }

    /// Checks a whole file that is in memory; for large ones there is ``EnvelopeReader``.
    /// - Throws: ``EnvelopeError``.
    package static func check(_ file: [UInt8]) throws(EnvelopeError) -> EnvelopeHeader {
        var reader = EnvelopeReader()
        _ = try reader.take(file[...])
        return try reader.finish()
    }
}
