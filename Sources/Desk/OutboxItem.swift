import Archive
import Envelope
import Ledger
import Rules
import Sealing
package import Statements
import Transport

/// Why a message is still in the outbox.
package struct OutboxReason: Hashable, Sendable {
    /// Stable: a transport error's, a rejection's or a problem's code.
    package let code: String
    /// May hold the relay's words: untrusted text.
    package let message: String
    /// The relay said a "no" that does not change by trying again.
    package let isFinal: Bool

    package init(code: String, message: String, isFinal: Bool) {
        self.code = code
        self.message = message
        self.isFinal = isFinal
    }
}

/// One message in the outbox: signed, sealed, archived, and not known to be accepted.
package struct OutboxItem: Sendable {
    /// What stands before the payload: an envelope's header, or a draft's where other delegates have to sign.
    package internal(set) var header: [UInt8]
    package internal(set) var statement: Statement
    /// The identifier of the message; a new signature under the same nonce changes it.
    package internal(set) var message: MessageID
    package internal(set) var submission: Submission
    /// What the archive keeps of it, until it has it.
    let fields: [Field]
    let text: [UInt8]?
    let opening: [UInt8]?
    /// Of a message with attachments: what opens its payload, which goes on into the archive.
    let contentKey: ContentKey?
    package let made: Timestamp
    package internal(set) var attempts: UInt64 = 0
    package internal(set) var lastAttempt: Timestamp?
    package internal(set) var reason: OutboxReason?
    /// The relay may have it: it may still accept it until ``submitBy``.
    package internal(set) var isHandedOver = false
    /// It is sealed to keys that were kept here, since the relay did not answer for keys: they are asked for before it
    /// is handed over.
    var isSealedToKept = false
    /// It is sealed to the intermediaries too.
    var isOpenToIntermediaries = false
    /// Whether that was so before the attempt that is going on.
    var wasHandedOver = false

    /// It waits for signatures of other delegates once the relay has it.
    package var isDraft: Bool { ValiseFileKind.detect(header) == .draft }
    package var submitBy: Timestamp { statement.submitBy }

    /// The name of its files: the same through every new signature.
    var name: String { Self.name(submission.nonce) }

    static func name(_ nonce: Nonce) -> String {
        String(Base32.encode(Hash.sha256(Array("outbox".utf8) + nonce.bytes).bytes).prefix(12))
    }

    /// - Parameter header: of an envelope or of a draft, whose act is a submission.
    init(
        header: [UInt8], fields: [Field], text: [UInt8]?, opening: [UInt8]?, made: Timestamp,
        contentKey: ContentKey? = nil
    ) throws {
        let (statement, id) = try Self.lead(header)
        guard case .submission(let submission) = statement.act else { throw Self.damaged }
        self.header = header
        self.statement = statement
        self.submission = submission
        message = MessageID(id)
        self.fields = fields
        self.text = text
        self.opening = opening
        self.contentKey = contentKey
        self.made = made
    }

    private static func lead(_ header: [UInt8]) throws -> (Statement, StatementID) {
        if ValiseFileKind.detect(header) == .draft {
            var parser = HeaderParser<DraftHeader>()
            _ = try parser.take(header[...])
            let draft = try parser.finish().draft
            return (draft.statement, draft.id)
        }
        let signed = try envelope(header).signed
        return (signed.statement, signed.id)
    }

    static func envelope(_ header: [UInt8]) throws -> EnvelopeHeader {
        var parser = EnvelopeHeaderParser()
        _ = try parser.take(header[...])
        return try parser.finish()
    }

    /// The signed submission; nil while it is a draft.
    var signed: SignedStatement? { isDraft ? nil : try? Self.envelope(header).signed }

    var sealedKeys: SealedKeysBlock {
        get throws {
            if isDraft {
                var parser = HeaderParser<DraftHeader>()
                _ = try parser.take(header[...])
                guard let keys = try parser.finish().sealedKeys else { throw Self.damaged }
                return keys
            }
            return try Self.envelope(header).sealedKeys
        }
    }

    /// It is under a new signature now.
    mutating func replace(header: [UInt8]) throws {
        let (statement, id) = try Self.lead(header)
        guard case .submission(let submission) = statement.act else { throw Self.damaged }
        self.header = header
        self.statement = statement
        self.submission = submission
        message = MessageID(id)
    }

    static let damaged = DeskError(
        "outbox-damaged", "A file of the outbox is not what this desk wrote there.",
        hint: "valise outbox cancel removes it; what it held is in the archive: valise list --sent")
}

/// Its form on the disk.
extension OutboxItem {
    private static let version: [UInt8] = [1]
    private static let stringCount = 9

    /// Manifests are how the project writes fields; this one seals nothing and its secret is of zeros.
    func encoded() throws -> [UInt8] {
        let context = SealContext(charter: statement.charter, originator: statement.party, nonce: submission.nonce)
        guard let zeros = ManifestSecret([UInt8](repeating: 0, count: ContentBounds.secret)) else { throw Self.damaged }
        let manifest = try Manifest(context: context, fields: fields, secret: zeros)
        var numbers = ByteStrings.number(made.milliseconds) + ByteStrings.number(attempts)
        numbers += ByteStrings.number(lastAttempt?.milliseconds ?? -1)
        let flags: [UInt8] = [
            isHandedOver ? 1 : 0, reason?.isFinal ?? false ? 1 : 0, text == nil ? 0 : 1, opening == nil ? 0 : 1,
            isSealedToKept ? 1 : 0, isOpenToIntermediaries ? 1 : 0,
        ]
        let strings = [
            Self.version, numbers, flags, Array((reason?.code ?? "").utf8), Array((reason?.message ?? "").utf8),
            header, try manifest.derBytes(), text ?? [], opening ?? [],
        ]
        return ByteStrings.pack(strings + (contentKey.map { [$0.bytes] } ?? []))
    }

    /// - Throws: ``DeskError`` `outbox-damaged`.
    init(decoding bytes: [UInt8]) throws {
        // Without a content key there is no string for it: version 0.1 had none at all.
        let found = ByteStrings.unpack(bytes, count: Self.stringCount)
        guard let strings = found ?? ByteStrings.unpack(bytes, count: Self.stringCount + 1),
            strings[0] == Self.version,
            strings[1].count == 24, strings[2].count == 6 || strings[2].count == 4,
            let manifest = try? Manifest(der: strings[6], limit: ContentBounds.manifest)
        else { throw Self.damaged }
        let numbers = stride(from: 0, to: 24, by: 8).map { start in
            Int64(bitPattern: ByteStrings.number(strings[1][start..<start + 8]) ?? 0)
        }
        let flags = strings[2].map { $0 == 1 }
        let key = found == nil ? ContentKey(strings[Self.stringCount]) : nil
        guard found != nil || key != nil else { throw Self.damaged }
        do {
            try self.init(
                header: strings[5], fields: manifest.fields, text: flags[2] ? strings[7] : nil,
                opening: flags[3] ? strings[8] : nil, made: Timestamp(milliseconds: numbers[0]), contentKey: key)
        } catch { throw Self.damaged }
        attempts = UInt64(max(0, numbers[1]))
        lastAttempt = numbers[2] < 0 ? nil : Timestamp(milliseconds: numbers[2])
        isHandedOver = flags[0]
        // Items of version 0.1 have no such flags.
        if flags.count == 6 { (isSealedToKept, isOpenToIntermediaries) = (flags[4], flags[5]) }
        if !strings[3].isEmpty {
            reason = OutboxReason(
                code: String(decoding: strings[3], as: UTF8.self), message: String(decoding: strings[4], as: UTF8.self),
                isFinal: flags[1])
        }
    }

    /// What the archive keeps; nil while it is a draft, which is archived when it is complete.
    func archived() -> ArchivedMessage? {
        signed.map {
            ArchivedMessage(
                direction: .sent, submission: $0, at: made, fields: fields, text: text, sourceOpening: opening,
                contentKey: contentKey)
        }
    }
}
