import Crypto
import Envelope
import Ledger
package import Statements

/// Opens one payload in constant memory: the second half of opening (`Docs/Specification.md#opening`).
package struct PayloadOpener: Sendable, CustomStringConvertible, CustomReflectable {
    private let submission: Submission
    private let context: SealContext
    private let key: SymmetricKey
    /// What opens this payload and no other: to be kept by who keeps the payload.
    package let contentKey: ContentKey

    /// - Parameter hash: of the context.
    init(submission: Submission, context: SealContext, hash: Hash, contentKey: ContentKey) {
        self.submission = submission
        self.context = context
        key = contentKey.payloadKey(hash)
        self.contentKey = contentKey
    }

    /// For a payload whose content key was kept with it; the key commitment is verified.
    /// - Parameters:
    ///   - charter, originator: those of the statement whose act is the submission.
    /// - Throws: `UnreadableReason.keyCommitment` when it is the key of another payload.
    package init(
        submission: Submission, charter: CharterID, originator: PartyID, kept contentKey: ContentKey
    ) throws(UnreadableReason) {
        let context = SealContext(charter: charter, originator: originator, nonce: submission.nonce)
        guard let hash = try? context.hash(), contentKey.commitment(hash) == submission.keyCommitment else {
            throw .keyCommitment
        }
        self.init(submission: submission, context: context, hash: hash, contentKey: contentKey)
    }

    /// Reads the payload twice: its digest is verified before anything is decrypted. Then come the manifest, which was
    /// checked against charter, originator, nonce, size and content commitment, and the bytes of the parts in order.
    ///
    /// Nothing handed out counts before this returns: parts are to be put into place only then.
    /// - Parameters:
    ///   - read: bytes of the payload from an offset: as many as asked for, fewer only at its end.
    ///   - begin: called once, before any part.
    ///   - part: the next bytes of a part; never called for an empty one.
    /// - Throws: `UnreadableReason` (`digest` or `content`), or what the closures throw.
    package func open(
        reading read: (_ offset: UInt64, _ count: Int) throws -> [UInt8],
        begin: (Manifest) throws -> Void, part: (PartNumber, ArraySlice<UInt8>) throws -> Void
    ) throws -> Manifest {
        var first = PayloadDigester()
        try eachChunk(read) { sealed, _ in first.take(sealed) }
        guard try read(submission.payloadSize, 1).isEmpty, first.digest() == submission.payloadDigest else {
            throw UnreadableReason.digest
        }
        guard let size = EnvelopeFormat.contentSize(ofPayload: submission.payloadSize) else {
            throw UnreadableReason.content
        }
        let cipher = ChunkCipher(key: key)
        var reader = ContentReader(context: context, commitment: submission.contentCommitment, size: size)
        var second = PayloadDigester()
        var place: UInt64 = 0
        try eachChunk(read) { sealed, isLast in
            second.take(sealed)
            try reader.take(try cipher.open(sealed, at: place, isLast: isLast), begin: begin, part: part)
            place += 1
        }
        guard second.digest() == submission.payloadDigest else { throw UnreadableReason.digest }
        return try reader.finish()
    }

    /// A check of this payload's chunks while they arrive.
    package func arriving() -> ArrivingChunks {
        ArrivingChunks(cipher: ChunkCipher(key: key), size: submission.payloadSize)
    }

    /// The same for a payload in memory.
    /// - Throws: `UnreadableReason`.
    package func open(_ payload: [UInt8]) throws -> OpenedContent {
        try OpenedContent.collect { begin, part in
            try open(
                reading: { Array(payload.dropFirst(Int($0)).prefix($1)) }, begin: begin, part: part)
        }
    }

    private func eachChunk(
        _ read: (UInt64, Int) throws -> [UInt8], _ take: ([UInt8], _ isLast: Bool) throws -> Void
    ) throws {
        var offset: UInt64 = 0
        while offset < submission.payloadSize {
            let count = Int(min(UInt64(EnvelopeFormat.sealedChunk), submission.payloadSize - offset))
            let sealed = try read(offset, count)
            guard sealed.count == count else { throw UnreadableReason.digest }
            offset += UInt64(count)
            try take(sealed, offset == submission.payloadSize)
        }
    }

    package var description: String { "(an opened content key)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Content that is in memory as a whole.
package struct OpenedContent: Equatable, Sendable {
    package let manifest: Manifest
    /// The bytes of the manifest's parts, in its order.
    package let parts: [[UInt8]]

    static func collect(
        _ open: (
            _ begin: (Manifest) throws -> Void, _ part: (PartNumber, ArraySlice<UInt8>) throws -> Void
        ) throws -> Manifest
    ) throws -> OpenedContent {
        var parts: [[UInt8]] = []
        let manifest = try open(
            { parts = Array(repeating: [], count: $0.parts.count) }, { parts[$0.value] += $1 })
        return OpenedContent(manifest: manifest, parts: parts)
    }
}
