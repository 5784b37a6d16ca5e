package import Statements

/// Everything in an envelope file that stands before its payload, checked to belong together.
package struct EnvelopeHeader: PayloadFileHeader {
    /// The submission with its signatures, which this room does not verify.
    package let signed: SignedStatement
    package let submission: Submission
    package let sealedKeys: SealedKeysBlock
    /// Where the payload begins in the file, in bytes.
    package let byteCount: Int
    package var payload: Submission? { submission }
    /// The size of the whole file, in bytes.
    package var fileSize: UInt64 { UInt64(byteCount) + payloadSize }

    /// - Throws: ``EnvelopeError`` unless the act is a submission and the block is the one that it signs.
    init(signed: SignedStatement, sealedKeys: SealedKeysBlock, byteCount: Int) throws(EnvelopeError) {
        guard case .submission(let submission) = signed.statement.act else {
            throw EnvelopeError(.malformed, "signed statement", expected: "a submission")
        }
        try sealedKeys.expect(toBeOf: submission)
        self.signed = signed
        self.submission = submission
        self.sealedKeys = sealedKeys
        self.byteCount = byteCount
    }

}

extension EnvelopeHeader {
    package static var kind: ValiseFileKind { .envelope }
    package static var leadName: String { "signed statement" }
    package static var leadLimit: Int { Bounds.signedStatement }

    package static func lead(_ bytes: [UInt8]) throws(EnvelopeError) -> SignedStatement {
        let signed: SignedStatement
        do throws(FormError) { signed = try SignedStatement(der: bytes, limit: leadLimit) } catch {
            throw EnvelopeError(error)
        }
        guard signed.statement.act.kind == .submission else {
            throw EnvelopeError(.malformed, leadName, expected: "a submission")
        }
        return signed
    }

    package static func submission(of lead: SignedStatement) -> Submission? {
        if case .submission(let submission) = lead.statement.act { submission } else { nil }
    }

    package init(lead: SignedStatement, sealedKeys: SealedKeysBlock?, byteCount: Int) throws(EnvelopeError) {
        guard let sealedKeys else {
            throw EnvelopeError(.malformed, "sealed-keys block", expected: "the submission's keys")
        }
        try self.init(signed: lead, sealedKeys: sealedKeys, byteCount: byteCount)
    }
}

/// Makes the bytes that stand before a payload; the payload itself follows unchanged.
package enum EnvelopeWriter {
    /// - Throws: ``EnvelopeError`` when the parts do not belong together: such a file would be refused by every reader.
    package static func header(
        _ signed: SignedStatement, sealedKeys: SealedKeysBlock, payloadSize: UInt64
    ) throws(EnvelopeError) -> [UInt8] {
        let statement: [UInt8]
        do throws(FormError) { statement = try signed.derBytes() } catch { throw EnvelopeError(error) }
        guard statement.count <= Bounds.signedStatement else {
            throw EnvelopeError(.oversized, "signed statement", expected: "at most \(Bounds.signedStatement) bytes")
        }
        let header = try EnvelopeHeader(signed: signed, sealedKeys: sealedKeys, byteCount: 0)
        guard header.payloadSize == payloadSize else {
            throw EnvelopeError(
                .malformed, "payload size", expected: "\(header.payloadSize), which the submission names")
        }
        return HeaderBytes.write(.envelope, lead: statement, sealedKeys: sealedKeys, payloadSize: payloadSize)
    }
}

/// `magic line || u32 length || lead`, and for a submission `|| u32 length || sealed-keys block || u64 payload size`.
enum HeaderBytes {
    static func write(
        _ kind: ValiseFileKind, lead: [UInt8], sealedKeys: SealedKeysBlock?, payloadSize: UInt64
    ) -> [UInt8] {
        var bytes = kind.magic
        bytes.reserveCapacity(bytes.count + 16 + lead.count + (sealedKeys?.bytes.count ?? 0))
        bytes += BigEndian.bytes(UInt32(lead.count))
        bytes += lead
        guard let sealedKeys else { return bytes }
        bytes += BigEndian.bytes(UInt32(sealedKeys.bytes.count))
        bytes += sealedKeys.bytes
        bytes += BigEndian.bytes(payloadSize)
        return bytes
    }
}
