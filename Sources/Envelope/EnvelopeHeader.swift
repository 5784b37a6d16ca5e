package import Statements

/// Everything in an envelope file that stands before its payload, checked to belong together.
package struct EnvelopeHeader: Hashable, Sendable {
    /// The submission with its signatures, which this room does not verify.
    package let signed: SignedStatement
    package let submission: Submission
    package let sealedKeys: SealedKeysBlock
    /// Where the payload begins in the file, in bytes.
    package let byteCount: Int
    /// Bytes of the sealed payload.
    package var payloadSize: UInt64 { submission.payloadSize }
    /// The size of the whole file, in bytes.
    package var fileSize: UInt64 { UInt64(byteCount) + payloadSize }

    /// - Throws: ``EnvelopeError`` unless the act is a submission and the block is the one that it signs.
    init(signed: SignedStatement, sealedKeys: SealedKeysBlock, byteCount: Int) throws(EnvelopeError) {
        let submission = try Self.submission(of: signed)
        guard sealedKeys.keyIDs == submission.sealedTo else {
            throw EnvelopeError(.blockMismatch, "sealed-keys block", expected: "the submission's keys in their order")
        }
        guard sealedKeys.digest == submission.sealedKeysDigest else {
            throw EnvelopeError(.digestMismatch, "sealed-keys block", expected: "the block whose digest was signed")
        }
        self.signed = signed
        self.submission = submission
        self.sealedKeys = sealedKeys
        self.byteCount = byteCount
    }

    static func submission(of signed: SignedStatement) throws(EnvelopeError) -> Submission {
        guard case .submission(let submission) = signed.statement.act else {
            throw EnvelopeError(.malformed, "signed statement", expected: "a submission")
        }
        return submission
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
        var bytes = EnvelopeFormat.magic
        bytes.reserveCapacity(bytes.count + 16 + statement.count + sealedKeys.bytes.count)
        bytes += BigEndian.bytes(UInt32(statement.count))
        bytes += statement
        bytes += BigEndian.bytes(UInt32(sealedKeys.bytes.count))
        bytes += sealedKeys.bytes
        bytes += BigEndian.bytes(payloadSize)
        return bytes
    }
}
