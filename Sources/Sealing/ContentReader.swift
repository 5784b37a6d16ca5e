import Envelope
package import Ledger
package import Statements

/// Reads decrypted content in pieces: `u32 length || manifest || parts || zeros`. It holds no key.
package struct ContentReader {
    private enum Stage { case length, manifest, parts, padding }

    private let context: SealContext
    private let commitment: Hash
    private let size: UInt64
    private var taken: UInt64 = 0
    private var stage = Stage.length
    private var pending: [UInt8] = []
    private var needed = 4
    private var manifest: Manifest?
    private var parts: ArraySlice<PartInfo> = []
    private var digester = PartDigester()

    /// - Parameter size: bytes of content with its padding.
    package init(context: SealContext, commitment: Hash, size: UInt64) {
        self.context = context
        self.commitment = commitment
        self.size = size
    }

    /// Content that is in memory as a whole.
    /// - Throws: `UnreadableReason.content`.
    package static func read(
        _ content: [UInt8], context: SealContext, commitment: Hash
    ) throws -> OpenedContent {
        try OpenedContent.collect { begin, part in
            var reader = ContentReader(context: context, commitment: commitment, size: UInt64(content.count))
            try reader.take(content, begin: begin, part: part)
            return try reader.finish()
        }
    }

    /// - Throws: `UnreadableReason.content`, or what the closures throw.
    package mutating func take(
        _ bytes: [UInt8], begin: (Manifest) throws -> Void, part: (PartNumber, ArraySlice<UInt8>) throws -> Void
    ) throws {
        taken += UInt64(bytes.count)
        var rest = bytes[...]
        while !rest.isEmpty {
            switch stage {
            case .length, .manifest: try takeHead(&rest, begin)
            case .parts: try takePart(&rest, part)
            case .padding:
                guard rest.allSatisfy({ $0 == 0 }) else { throw UnreadableReason.content }
                return
            }
        }
    }

    /// - Throws: `UnreadableReason.content` when the content ended too early or went on.
    package func finish() throws(UnreadableReason) -> Manifest {
        guard case .padding = stage, taken == size, let manifest else { throw .content }
        return manifest
    }

    private mutating func takeHead(_ rest: inout ArraySlice<UInt8>, _ begin: (Manifest) throws -> Void) throws {
        let piece = rest.prefix(needed - pending.count)
        pending += piece
        rest = rest.dropFirst(piece.count)
        guard pending.count == needed else { return }
        let whole = pending
        pending = []
        if case .length = stage {
            let length = BigEndian.number(whole[...], as: UInt32.self)
            guard (1...UInt32(ContentBounds.manifest)).contains(length) else { throw UnreadableReason.content }
            (stage, needed) = (.manifest, Int(length))
        } else {
            let manifest = try check(whole)
            self.manifest = manifest
            parts = manifest.parts[...]
            stage = .parts
            try begin(manifest)
            try closeFinishedParts()
        }
    }

    private func check(_ bytes: [UInt8]) throws(UnreadableReason) -> Manifest {
        guard let manifest = try? Manifest(der: bytes, limit: ContentBounds.manifest), manifest.context == context,
            ContentCommitment.commitment(to: manifest) == commitment,
            Padding.padded(manifest: bytes.count, parts: manifest.parts) == size
        else { throw .content }
        return manifest
    }

    private mutating func takePart(
        _ rest: inout ArraySlice<UInt8>, _ part: (PartNumber, ArraySlice<UInt8>) throws -> Void
    ) throws {
        guard let current = parts.first else { throw UnreadableReason.content }
        let piece = rest.prefix(Int(min(current.size - digester.size, UInt64(rest.count))))
        digester.take(piece)
        rest = rest.dropFirst(piece.count)
        try part(PartNumber(parts.startIndex), piece)
        try closeFinishedParts()
    }

    /// Goes on to the next part that has bytes, checking the digests of those that are complete.
    private mutating func closeFinishedParts() throws(UnreadableReason) {
        while let current = parts.first, digester.size == current.size {
            guard digester.digest() == current.digest else { throw .content }
            digester = PartDigester()
            parts = parts.dropFirst()
        }
        if parts.isEmpty { stage = .padding }
    }
}
