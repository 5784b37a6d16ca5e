package import Statements

/// A message's custody chain: the answer to `GET /v1/messages/{id}`.
package struct MessageView: Hashable, Sendable {
    package static let schema = "valise/message/v1"
    /// The most entries of one chain.
    package static let longestChain = 4_096
    package let checkpoint: [UInt8]
    /// Oldest entry first.
    package let chain: [ProvenEntry]
    /// The erasure of its content, which may be that of other messages too and so stands beside the chain.
    package let erasure: ProvenEntry?

    package init(checkpoint: [UInt8], chain: [ProvenEntry], erasure: ProvenEntry? = nil) {
        self.checkpoint = checkpoint
        self.chain = chain
        self.erasure = erasure
    }

    /// The JSON text. - Throws: ``FormError`` for an entry that cannot be encoded.
    package func encoded() throws(FormError) -> [UInt8] {
        JSON.object([
            .init("schema", .string(Self.schema)), .init("checkpoint", .note(checkpoint)),
            .init("chain", try .forms(chain)), .init("erasure", try erasure.asJSON()),
        ]).bytes
    }

    /// Reads the JSON text; at most ``ByteLimit/view`` bytes. No proof is verified here.
    package init(parsing bytes: [UInt8]) throws(FormError) {
        let fields = try JSONFields(parsing: bytes, limit: ByteLimit.view, schema: Self.schema)
        checkpoint = try fields.note()
        chain = try fields.chain()
        erasure = try fields.optionalForm("erasure", limit: ByteLimit.provenEntry)
    }
}
