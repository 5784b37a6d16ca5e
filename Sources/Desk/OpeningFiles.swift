import Envelope
import Glibc
import Keyring
import Rules
import Statements
import Wording

/// Opening envelope files on a machine without a network: what a stick brings, and the receipt that it takes back.
extension Desk {
    /// What was opened from a file.
    package struct OpenedFile: Sendable {
        package let read: ReadMessage
        /// The file that holds the signed receipt, if one was asked for.
        package let receipt: String?
    }

    /// Opens an envelope file without asking the relay: verifies its signatures under the joined charter and every
    /// commitment, and keeps it in the archive.
    ///
    /// That it was accepted cannot be seen here: the log says that, to a desk that reaches it.
    /// - Parameter receipt: where the signed `opened`, or `unreadable` with its reason, is written, to be submitted
    ///   from elsewhere; nothing there is overwritten.
    /// - Throws: ``DeskError`` with `other-charter`, `signature-wrong`, `not-here`, `no-own-key`, `unreadable-...`;
    ///   ``Envelope/EnvelopeError``.
    package func open(
        file path: String, _ options: ReadOptions = ReadOptions(), receipt: String? = nil
    ) async throws -> OpenedFile {
        if let folder = options.folder { try PartSaving.prepare(folder) }
        if let receipt, DeskFile.exists(receipt) {
            throw DeskError(
                "file-exists", "\(receipt) is already there.", hint: "choose another name for the receipt",
                kind: .refused)
        }
        let file = try SpoolFile.open(path)
        try Self.expectEnvelope(try file.read(0, ValiseFileKind.detectionCount), path)
        let (header, verdict) = try scan(file, options.progress)
        let leg = try trusted(header)
        let own = try Set(ownKeys(among: header.submission.sealedTo))
        guard !own.isEmpty else {
            throw DeskError(
                "no-own-key", "\(path) is sealed to none of this desk's keys.",
                hint: "open it on the desk of a delegate that it was sealed to", kind: .locked)
        }
        let archive = try await archive()
        do {
            if let verdict { throw verdict }
            let opened = try await open(header, own: own, options) { try file.read($0, $1) }
            try await keep(opened, header.signed, archive)
            try await write(receipt, header, leg, .opened)
            await destroyQuietly()
            return OpenedFile(
                read: try await shown(opened, header.signed, .file, nil, archive),
                receipt: leg == nil ? nil : receipt)
        } catch let reason as UnreadableReason {
            try await write(receipt, header, leg, .unreadable(reason))
            throw DeskError(
                "unreadable-\(reason)", "\(path) could not be opened: \(Self.sentence(reason)).",
                hint: receipt.map { "valise submit \(ShellWord.quoted($0)) says so in the log" }
                    ?? "ask for the file again",
                kind: .verification)
        }
    }

    /// Reads the whole file once, for its header and its digest.
    private func scan(
        _ file: SpoolFile, _ progress: StepProgress
    ) throws -> (EnvelopeHeader, UnreadableReason?) {
        var reader = EnvelopeReader()
        let size = file.size()
        var offset: UInt64 = 0
        while true {
            let piece = try file.read(offset, 1 << 20)
            if piece.isEmpty { break }
            _ = try reader.take(piece[...])
            offset += UInt64(piece.count)
            progress.report(.reading, offset, size)
        }
        do {
            return (try reader.finish(), nil)
        } catch {
            // The header is whole and signed; the bytes behind it are not what was signed.
            guard error.code == .digestMismatch, let header = reader.header else { throw error }
            return (header, .digest)
        }
    }

    private static func expectEnvelope(_ first: [UInt8], _ path: String) throws {
        let kind = ValiseFileKind.detect(first)
        guard kind != .envelope else { return }
        let hint =
            switch kind {
            case .statement: "valise submit \(ShellWord.quoted(path)) hands it to the relay"
            case .draft: "valise cosign \(ShellWord.quoted(path)) signs it"
            case .keys: "valise keys import \(ShellWord.quoted(path)) takes it in"
            case .rejection: "valise-audit rejection verify \(ShellWord.quoted(path)) decides it again"
            case .envelope, nil: "check that it is the right file"
            }
        throw DeskError(
            "not-an-envelope",
            "\(path) is \(kind.map { "a \($0.rawValue) file" } ?? "no .valise file"), not an envelope.",
            hint: hint, kind: .usage)
    }

    /// Whether charter, signatures and route are what this desk goes by.
    /// - Returns: the own leg; nil for the originator's own message.
    private func trusted(_ header: EnvelopeHeader) throws -> LegNumber? {
        let statement = header.signed.statement
        guard statement.charter == charter.id else {
            throw DeskError(
                "other-charter", "The envelope is of talks under the charter \(statement.charter.fingerprint).",
                hint: "open it on a desk that joined that charter", kind: .verification)
        }
        let quorum = charter.inForce.party(statement.party)?.releaseQuorum ?? 1
        guard ExaminedStatement(header.signed, key: { charter.inForce.key($0) }).isAuthentic,
            Set(statement.signers).count >= quorum
        else {
            throw DeskError(
                "signature-wrong",
                "The envelope is not signed by delegates of \(statement.party) as the charter wants.",
                hint: "do not rely on it; ask where the file comes from", kind: .verification)
        }
        if statement.party == party { return nil }
        let legs = header.submission.legs
        let place =
            legs.firstIndex { $0.recipient == party } ?? legs.firstIndex { $0.holders.contains(party) }
        guard let place, let leg = LegNumber(place) else {
            throw DeskError(
                "not-here", "The envelope is not on its way through \(party).", hint: "check that it is the right file",
                kind: .refused)
        }
        return leg
    }

    private func write(
        _ path: String?, _ header: EnvelopeHeader, _ leg: LegNumber?, _ outcome: ReceiptOutcome
    ) async throws {
        guard let path, let leg else { return }
        let reference = LegReference(message: MessageID(header.signed.id), leg: leg)
        let signed = try await sign(.receipt(reference, outcome))
        try Durable.write(path: path, bytes: StatementFile(signed).bytes(), mode: 0o600, exclusive: true)
    }

    private func destroyQuietly() async { _ = try? await destroyOverdueKeys() }
}
