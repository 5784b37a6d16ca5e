import Ledger
import Sealing
import Statements

/// A summary in the index and at the head of its record: binary, since thousands are read at once.
///
///     identifier (32), direction (u8), at (u64), precedence (u8), expiry (u64), size of the text (u64), flags (u8:
///     1 subject, 2 caption, 4 source opening), source (u8: 0 none, 1 own, 2 named, 3 withheld; 32 bytes for 2 and 3),
///     references (u8, 32 bytes each), originator (name), signers (u8, names), legs (u8; each: intermediaries (u8,
///     names), recipient (name)), subject (u16, text), caption (u16, text), attachments (u8, names of u8 and text)
enum SummaryFormat {
    static func encode(_ summary: MessageSummary) -> [UInt8] {
        var out = BinaryWriter()
        out.raw(summary.id.hash.bytes)
        out.u8(Int(summary.direction.rawValue))
        out.u64(UInt64(summary.at.milliseconds))
        out.u8(summary.precedence.rawValue)
        out.u64(UInt64(summary.expiry.milliseconds))
        out.u64(UInt64(max(0, summary.textSize)))
        out.u8(
            (summary.subject == nil ? 0 : 1) | (summary.caption == nil ? 0 : 2) | (summary.hasSourceOpening ? 4 : 0))
        source(summary.source, to: &out)
        out.u8(summary.references.count)
        for reference in summary.references { out.raw(reference.hash.bytes) }
        out.short(summary.originator.slug.text)
        out.u8(summary.signers.count)
        for signer in summary.signers { out.short(signer.slug.text) }
        out.u8(summary.legs.count)
        for leg in summary.legs {
            out.u8(leg.intermediaries.count)
            for party in leg.intermediaries { out.short(party.slug.text) }
            out.short(leg.recipient.slug.text)
        }
        for text in [summary.subject, summary.caption] {
            guard let text else { continue }
            out.u16(text.utf8.count)
            out.raw(text.utf8)
        }
        out.u8(summary.attachmentNames.count)
        for name in summary.attachmentNames { out.short(name) }
        return out.bytes
    }

    private static func source(_ source: SourceAttribution?, to out: inout BinaryWriter) {
        switch source {
        case nil: out.u8(0)
        case .own: out.u8(1)
        case .named(let id):
            out.u8(2)
            out.raw(id.hash.bytes)
        case .withheld(let commitment):
            out.u8(3)
            out.raw(commitment.bytes)
        }
    }

    /// The summary that fills these bytes.
    static func decode(_ bytes: UnsafeRawBufferPointer) throws(FormatFault) -> MessageSummary {
        var names = NameMemory()
        return try decode(bytes, &names)
    }

    /// The same for many: names that come again are not made again.
    static func decode(_ bytes: UnsafeRawBufferPointer, _ names: inout NameMemory) throws(FormatFault) -> MessageSummary
    {
        var input = BinaryReader(bytes)
        let id = MessageID(try hash(&input))
        guard let direction = ArchivedMessage.Direction(rawValue: UInt8(try input.u8())) else { throw FormatFault() }
        let at = try time(&input)
        guard let precedence = Precedence(rawValue: try input.u8()) else { throw FormatFault() }
        let expiry = try time(&input)
        guard let textSize = Int(exactly: try input.u64()) else { throw FormatFault() }
        let flags = try input.u8()
        guard flags < 8 else { throw FormatFault() }
        let source = try source(&input)
        let references = try list(&input) { input throws(FormatFault) in MessageID(try hash(&input)) }
        let originator = PartyID(try names.slug(&input))
        let signers = try list(&input) { input throws(FormatFault) in DelegateName(try names.slug(&input)) }
        let legs = try list(&input) { input throws(FormatFault) in
            Leg(
                intermediaries: try list(&input) { input throws(FormatFault) in PartyID(try names.slug(&input)) },
                recipient: PartyID(try names.slug(&input)))
        }
        let subject = flags & 1 == 0 ? nil : try input.text(input.u16())
        let caption = flags & 2 == 0 ? nil : try input.text(input.u16())
        let attachments = try list(&input) { input throws(FormatFault) in try input.text(input.u8()) }
        try input.end()
        return MessageSummary(
            id: id, direction: direction, at: at, originator: originator, signers: signers, legs: legs,
            precedence: precedence, expiry: expiry, subject: subject, caption: caption, references: references,
            source: source, attachmentNames: attachments, textSize: textSize, hasSourceOpening: flags & 4 != 0)
    }

    /// Where the identifier and the direction of an encoded summary are.
    static func identity(_ bytes: UnsafeRawBufferPointer) throws(FormatFault) -> RecordIdentity {
        var input = BinaryReader(bytes)
        let id = MessageID(try hash(&input))
        guard let direction = ArchivedMessage.Direction(rawValue: UInt8(try input.u8())) else { throw FormatFault() }
        return RecordIdentity(id: id, direction: direction)
    }

    private static func hash(_ input: inout BinaryReader) throws(FormatFault) -> Hash {
        guard let hash = Hash(raw: try input.raw(Hash.byteCount)) else { throw FormatFault() }
        return hash
    }

    private static func time(_ input: inout BinaryReader) throws(FormatFault) -> Timestamp {
        guard let value = Int64(exactly: try input.u64()), Timestamp.range.contains(value) else { throw FormatFault() }
        return Timestamp(milliseconds: value)
    }

    private static func source(_ input: inout BinaryReader) throws(FormatFault) -> SourceAttribution? {
        switch try input.u8() {
        case 0: return nil
        case 1: return .own
        case 2: return .named(MessageID(try hash(&input)))
        case 3: return .withheld(try hash(&input))
        default: throw FormatFault()
        }
    }

    private static func list<Item>(
        _ input: inout BinaryReader, _ item: (inout BinaryReader) throws(FormatFault) -> Item
    ) throws(FormatFault) -> [Item] {
        let count = try input.u8()
        if count == 0 { return [] }
        var items: [Item] = []
        items.reserveCapacity(count)
        for _ in 0..<count { items.append(try item(&input)) }
        return items
    }
}

/// Which record: one message may have been sent and received at one desk.
struct RecordIdentity: Hashable, Sendable {
    let id: MessageID
    let direction: ArchivedMessage.Direction
}

/// Slugs that were read before: a desk writes with few parties, so that most names come again and again.
struct NameMemory {
    private var recent: [(key: UInt64, slug: Slug)] = []

    /// A name: its length (u8) and its letters.
    mutating func slug(_ input: inout BinaryReader) throws(FormatFault) -> Slug {
        let raw = try input.raw(input.u8())
        for known in recent where known.key == Self.key(raw) {
            if known.slug.text.utf8.elementsEqual(raw) { return known.slug }
        }
        guard let text = String(validating: raw, as: UTF8.self), let slug = Slug(text) else { throw FormatFault() }
        if recent.count < 64 { recent.append((Self.key(raw), slug)) }
        return slug
    }

    /// Length, and some letters of both ends: enough to tell most names apart.
    private static func key(_ raw: UnsafeRawBufferPointer) -> UInt64 {
        guard let first = raw.first, let last = raw.last else { return 0 }
        return UInt64(raw.count) << 32 | UInt64(first) << 24 | UInt64(raw[raw.count / 2]) << 16 | UInt64(last)
    }
}
