package import Statements

/// What stands before a payload: a leading DER value, and what it says about the rest of the file.
package protocol PayloadFileHeader: Hashable, Sendable {
    /// The leading value: a signed statement or a draft.
    associatedtype Lead: Sendable
    static var kind: ValiseFileKind { get }
    /// The lead's name in errors.
    static var leadName: String { get }
    /// The most bytes of the lead.
    static var leadLimit: Int { get }
    static func lead(_ bytes: [UInt8]) throws(EnvelopeError) -> Lead
    /// The submission whose sealed keys and payload follow; nil when nothing follows.
    static func submission(of lead: Lead) throws(EnvelopeError) -> Submission?
    /// - Parameter sealedKeys: nil when nothing follows.
    init(lead: Lead, sealedKeys: SealedKeysBlock?, byteCount: Int) throws(EnvelopeError)
    /// The submission whose payload follows; nil when nothing follows.
    var payload: Submission? { get }
}

extension PayloadFileHeader {
    /// Bytes of the sealed payload; 0 when nothing follows.
    package var payloadSize: UInt64 { payload?.payloadSize ?? 0 }
}

/// Reads an envelope file's header.
package typealias EnvelopeHeaderParser = HeaderParser<EnvelopeHeader>

/// Reads a file's header from pieces of any size, refusing it at the first byte that cannot be right.
///
/// A length is checked before a byte of what it counts is kept.
package struct HeaderParser<Header: PayloadFileHeader>: Sendable {
    private enum Stage: Sendable {
        case magic, leadLength, lead
        case blockLength(Header.Lead), block(Header.Lead), payloadSize(Header.Lead, SealedKeysBlock)
        case done
    }

    private let magic: [UInt8]
    private var stage = Stage.magic
    private var pending: [UInt8] = []
    private var needed: Int
    private var byteCount = 0
    /// The header, as soon as its last byte was taken.
    package private(set) var header: Header?

    package init() {
        magic = Header.kind.magic
        needed = magic.count
    }

    /// Takes the next piece of the file and returns what of it is already payload.
    /// - Throws: ``EnvelopeError``; after that the parser is of no further use.
    package mutating func take(_ bytes: ArraySlice<UInt8>) throws(EnvelopeError) -> ArraySlice<UInt8> {
        var rest = bytes
        while header == nil, !rest.isEmpty {
            let piece = rest.prefix(needed - pending.count)
            if pending.isEmpty { pending.reserveCapacity(needed) }
            pending += piece
            rest = rest.dropFirst(piece.count)
            if case .magic = stage, !magic.starts(with: pending) {
                throw EnvelopeError(.malformed, "first line", expected: Header.kind.firstLine)
            }
            if pending.count == needed {
                byteCount += needed
                let whole = pending
                pending = []
                try advance(whole)
            }
        }
        return rest
    }

    /// - Throws: ``EnvelopeError`` with `truncated` when the bytes ended inside the header.
    package func finish() throws(EnvelopeError) -> Header {
        guard let header else {
            throw EnvelopeError(.truncated, "header", expected: "\(needed - pending.count) more bytes")
        }
        return header
    }

    private mutating func advance(_ bytes: [UInt8]) throws(EnvelopeError) {
        switch stage {
        case .magic: expect(.leadLength, 4)
        case .leadLength: try expectLead(length: Int(BigEndian.number(bytes[...], as: UInt32.self)))
        case .lead:
            let lead = try Header.lead(bytes)
            if try Header.submission(of: lead) == nil {
                header = try Header(lead: lead, sealedKeys: nil, byteCount: byteCount)
                return expect(.done, 0)
            }
            expect(.blockLength(lead), 4)
        case .blockLength(let lead):
            try expectBlock(lead, length: Int(BigEndian.number(bytes[...], as: UInt32.self)))
        case .block(let lead): expect(.payloadSize(lead, try SealedKeysBlock(bytes)), 8)
        case .payloadSize(let lead, let block):
            let header = try Header(lead: lead, sealedKeys: block, byteCount: byteCount)
            guard BigEndian.number(bytes[...], as: UInt64.self) == header.payloadSize else {
                throw EnvelopeError(
                    .malformed, "payload size", expected: "\(header.payloadSize), as the submission says")
            }
            self.header = header
            expect(.done, 0)
        case .done: break
        }
    }

    private mutating func expect(_ stage: Stage, _ count: Int) {
        self.stage = stage
        needed = count
    }

    private mutating func expectLead(length: Int) throws(EnvelopeError) {
        guard length <= Header.leadLimit else {
            throw EnvelopeError(.oversized, Header.leadName, expected: "at most \(Header.leadLimit) bytes")
        }
        guard length > 0 else { throw EnvelopeError(.malformed, Header.leadName, expected: "at least one byte") }
        expect(.lead, length)
    }

    private mutating func expectBlock(_ lead: Header.Lead, length: Int) throws(EnvelopeError) {
        guard length <= SealedKeysBlock.longest else {
            throw EnvelopeError(.oversized, "sealed-keys block", expected: "at most \(SealedKeysBlock.longest) bytes")
        }
        let listed = try Header.submission(of: lead)?.sealedTo.count ?? 0
        guard length == listed * SealedKey.byteCount else {
            throw EnvelopeError(.blockMismatch, "sealed-keys block", expected: "the submission's \(listed) keys")
        }
        expect(.block(lead), length)
    }
}
