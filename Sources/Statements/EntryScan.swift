import Ledger

private typealias Tag = DERScanner.Tag

extension Entry {
    /// Reads an entry with a statement, several times faster than ``init(der:limit:)``.
    ///
    /// What it accepts is the canonical encoding of the value that it gives: each part has one spelling, and each
    /// bound is checked. Nil says nothing about the bytes: the charter, amendments, erasures, open signatures and
    /// everything that is no entry are left to ``init(der:limit:)``.
    package init?(scanning bytes: ArraySlice<UInt8>) {
        guard bytes.count <= Bounds.entry else { return nil }
        let entry = bytes.withUnsafeBytes { raw -> Entry? in
            var scanner = DERScanner(raw)
            guard let entry = try? Self.scan(&scanner), scanner.isAtEnd else { return nil }
            return entry
        }
        guard let entry else { return nil }
        self = entry
    }

    private static func scan(_ outer: inout DERScanner) throws(Unscannable) -> Entry {
        var f = try outer.inside()
        try f.version()
        let acceptedAt = try f.time()
        let salt = try f.bytes(saltBytes)
        let constitution = Revision(try f.uint())
        let roster = Revision(try f.uint())
        let tag = Tag.primitive(0)
        let previous = f.isNext(tag) ? LogIndex(rawValue: try f.uint(tag)) : nil
        var body = try f.inside(Tag.constructed(2))
        try f.end()
        let signed = try SignedStatement.scan(&body)
        try body.end()
        return Entry(
            acceptedAt: acceptedAt, salt: salt, constitution: constitution, roster: roster, previous: previous,
            body: .statement(signed))
    }
}

/// What an entry's signatures are over, and whose they are: found without reading the rest of the entry.
package struct EntrySignatures: Hashable, Sendable {
    package let statement: ArraySlice<UInt8>
    package let signers: [DelegateID]
    /// As many as there are signers.
    package let signatures: [ArraySlice<UInt8>]

    /// Nil when it cannot be told so simply; it says nothing about the bytes. Of an entry that
    /// ``Entry/init(scanning:)`` accepts, these are the statement's bytes, its signers and their signatures.
    package init?(scanning bytes: ArraySlice<UInt8>) {
        let found = bytes.withUnsafeBytes { raw in try? Self.scan(DERScanner(raw)) { Self.slice($0, of: raw, bytes) } }
        guard let found, found.signers.count == found.signatures.count else { return nil }
        self = found
    }

    private init(statement: ArraySlice<UInt8>, signers: [DelegateID], signatures: [ArraySlice<UInt8>]) {
        self.statement = statement
        self.signers = signers
        self.signatures = signatures
    }

    private static func slice(
        _ part: UnsafeRawBufferPointer, of whole: UnsafeRawBufferPointer, _ bytes: ArraySlice<UInt8>
    ) -> ArraySlice<UInt8> {
        guard let part = part.baseAddress.map({ ($0, part.count) }), let start = whole.baseAddress else { return [] }
        let offset = bytes.startIndex + (part.0 - start)
        return bytes[offset..<offset + part.1]
    }

    private static func scan(
        _ bytes: DERScanner, _ slice: (UnsafeRawBufferPointer) -> ArraySlice<UInt8>
    ) throws(Unscannable) -> EntrySignatures {
        var outer = bytes
        var entry = try outer.inside()
        for tag in [Tag.integer, Tag.integer, Tag.octets, Tag.integer, Tag.integer] { _ = try entry.value(tag) }
        if entry.isNext(Tag.primitive(0)) { _ = try entry.value(Tag.primitive(0)) }
        var body = try entry.inside(Tag.constructed(2))
        var signed = try body.inside()
        let (statement, content) = try signed.value(Tag.sequence)
        var fields = DERScanner(content)
        for tag in [Tag.integer, Tag.octets] { _ = try fields.value(tag) }
        let party = PartyID(try fields.slug())
        let signers = try fields.list(1...Bounds.signers) { (f) throws(Unscannable) in
            DelegateID(party: party, name: DelegateName(try f.slug()))
        }
        let signatures = try signed.list(1...Bounds.signers) { (f) throws(Unscannable) in
            slice(try f.content(Tag.octets))
        }
        return EntrySignatures(statement: slice(statement), signers: signers, signatures: signatures)
    }
}

extension SignedStatement {
    fileprivate static func scan(_ outer: inout DERScanner) throws(Unscannable) -> SignedStatement {
        var f = try outer.inside()
        let (whole, content) = try f.value(Tag.sequence)
        guard whole.count <= Bounds.statement else { throw Unscannable() }
        let statement = try Statement.scan(DERScanner(content))
        let signatures = try f.list(1...Bounds.signers) { (f) throws(Unscannable) in
            try f.bytes(PinnedEd25519.signatureByteCount)
        }
        try f.end()
        do {
            return try SignedStatement(
                statement: statement, statementBytes: [UInt8](whole), signatures: signatures, openSignatures: [])
        } catch { throw Unscannable() }
    }
}

extension Statement {
    fileprivate static func scan(_ content: DERScanner) throws(Unscannable) -> Statement {
        var f = content
        try f.version()
        let charter = CharterID(try f.hash())
        let party = PartyID(try f.slug())
        let signers = try f.list(1...Bounds.signers) { (f) throws(Unscannable) in DelegateName(try f.slug()) }
        let madeAt = try f.time()
        let submitBy = try f.time()
        var head = try f.inside()
        let seen = LogHead(size: TreeSize(rawValue: try head.uint()), root: try head.hash())
        try head.end()
        let act = try Act.scan(&f)
        try f.end()
        guard signers.count == 1 || Set(signers).count == signers.count else { throw Unscannable() }
        return Statement(
            charter: charter, party: party, signers: signers, madeAt: madeAt, submitBy: submitBy, seen: seen, act: act)
    }
}

extension Act {
    fileprivate static func scan(_ outer: inout DERScanner) throws(Unscannable) -> Act {
        guard let tag = outer.next, tag == Tag.constructed(tag & 0x1f), let kind = Kind(rawValue: UInt(tag & 0x1f))
        else { throw Unscannable() }
        var f = try outer.inside(tag)
        let act = try scan(kind, &f)
        try f.end()
        return act
    }

    private static func scan(_ kind: Kind, _ f: inout DERScanner) throws(Unscannable) -> Act {
        switch kind {
        case .submission: return .submission(try Submission.scan(&f))
        case .conveyance: return .conveyance(try leg(&f))
        case .refusal: return .refusal(try leg(&f), try f.choice())
        case .receipt: return .receipt(try leg(&f), try outcome(&f))
        case .recall:
            let message = MessageID(try f.hash())
            let legs = try f.list(1...Bounds.legs) { (f) throws(Unscannable) in try number(&f) }
            guard zip(legs, legs.dropFirst()).allSatisfy({ $0 < $1 }) else { throw Unscannable() }
            return .recall(message, legs: legs)
        case .keyPublication:
            return .keyPublication(
                KeyPublication(
                    sealingKey: try f.bytes(1_216), sealFrom: try f.time(), sealUntil: try f.time(),
                    keepUntil: try f.time()))
        case .expiry: return .expiry(try leg(&f))
        case .tick:
            return .tick(
                Tick(
                    party: PartyID(try f.slug()), arrivals: try f.uint(), charterInForce: try f.hash(),
                    keys: try f.hash()))
        case .amendment, .erasure: throw Unscannable()
        }
    }

    private static func number(_ f: inout DERScanner) throws(Unscannable) -> LegNumber {
        guard let number = LegNumber(Int(try f.uint())) else { throw Unscannable() }
        return number
    }

    private static func leg(_ f: inout DERScanner) throws(Unscannable) -> LegReference {
        LegReference(message: MessageID(try f.hash()), leg: try number(&f))
    }

    private static func outcome(_ f: inout DERScanner) throws(Unscannable) -> ReceiptOutcome {
        let tag = { (number: UInt8) in Tag.primitive(number) }
        if f.isNext(tag(2)) { return .unreadable(try f.choice(tag(2))) }
        let isOpened = f.isNext(tag(1))
        guard try f.content(tag(isOpened ? 1 : 0)).isEmpty else { throw Unscannable() }
        return isOpened ? .opened : .retrieved
    }
}

extension Submission {
    fileprivate static func scan(_ f: inout DERScanner) throws(Unscannable) -> Submission {
        guard let nonce = Nonce(try f.bytes(Nonce.byteCount)) else { throw Unscannable() }
        var under = try f.inside()
        let constitution = Revision(try under.uint())
        let rosters = try under.list(0...Bounds.parties) { (f) throws(Unscannable) in
            var f = try f.inside()
            let roster = RosterRevision(party: PartyID(try f.slug()), revision: Revision(try f.uint()))
            try f.end()
            return roster
        }
        try under.end()
        let legs = try f.list(1...Bounds.legs) { (f) throws(Unscannable) in
            var f = try f.inside()
            let hops = try f.list(0...Bounds.intermediaries) { (f) throws(Unscannable) in PartyID(try f.slug()) }
            let leg = Leg(intermediaries: hops, recipient: PartyID(try f.slug()))
            try f.end()
            return leg
        }
        let submission = Submission(
            nonce: nonce, writtenUnder: WrittenUnder(constitution: constitution, rosters: rosters), legs: legs,
            precedence: try f.choice(), expiry: try f.time(),
            sealedTo: try f.list(1...Bounds.sealedTo) { (f) throws(Unscannable) in KeyID(try f.hash()) },
            sealedKeysDigest: try f.hash(), payloadDigest: try f.hash(), payloadSize: try f.uint(max: Bounds.payload),
            keyCommitment: try f.hash(), contentCommitment: try f.hash())
        guard zip(submission.sealedTo, submission.sealedTo.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw Unscannable()
        }
        return submission
    }
}
