import Envelope

/// To what size content is padded with zeros, so that its size tells little (`Docs/Specification.md#padding`).
package enum Padding {
    package static let least: UInt64 = 4_096

    /// At least 4 KiB; the next power of two up to 64 KiB; above, PADME (Nikitin et al., "Reducing Metadata Leakage
    /// from Encrypted Files and Communication with PURBs", section 4), which adds at most 12 %.
    /// - Parameter size: bytes of content, at most 2^62.
    package static func padded(_ size: UInt64) -> UInt64 {
        if size <= least { return least }
        if size <= UInt64(EnvelopeFormat.chunk) { return 1 << UInt64(64 - (size - 1).leadingZeroBitCount) }
        let exponent = 63 - size.leadingZeroBitCount
        let kept = 64 - UInt64(exponent).leadingZeroBitCount
        let mask: UInt64 = (1 << UInt64(exponent - kept)) - 1
        return (size + mask) & ~mask
    }

    /// The padded size of a manifest and its parts, with the manifest's length before it; nil if they are too large for
    /// any payload.
    static func padded(manifest: Int, parts: [PartInfo]) -> UInt64? {
        // 64 parts of 2^40 bytes are 2^46.
        let size = parts.reduce(UInt64(4 + manifest)) { $0 + $1.size }
        let padded = padded(size)
        return EnvelopeFormat.contentSize(ofPayload: EnvelopeFormat.payloadSize(ofContent: padded)) == nil
            ? nil : padded
    }
}
