package import Statements

/// The newest verdict of each delegate of a full auditor: the answer to `GET` and `POST /v1/verdicts`.
package struct VerdictsView: Hashable, Sendable {
    package static let schema = "valise/verdicts/v1"
    /// The most verdicts of one view: one of each delegate that a charter can have.
    package static let mostVerdicts = Bounds.parties * Bounds.delegates
    /// The signed note of the log as it is now.
    package let checkpoint: [UInt8]
    /// Sorted by the auditor's delegate.
    package let verdicts: [SignedVerdict]

    package init(checkpoint: [UInt8], verdicts: [SignedVerdict]) {
        self.checkpoint = checkpoint
        self.verdicts = verdicts
    }

    /// The JSON text. - Throws: ``FormError`` for a verdict that cannot be encoded.
    package func encoded() throws(FormError) -> [UInt8] {
        JSON.object([
            .init("schema", .string(Self.schema)), .init("checkpoint", .note(checkpoint)),
            .init("verdicts", try .forms(verdicts)),
        ]).bytes
    }

    /// Reads the JSON text; at most ``ByteLimit/view`` bytes. No signature is verified here.
    package init(parsing bytes: [UInt8]) throws(FormError) {
        let fields = try JSONFields(parsing: bytes, limit: ByteLimit.view, schema: Self.schema)
        checkpoint = try fields.note()
        verdicts = try fields.forms("verdicts", limit: Self.mostVerdicts, each: ByteLimit.verdict)
        for (earlier, later) in zip(verdicts, verdicts.dropFirst())
        where earlier.verdict.auditor >= later.verdict.auditor {
            throw fields.error("verdicts", "one verdict of a delegate, sorted by delegate")
        }
    }
}
