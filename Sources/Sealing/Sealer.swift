import Crypto
import Envelope
import Ledger
package import Statements

/// Seals one content once, in constant memory. A content key serves one payload: sealing consumes the sealer.
///
/// Parts are read once by ``sealReadingOnce(reading:writing:)``. ``seal(reading:writing:)`` is for fields that have the
/// parts' digests already, taken by a ``PartDigester``, and refuses parts that are others.
package struct Sealer: ~Copyable {
    private let key: ContentKey
    private let context: SealContext
    private let manifest: Manifest
    private let manifestBytes: [UInt8]
    private let paddedSize: UInt64

    /// - Parameters:
    ///   - context: charter, originator and a fresh nonce.
    ///   - random: as many bytes as asked for, from a cryptographic generator; 64 are drawn.
    /// - Throws: ``SealingError``.
    package init(
        context: SealContext, fields: [Field], random: (_ count: Int) -> [UInt8]
    ) throws(SealingError) {
        guard let key = ContentKey(random(ContentBounds.secret)),
            let secret = ManifestSecret(random(ContentBounds.secret))
        else {
            throw SealingError(
                .noRandomness, "The source of random bytes is expected to give as many as asked for.",
                hint: "Check the system's random generator.")
        }
        let manifest: Manifest
        let bytes: [UInt8]
        do throws(FormError) {
            manifest = try Manifest(context: context, fields: fields, secret: secret)
            bytes = try manifest.derBytes()
        } catch { throw SealingError(error) }
        guard bytes.count <= ContentBounds.manifest,
            let padded = Padding.padded(manifest: bytes.count, parts: manifest.parts)
        else {
            throw SealingError(
                .contentTooLarge, "The content is expected to have at most \(Bounds.payload) bytes when sealed.",
                hint: "Send fewer or smaller parts.")
        }
        self.key = key
        self.context = context
        self.manifest = manifest
        manifestBytes = bytes
        paddedSize = padded
    }

    /// The size of the sealed payload, in bytes, known before it is made.
    package var payloadSize: UInt64 { EnvelopeFormat.payloadSize(ofContent: paddedSize) }

    /// Makes the payload, of much content on all cores. The closures are called on this thread.
    /// - Parameters:
    ///   - read: the next bytes of a part, 1 to `atMost`, and none at its end; parts are read in order.
    ///   - write: takes the payload in order, about 1 MiB at a time.
    /// - Throws: ``SealingError`` with `changed-while-reading` when a part is not what its field says, or what the
    ///   closures throw. What was written until then is to be thrown away.
    package consuming func seal(
        reading read: (PartNumber, _ atMost: Int) throws -> [UInt8],
        writing write: ([UInt8]) throws -> Void
    ) throws -> SealedPayload {
        try output(reading: read, writing: { try write($1) }, expecting: true).take()
    }

    /// The same for parts that are read this once: the digests in the fields given are not looked at, the sizes are.
    /// - Parameter write: puts bytes of the payload at an offset, about 1 MiB at a time and none twice; those at 0 come
    ///   last.
    /// - Returns: the payload, and the fields with the digests of what was read.
    /// - Throws: ``SealingError`` with `changed-while-reading` when a part has not the size that its field says, or
    ///   what the closures throw. What was written until then is to be thrown away.
    package consuming func sealReadingOnce(
        reading read: (PartNumber, _ atMost: Int) throws -> [UInt8],
        writing write: (_ offset: UInt64, [UInt8]) throws -> Void
    ) throws -> SealedOnce {
        try output(reading: read, writing: write, expecting: false)
    }

    private consuming func output(
        reading read: (PartNumber, Int) throws -> [UInt8], writing write: (UInt64, [UInt8]) throws -> Void,
        expecting: Bool
    ) throws -> SealedOnce {
        let hash = try context.hash()
        var output = PayloadOutput(
            cipher: ChunkCipher(key: key.payloadKey(hash)), size: paddedSize,
            opening: BigEndian.bytes(UInt32(manifestBytes.count)) + manifestBytes, isLate: !expecting)
        var digests: [Hash] = []
        for (index, part) in manifest.parts.enumerated() {
            let digest = try Self.copy(part, PartNumber(index), from: read) { try output.take($0, write) }
            guard !expecting || digest == part.digest else { throw SealingError.changed(part) }
            digests.append(digest)
        }
        try output.pad(write)
        let manifest = try expecting ? manifest : manifest.with(digests: digests)
        let bytes = try manifest.derBytes()
        let digest = try output.finish(opening: BigEndian.bytes(UInt32(bytes.count)) + bytes, write)
        let payload = SealedPayload(
            key: key, context: context, contextHash: hash, digest: digest, size: output.size,
            keyCommitment: key.commitment(hash), contentCommitment: ContentCommitment.commitment(to: manifest))
        return SealedOnce(payload: payload, fields: manifest.fields)
    }

    /// The same for content in memory.
    /// - Throws: ``SealingError``.
    package consuming func seal(
        parts: [[UInt8]], into payload: inout [UInt8]
    ) throws -> SealedPayload {
        guard parts.count == manifest.parts.count else {
            throw SealingError(
                .fieldMalformed, "\(manifest.parts.count) parts are expected for these fields, not \(parts.count).",
                hint: "Give one part for each text and attachment field, in their order.")
        }
        var taken = 0
        var current = PartNumber(0)
        return try seal { number, atMost in
            if number != current { (current, taken) = (number, 0) }
            let piece = parts[number.value].dropFirst(taken).prefix(atMost)
            taken += piece.count
            return Array(piece)
        } writing: {
            payload += $0
        }
    }

    /// - Returns: the part's digest.
    private static func copy(
        _ part: PartInfo, _ number: PartNumber, from read: (PartNumber, Int) throws -> [UInt8],
        to take: ([UInt8]) throws -> Void
    ) throws -> Hash {
        var digester = PartDigester()
        while digester.size < part.size {
            let left = part.size - digester.size
            let bytes = try read(number, Int(min(left, readSize)))
            guard !bytes.isEmpty, UInt64(bytes.count) <= left else { throw SealingError.changed(part) }
            digester.take(bytes)
            try take(bytes)
        }
        guard try read(number, 1).isEmpty else { throw SealingError.changed(part) }
        return digester.digest()
    }

    /// Bytes that are asked for at a time.
    private static let readSize: UInt64 = 262_144
}

/// A payload whose parts were read once.
package struct SealedOnce: ~Copyable {
    package let payload: SealedPayload
    /// What the manifest says, with the parts' digests.
    package let fields: [Field]

    /// The payload alone.
    package consuming func take() -> SealedPayload { payload }
}
