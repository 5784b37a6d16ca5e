import Envelope
import Ledger
import Sealing
import Statements

/// The envelope file, its sealed-keys block, and the content inside.
enum EnvelopeTargets {
    static let all = [
        FuzzTarget("envelope", envelope), FuzzTarget("sealed-keys", sealedKeys), FuzzTarget("content", content),
    ]

    /// Whole or in pieces, the verdict is one; a header that was accepted is written again as it was.
    @Sendable static func envelope(_ bytes: [UInt8]) -> Bool {
        let whole = verdict(bytes, piece: max(1, bytes.count))
        let pieces = verdict(bytes, piece: 1 + bytes.count % 61)
        FuzzTarget.require(whole == pieces, "pieces of any size give the same verdict")
        guard case .accepted(let header) = whole else { return false }
        let written = FuzzTarget.parsed {
            try EnvelopeWriter.header(header.signed, sealedKeys: header.sealedKeys, payloadSize: header.payloadSize)
        }
        FuzzTarget.require(written == Array(bytes.prefix(header.byteCount)), "a header has one spelling")
        FuzzTarget.require(header.fileSize == UInt64(bytes.count), "nothing follows the payload")
        return true
    }

    private enum Verdict: Equatable {
        case accepted(EnvelopeHeader)
        case refused(String)
    }

    private static func verdict(_ bytes: [UInt8], piece: Int) -> Verdict {
        var reader = EnvelopeReader()
        do throws(EnvelopeError) {
            var rest = bytes[...]
            while !rest.isEmpty {
                _ = try reader.take(rest.prefix(piece))
                rest = rest.dropFirst(piece)
            }
            return .accepted(try reader.finish())
        } catch {
            return .refused(error.code.rawValue)
        }
    }

    @Sendable static func sealedKeys(_ bytes: [UInt8]) -> Bool {
        guard let block = FuzzTarget.parsed({ try SealedKeysBlock(bytes) }) else { return false }
        let again = FuzzTarget.parsed { try SealedKeysBlock(block.keys) }
        FuzzTarget.require(again?.bytes == bytes, "a block has one spelling")
        for id in block.keyIDs { FuzzTarget.require(block.key(for: id)?.keyID == id, "a listed key is found") }
        return true
    }

    /// The content is read under the context and commitment of its own manifest, so that all of the reader is reached.
    @Sendable static func content(_ bytes: [UInt8]) -> Bool {
        let manifest = FuzzTarget.parsed {
            let length = bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            return try Manifest(der: Array(bytes.dropFirst(4).prefix(length)), limit: ContentBounds.manifest)
        }
        let context = manifest?.context ?? Seeds.context
        let commitment = manifest.map { ContentCommitment.commitment(to: $0) } ?? .zero
        let whole = FuzzTarget.parsed { try ContentReader.read(bytes, context: context, commitment: commitment) }
        var reader = ContentReader(context: context, commitment: commitment, size: UInt64(bytes.count))
        var parts: [[UInt8]] = []
        let pieces = FuzzTarget.parsed {
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = Array(rest.prefix(1 + bytes.count % 1_021))
                try reader.take(
                    piece, begin: { parts = Array(repeating: [], count: $0.parts.count) },
                    part: { parts[$0.value] += $1 })
                rest = rest.dropFirst(piece.count)
            }
            return try reader.finish()
        }
        FuzzTarget.require(whole?.manifest == pieces, "pieces of any size give the same verdict")
        if let whole { FuzzTarget.require(whole.parts == parts, "pieces of any size give the same content") }
        return whole != nil
    }
}
