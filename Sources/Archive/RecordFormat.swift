import Sealing
import Statements

/// The plaintext of one record: `summary (u32, bytes), signed statement (u32, DER), manifest (u32, DER), flags (u8: 1
/// text, 2 source opening, 4 content key), text (u32, bytes), source opening (u32, bytes), content key (32 bytes)`.
///
/// Segments of version 1 have no content keys.
///
/// The fields travel in a manifest of the same context whose secret is thirty-two zeros: the true one is not kept.
enum RecordFormat {
    /// The most that the plaintext of a record has.
    static let limit = ArchivedMessage.textLimit + ArchivedMessage.openingLimit + (1 << 20)

    /// - Throws: ``ArchiveError`` `archive-unfit`.
    static func encode(_ message: ArchivedMessage) throws(ArchiveError) -> (record: [UInt8], summary: [UInt8]) {
        guard case .submission(let submission) = message.submission.statement.act else {
            throw unfit("is no submission, and only those are archived")
        }
        guard message.text?.count ?? 0 <= ArchivedMessage.textLimit,
            message.sourceOpening?.count ?? 0 <= ArchivedMessage.openingLimit
        else { throw unfit("has more text than the \(ArchivedMessage.textLimit) bytes that are archived") }
        let summary = SummaryFormat.encode(MessageSummary(message, submission))
        var out = BinaryWriter()
        do throws(FormError) {
            out.blob(summary)
            out.blob(try message.submission.derBytes())
            out.blob(try manifest(message.fields, message.submission.statement, submission.nonce))
        } catch {
            throw unfit("cannot be written: \(error.field) was expected to be \(error.expected)")
        }
        out.u8(
            (message.text == nil ? 0 : 1) | (message.sourceOpening == nil ? 0 : 2)
                | (message.contentKey == nil ? 0 : 4))
        if let text = message.text { out.blob(text) }
        if let opening = message.sourceOpening { out.blob(opening) }
        if let key = message.contentKey { out.raw(key.bytes) }
        return (out.bytes, summary)
    }

    private static func manifest(
        _ fields: [Field], _ statement: Statement, _ nonce: Nonce
    ) throws(FormError) -> [UInt8] {
        guard let secret = ManifestSecret([UInt8](repeating: 0, count: ContentBounds.secret)) else {
            throw FormError("Manifest.secret", expected: "32 bytes")
        }
        let context = SealContext(charter: statement.charter, originator: statement.party, nonce: nonce)
        return try Manifest(context: context, fields: fields, secret: secret).derBytes()
    }

    private static func unfit(_ what: String) -> ArchiveError {
        ArchiveError(.unfit, "What was to be archived \(what).", hint: "Check what the message was made from.")
    }

    /// The summary's bytes in a record.
    static func summary(_ record: UnsafeRawBufferPointer) throws(FormatFault) -> UnsafeRawBufferPointer {
        var input = BinaryReader(record)
        return try input.raw(Int(input.u32()))
    }

    static func decode(_ record: UnsafeRawBufferPointer) throws(FormatFault) -> ArchivedMessage {
        var input = BinaryReader(record)
        let summary = try SummaryFormat.decode(input.raw(Int(input.u32())))
        let statement = try input.blob(limit: Bounds.signedStatement)
        let manifest = try input.blob(limit: ContentBounds.manifest)
        let flags = try input.u8()
        guard flags < 8 else { throw FormatFault() }
        let text = flags & 1 == 0 ? nil : try input.blob(limit: ArchivedMessage.textLimit)
        let opening = flags & 2 == 0 ? nil : try input.blob(limit: ArchivedMessage.openingLimit)
        let key = flags & 4 == 0 ? nil : ContentKey(try input.array(ContentKey.byteCount))
        try input.end()
        guard let signed = try? SignedStatement(der: statement, limit: Bounds.signedStatement),
            case .submission(let submission) = signed.statement.act,
            let fields = try? Manifest(der: manifest, limit: ContentBounds.manifest).fields,
            manifest == (try? Self.manifest(fields, signed.statement, submission.nonce))
        else { throw FormatFault() }
        let message = ArchivedMessage(
            direction: summary.direction, submission: signed, at: summary.at, fields: fields, text: text,
            sourceOpening: opening, contentKey: key)
        guard MessageSummary(message, submission) == summary else { throw FormatFault() }
        return message
    }
}
