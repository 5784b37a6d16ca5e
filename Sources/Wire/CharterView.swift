package import Statements

/// The charter with its amendments: the answer to `GET /v1/charter`.
package struct CharterView: Hashable, Sendable {
    package static let schema = "valise/charter/v1"
    package let charter: SignedCharter
    /// Under the rules versions so far there are none.
    package let amendments: [ProvenEntry]

    package init(charter: SignedCharter, amendments: [ProvenEntry] = []) {
        self.charter = charter
        self.amendments = amendments
    }

    /// The JSON text. - Throws: ``FormError`` for a charter that cannot be encoded.
    package func encoded() throws(FormError) -> [UInt8] {
        JSON.object([
            .init("schema", .string(Self.schema)), .init("charter", try .form(charter)),
            .init("amendments", try .forms(amendments)),
        ]).bytes
    }

    /// Reads the JSON text; at most ``ByteLimit/view`` bytes. No signature is verified here.
    package init(parsing bytes: [UInt8]) throws(FormError) {
        let fields = try JSONFields(parsing: bytes, limit: ByteLimit.view, schema: Self.schema)
        charter = try fields.form("charter", limit: Bounds.signedCharter + 32_768)
        amendments = try fields.forms("amendments", limit: 1_024, each: ByteLimit.provenEntry)
    }
}
