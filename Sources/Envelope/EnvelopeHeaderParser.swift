import Statements

/// Reads an envelope file's header from pieces of any size, refusing it at the first byte that cannot be right.
///
/// A length is checked before a byte of what it counts is kept.
package struct EnvelopeHeaderParser: Sendable {
    private enum Stage: Sendable {
        case magic, statementLength, statement
        case blockLength(SignedStatement), block(SignedStatement), payloadSize(SignedStatement, SealedKeysBlock)
        case done
    }

    private var stage = Stage.magic
    private var pending: [UInt8] = []
    private var needed = EnvelopeFormat.magic.count
    private var byteCount = 0
    /// The header, as soon as its last byte was taken.
    package private(set) var header: EnvelopeHeader?

    package init() {}

    /// Takes the next piece of the file and returns what of it is already payload.
    /// - Throws: ``EnvelopeError``; after that the parser is of no further use.
    package mutating func take(_ bytes: ArraySlice<UInt8>) throws(EnvelopeError) -> ArraySlice<UInt8> {
        var rest = bytes
        while header == nil, !rest.isEmpty {
            let piece = rest.prefix(needed - pending.count)
            if pending.isEmpty { pending.reserveCapacity(needed) }
            pending += piece
            rest = rest.dropFirst(piece.count)
            if case .magic = stage, !EnvelopeFormat.magic.starts(with: pending) {
                throw EnvelopeError(.malformed, "first line", expected: "valise-envelope/v1")
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
    package func finish() throws(EnvelopeError) -> EnvelopeHeader {
        guard let header else {
            throw EnvelopeError(.truncated, "header", expected: "\(needed - pending.count) more bytes")
        }
        return header
    }

    private mutating func advance(_ bytes: [UInt8]) throws(EnvelopeError) {
        switch stage {
        case .magic: expect(.statementLength, 4)
        case .statementLength:
            let length = Int(BigEndian.number(bytes[...], as: UInt32.self))
            guard length <= Bounds.signedStatement else {
                throw EnvelopeError(.oversized, "signed statement", expected: "at most \(Bounds.signedStatement) bytes")
            }
            guard length > 0 else { throw EnvelopeError(.malformed, "signed statement", expected: "at least one byte") }
            expect(.statement, length)
        case .statement: expect(.blockLength(try Self.statement(bytes)), 4)
        case .blockLength(let signed):
            try expectBlock(signed, length: Int(BigEndian.number(bytes[...], as: UInt32.self)))
        case .block(let signed): expect(.payloadSize(signed, try SealedKeysBlock(bytes)), 8)
        case .payloadSize(let signed, let block):
            let header = try EnvelopeHeader(signed: signed, sealedKeys: block, byteCount: byteCount)
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

    private mutating func expectBlock(_ signed: SignedStatement, length: Int) throws(EnvelopeError) {
        guard length <= SealedKeysBlock.longest else {
            throw EnvelopeError(.oversized, "sealed-keys block", expected: "at most \(SealedKeysBlock.longest) bytes")
        }
        let listed = try EnvelopeHeader.submission(of: signed).sealedTo.count
        guard length == listed * SealedKey.byteCount else {
            throw EnvelopeError(.blockMismatch, "sealed-keys block", expected: "the submission's \(listed) keys")
        }
        expect(.block(signed), length)
    }

    private static func statement(_ bytes: [UInt8]) throws(EnvelopeError) -> SignedStatement {
        do throws(FormError) {
            return try SignedStatement(der: bytes, limit: Bounds.signedStatement)
        } catch {
            throw EnvelopeError(error)
        }
    }
}
