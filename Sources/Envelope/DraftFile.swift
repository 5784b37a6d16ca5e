package import Statements

/// Everything in a draft file that stands before its payload, checked to belong together
/// (`Docs/Specification.md#draft-file`).
package struct DraftHeader: PayloadFileHeader {
    /// The draft with the signatures that it has, which this room does not verify.
    package let draft: Draft
    /// Nil for an act that is no submission: nothing follows the draft then.
    package let sealedKeys: SealedKeysBlock?
    /// Where the payload begins in the file, in bytes; the file's end when there is none.
    package let byteCount: Int
    package var payload: Submission? { Self.submission(of: draft) }
    /// The size of the whole file, in bytes.
    package var fileSize: UInt64 { UInt64(byteCount) + payloadSize }

    package init(lead: Draft, sealedKeys: SealedKeysBlock?, byteCount: Int) throws(EnvelopeError) {
        switch (Self.submission(of: lead), sealedKeys) {
        case (let submission?, let block?): try block.expect(toBeOf: submission)
        case (nil, nil): break
        case (_?, nil): throw EnvelopeError(.malformed, "sealed-keys block", expected: "the submission's keys")
        case (nil, _?): throw EnvelopeError(.malformed, "sealed-keys block", expected: "none: this is no submission")
        }
        draft = lead
        self.sealedKeys = sealedKeys
        self.byteCount = byteCount
    }

    /// The header of the envelope that the draft becomes with its last signature; the payload follows unchanged.
    /// - Throws: ``EnvelopeError`` with `unsigned` while signatures are missing, `malformed` for an act that is no
    ///   submission: ``Statements/Draft/complete()`` is all of it.
    package func envelope() throws(EnvelopeError) -> [UInt8] {
        guard let signed = draft.complete() else {
            throw EnvelopeError(
                .unsigned, "draft",
                expected: "signatures of \(draft.missing.map(\.description).joined(separator: ", "))")
        }
        guard let sealedKeys else { throw EnvelopeError(.malformed, "draft", expected: "a submission") }
        return try EnvelopeWriter.header(signed, sealedKeys: sealedKeys, payloadSize: payloadSize)
    }
}

extension DraftHeader {
    package static var kind: ValiseFileKind { .draft }
    package static var leadName: String { "draft" }
    package static var leadLimit: Int { Bounds.signedStatement }

    package static func lead(_ bytes: [UInt8]) throws(EnvelopeError) -> Draft {
        do throws(FormError) { return try Draft(der: bytes, limit: leadLimit) } catch { throw EnvelopeError(error) }
    }

    package static func submission(of lead: Draft) -> Submission? {
        if case .submission(let submission) = lead.statement.act { submission } else { nil }
    }
}

/// Reads a whole draft file from pieces of any size.
package typealias DraftReader = PayloadFileReader<DraftHeader>

/// Makes the bytes that stand before a draft's payload; for an act that is no submission they are the whole file.
package enum DraftWriter {
    /// - Parameter sealedKeys: those of the submission; nil for another act.
    /// - Throws: ``EnvelopeError`` when the parts do not belong together: such a file would be refused by every reader.
    package static func header(_ draft: Draft, sealedKeys: SealedKeysBlock?) throws(EnvelopeError) -> [UInt8] {
        let lead: [UInt8]
        do throws(FormError) { lead = try draft.derBytes() } catch { throw EnvelopeError(error) }
        guard lead.count <= DraftHeader.leadLimit else {
            throw EnvelopeError(.oversized, "draft", expected: "at most \(DraftHeader.leadLimit) bytes")
        }
        let header = try DraftHeader(lead: draft, sealedKeys: sealedKeys, byteCount: 0)
        return HeaderBytes.write(.draft, lead: lead, sealedKeys: sealedKeys, payloadSize: header.payloadSize)
    }
}
