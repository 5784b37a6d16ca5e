import Archive
import Envelope
import Glibc
import Rules
import Sealing
package import Statements
package import Transport
import Wire
import Wording

/// The two halves of sending, for a machine without a network and one that has it: `.valise` files are all that
/// crosses.
extension Desk {
    /// Seals a message into a file that any machine with a network may submit. Keys that are kept here are used; the
    /// relay is not asked.
    ///
    /// Where others have to release it, the file is a draft.
    /// - Parameters:
    ///   - path: where; a file that is there is replaced only if `overwrite`.
    /// - Throws: ``DeskError`` with `file-exists`, `keys-not-kept`; as ``send(_:progress:)``.
    package func seal(
        _ outgoing: Outgoing, to path: String, overwrite: Bool = false, progress: StepProgress = .none
    ) async throws -> SentMessage {
        if !overwrite, DeskFile.exists(path) { throw Self.exists(path) }
        let signers = try signers(outgoing.releasers)
        let expiry = now() + outgoing.lifetime
        let keys = try await RecipientKeys.find(
            for: outgoing.readers(own: party), until: expiry, from: .kept, desk: self)
        let composed = try compose(outgoing, keys: keys, expiry: expiry, progress: progress)
        defer { composed.payload.remove() }
        let statement = try await statement(
            .submission(composed.submission(under: charter.inForce)), signers: signers,
            window: charter.inForce.limits.longestSubmitWindow)
        let item = try await OutboxItem(
            header: header(statement, sealedKeys: composed.wrapped.sealedKeys), fields: composed.fields,
            text: composed.text, opening: composed.opening?.derBytes(), made: now(), contentKey: composed.contentKey)
        try await keep(item)
        if item.isDraft { try await Outbox(self).park(item, payload: composed.payload) }
        try composed.payload.copy(after: item.header, to: path, overwrite: overwrite)
        if item.contentKey != nil, !item.isDraft {
            try await archive().payloads.keep(item.message) { composed.payload.keep(as: $0, without: 0) }
        }
        return item.sent(.sealed(path: path), keysAge: keys.age)
    }

    static func exists(_ path: String) -> DeskError {
        DeskError(
            "file-exists", "\(path) is already there.", hint: "choose another name, or give --overwrite",
            kind: .refused)
    }

    /// Hands a file to the relay: an envelope, a statement or a draft, whoever signed it.
    /// - Throws: ``DeskError`` with `not-a-valise-file`, `of-other-charter`; ``Envelope/EnvelopeError``,
    ///   ``Transport/TransportError``.
    package func submitFile(_ path: String, progress: StepProgress = .none) async throws -> SubmittedFile {
        let file = try SpoolFile.open(path)
        switch ValiseFileKind.detect(try file.read(0, ValiseFileKind.detectionCount)) {
        case .envelope:
            var reader = EnvelopeReader()
            try file.eachPiece { piece throws in _ = try reader.take(piece[...]) }
            let header = try reader.finish()
            try expectOwnCharter(header.signed.statement.charter, path)
            let accepted = try await relay.submit(
                envelope: { try file.read($0, $1) }, size: header.fileSize, submission: header.signed
            ) { progress.report(.sending, $0, $1) }
            return .accepted(accepted)
        case .statement:
            let statement = try StatementFile(parsing: DeskFile.read(path, limit: StatementFile.longest))
            try expectOwnCharter(statement.signed.statement.charter, path)
            return .accepted(try await relay.submit(statement.signed))
        case .draft:
            var reader = DraftReader()
            try file.eachPiece { piece throws in _ = try reader.take(piece[...]) }
            let header = try reader.finish()
            try expectOwnCharter(header.draft.statement.charter, path)
            let item = try await relay.putDraft(
                { try file.read($0, $1) }, size: header.fileSize, id: header.draft.id, payload: header.payloadSize
            ) { progress.report(.sending, $0, $1) }
            return .shelved(header.draft.id, missing: item.missing)
        case .keys:
            throw DeskError(
                "not-a-valise-file", "\(path) holds sealing keys, which are not submitted.",
                hint: "valise keys import \(ShellWord.quoted(path))", kind: .usage)
        case .rejection:
            throw DeskError(
                "not-a-valise-file", "\(path) holds a rejection, which is not submitted.",
                hint: "valise-audit rejection verify \(ShellWord.quoted(path))", kind: .usage)
        case nil:
            throw DeskError(
                "not-a-valise-file", "\(path) is not an envelope, a statement or a draft.",
                hint: "valise seal makes an envelope", kind: .usage)
        }
    }

    private func expectOwnCharter(_ found: CharterID, _ path: String) throws {
        guard found == charter.id else {
            throw DeskError(
                "of-other-charter", "\(path) is of talks under the charter \(found.fingerprint).",
                hint: "submit it at a desk that joined that charter", kind: .verification)
        }
    }
}

/// What became of a file that was submitted.
package enum SubmittedFile: Sendable {
    case accepted(AcceptedStatement)
    case shelved(StatementID, missing: [DelegateName])
}

extension SpoolFile {
    /// The file from a place to its end in pieces of 256 KiB.
    func eachPiece(from start: UInt64 = 0, _ take: ([UInt8]) throws -> Void) throws {
        var offset = start
        while true {
            let piece = try read(offset, 256 * 1024)
            if piece.isEmpty { return }
            offset += UInt64(piece.count)
            try take(piece)
        }
    }

    /// A file elsewhere with `header` and then the bytes from a place on; it gets its name when it is whole.
    func copy(from start: UInt64 = 0, after header: [UInt8], to path: String, overwrite: Bool) throws {
        try Self.write(to: path, overwrite: overwrite, mode: 0o644) { file in
            try file.append(header)
            try eachPiece(from: start) { try file.append($0) }
        }
    }
}
