import Crypto
import Envelope
package import Statements

/// Seals one content once, in constant memory. A content key serves one payload: sealing consumes the sealer.
///
/// Parts are read twice: first by the caller through a ``PartDigester`` for the fields given here, then through the
/// closure of ``seal(reading:writing:)``.
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

    /// Makes the payload.
    /// - Parameters:
    ///   - read: the next bytes of a part, 1 to `atMost`, and none at its end; parts are read in order.
    ///   - write: takes the payload one sealed chunk at a time.
    /// - Throws: ``SealingError`` with `changed-while-reading` when a part is not what its field says, or what the
    ///   closures throw. What was written until then is to be thrown away.
    package consuming func seal(
        reading read: (PartNumber, _ atMost: Int) throws -> [UInt8], writing write: ([UInt8]) throws -> Void
    ) throws -> SealedPayload {
        let hash = try context.hash()
        var output = PayloadOutput(cipher: ChunkCipher(key: key.payloadKey(hash)), size: paddedSize)
        try output.take(BigEndian.bytes(UInt32(manifestBytes.count)), write)
        try output.take(manifestBytes, write)
        for (index, part) in manifest.parts.enumerated() {
            try Self.copy(part, PartNumber(index), from: read) { try output.take($0, write) }
        }
        try output.pad(write)
        return SealedPayload(
            key: key, context: context, contextHash: hash, digest: output.digester.digest(),
            size: output.digester.size, keyCommitment: key.commitment(hash),
            contentCommitment: ContentCommitment.commitment(to: manifest))
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

    private static func copy(
        _ part: PartInfo, _ number: PartNumber, from read: (PartNumber, Int) throws -> [UInt8],
        to take: ([UInt8]) throws -> Void
    ) throws {
        var digester = PartDigester()
        while digester.size < part.size {
            let left = part.size - digester.size
            let bytes = try read(number, Int(min(left, UInt64(EnvelopeFormat.chunk))))
            guard !bytes.isEmpty, UInt64(bytes.count) <= left else { throw SealingError.changed(part) }
            digester.take(bytes)
            try take(bytes)
        }
        guard try read(number, 1).isEmpty, digester.digest() == part.digest else {
            throw SealingError.changed(part)
        }
    }
}

/// Cuts content into chunks, seals them and digests them.
private struct PayloadOutput {
    private var cipher: ChunkCipher
    private var left: UInt64
    private var chunk: [UInt8] = []
    private(set) var digester = PayloadDigester()

    /// - Parameter size: bytes of content with its padding.
    init(cipher: ChunkCipher, size: UInt64) {
        self.cipher = cipher
        left = size
        chunk.reserveCapacity(EnvelopeFormat.chunk)
    }

    mutating func take(_ bytes: [UInt8], _ write: ([UInt8]) throws -> Void) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(EnvelopeFormat.chunk - chunk.count)
            chunk += piece
            left -= UInt64(piece.count)
            rest = rest.dropFirst(piece.count)
            if chunk.count == EnvelopeFormat.chunk || left == 0 { try close(write) }
        }
    }

    mutating func pad(_ write: ([UInt8]) throws -> Void) throws {
        let zeros = [UInt8](repeating: 0, count: EnvelopeFormat.chunk)
        while left > 0 { try take(Array(zeros.prefix(Int(min(left, UInt64(zeros.count))))), write) }
    }

    private mutating func close(_ write: ([UInt8]) throws -> Void) throws {
        let sealed = try cipher.seal(chunk, isLast: left == 0)
        chunk.removeAll(keepingCapacity: true)
        digester.take(sealed)
        try write(sealed)
    }
}
