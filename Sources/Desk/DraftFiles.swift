import Envelope
import Glibc
import Keyring
import Ledger
import Sealing
package import Statements

/// Releasing on a machine without a network: a draft file is opened and signed there, and what comes of it is another
/// file.
extension Desk {
    /// What a signature made of a draft file.
    package enum SignedFile: Sendable {
        /// Every signature is there: the file is an envelope, or a signed statement, to be submitted.
        case complete
        /// The file is a draft still.
        case waiting(missing: [DelegateName])
    }

    /// Opens a draft file as ``openDraft(_:saving:progress:)`` opens one of the shelf.
    /// - Throws: ``DeskError`` with `not-a-draft`, `draft-wrong`, `unreadable-...`; ``Envelope/EnvelopeError``.
    package func openDraft(file path: String, saving folder: String? = nil) async throws -> OpenedDraft {
        if let folder { try PartSaving.prepare(folder) }
        let file = try SpoolFile.open(path)
        guard ValiseFileKind.detect(try file.read(0, ValiseFileKind.detectionCount)) == .draft else {
            throw DeskError(
                "not-a-draft", "\(path) is not a draft.", hint: "valise open or valise submit take other files",
                kind: .usage)
        }
        var reader = DraftReader()
        try file.eachPiece { piece throws in _ = try reader.take(piece[...]) }
        return try await opened(reader.finish(), further: [], in: file, saving: folder)
    }

    /// Signs a draft that was opened from a file, and writes what it is then; the relay is not asked.
    ///
    /// To sign one again that has this delegate's signature writes it once more.
    /// - Parameter path: where; a file that is there is replaced only if `overwrite`.
    /// - Throws: ``DeskError`` with `not-a-signer`, `file-exists`.
    package func cosign(_ opened: OpenedDraft, to path: String, overwrite: Bool) async throws -> SignedFile {
        if !overwrite, DeskFile.exists(path) { throw Self.exists(path) }
        var draft = opened.draft
        if let own = try await ownSignature(of: draft) { draft = try draft.adding(own) }
        let start = UInt64(opened.header.byteCount)
        guard let signed = draft.complete() else {
            let header = try DraftWriter.header(draft, sealedKeys: opened.header.sealedKeys)
            try opened.file.copy(from: start, after: header, to: path, overwrite: overwrite)
            return .waiting(missing: draft.missing)
        }
        if let submission = opened.submission, let block = opened.header.sealedKeys {
            let header = try EnvelopeWriter.header(signed, sealedKeys: block, payloadSize: submission.payloadSize)
            try opened.file.copy(from: start, after: header, to: path, overwrite: overwrite)
            try await archive(signed, of: opened)
        } else {
            try Durable.write(
                path: path, bytes: StatementFile(signed).bytes(), mode: 0o644, exclusive: !overwrite)
        }
        return .complete
    }
}
