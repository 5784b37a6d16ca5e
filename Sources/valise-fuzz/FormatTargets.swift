import Envelope
import Foundation
import Ledger
import Sealing
import Statements

/// Drafts, statement and keys files, openings and reveals: what crosses between desks beside envelopes.
enum FormatTargets {
    static let all = [
        der(Draft.self, Bounds.signedStatement), der(KeysPage.self, Bounds.keysFile),
        der(KeysFile.self, Bounds.keysFile), der(SourceOpening.self, SourceOpening.longest),
        der(Reveal.self, ContentBounds.reveal), der(RejectedStatement.self, Bounds.rejectedStatement),
        FuzzTarget("draft-file", draftFile), FuzzTarget("statement-file", statementFile),
        FuzzTarget("keys-file", keysFile), FuzzTarget("rejection-file", rejectionFile),
    ]

    private static func der<Format: DERFormat>(_: Format.Type, _ limit: Int) -> FuzzTarget {
        FuzzTarget(Format.formName) { bytes in
            guard let value = FuzzTarget.parsed({ try Format(der: bytes, limit: limit) }) else { return false }
            FuzzTarget.require(FuzzTarget.parsed { try value.derBytes() } == bytes, "DER has one spelling")
            return true
        }
    }

    /// Whole or in pieces, the verdict is one; a header that was accepted is written again as it was.
    @Sendable static func draftFile(_ bytes: [UInt8]) -> Bool {
        let whole = read(bytes, piece: max(1, bytes.count))
        FuzzTarget.require(whole == read(bytes, piece: 1 + bytes.count % 61), "pieces give the same verdict")
        guard let header = whole else { return false }
        let written = FuzzTarget.parsed { try DraftWriter.header(header.draft, sealedKeys: header.sealedKeys) }
        FuzzTarget.require(written == Array(bytes.prefix(header.byteCount)), "a header has one spelling")
        FuzzTarget.require(header.fileSize == UInt64(bytes.count), "nothing follows the payload")
        FuzzTarget.require(ValiseFileKind.detect(bytes) == .draft, "a draft is told by its first line")
        return true
    }

    private static func read(_ bytes: [UInt8], piece: Int) -> DraftHeader? {
        FuzzTarget.parsed {
            var reader = DraftReader()
            var rest = bytes[...]
            while !rest.isEmpty {
                _ = try reader.take(rest.prefix(piece))
                rest = rest.dropFirst(piece)
            }
            return try reader.finish()
        }
    }

    @Sendable static func statementFile(_ bytes: [UInt8]) -> Bool {
        guard let file = FuzzTarget.parsed({ try StatementFile(parsing: bytes) }) else { return false }
        FuzzTarget.require(FuzzTarget.parsed { try file.bytes() } == bytes, "a statement file has one spelling")
        return true
    }

    @Sendable static func keysFile(_ bytes: [UInt8]) -> Bool {
        guard let file = FuzzTarget.parsed({ try KeysFile(parsing: bytes) }) else { return false }
        FuzzTarget.require(FuzzTarget.parsed { try file.bytes() } == bytes, "a keys file has one spelling")
        return true
    }

    @Sendable static func rejectionFile(_ bytes: [UInt8]) -> Bool {
        guard let file = FuzzTarget.parsed({ try RejectedStatement(parsing: bytes) }) else { return false }
        FuzzTarget.require(FuzzTarget.parsed { try file.bytes() } == bytes, "a rejection file has one spelling")
        FuzzTarget.require(file.rejection.rejection.statement == file.statement.id, "it is of its statement")
        return true
    }

    private struct KnownFile: Decodable {
        let name: String
        let type: String
        let der: String
        let file: String?
    }

    /// From the known answers that have these formats.
    static func seeds(_ vectors: String) throws -> [Seeds.Seed] {
        try ["drafts", "keys", "content", "files"].flatMap { list -> [Seeds.Seed] in
            let data = try Data(contentsOf: URL(fileURLWithPath: "\(vectors)/valise/\(list).json"))
            return try JSONDecoder().decode([KnownFile].self, from: data).flatMap { known -> [Seeds.Seed] in
                let value = (target: known.type, name: known.name, bytes: Base64.decode(known.der) ?? [])
                let file = known.file.map {
                    (target: "\(known.name)-file", name: known.name, bytes: Base64.decode($0) ?? [])
                }
                return [value] + [file].compactMap { $0 }
            }
        }
    }
}
