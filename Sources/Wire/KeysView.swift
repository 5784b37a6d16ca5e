package import Statements

/// A party's sealing keys: the answer to `GET /v1/parties/{id}/keys`.
package struct KeysView: Hashable, Sendable {
    package static let schema = "valise/keys/v1"
    /// The most publications of one answer.
    package static let mostPublications = 1_024
    package let checkpoint: [UInt8]
    /// The newest tick of the party that asks.
    package let tick: ProvenEntry?
    /// What the tick's `keys` hash is taken over: the keys of all parties.
    package let keyList: KeyList?
    /// The party's publications that are not past `keepUntil`.
    package let publications: [ProvenEntry]

    package init(checkpoint: [UInt8], tick: ProvenEntry?, keyList: KeyList?, publications: [ProvenEntry]) {
        self.checkpoint = checkpoint
        self.tick = tick
        self.keyList = keyList
        self.publications = publications
    }

    /// The JSON text. - Throws: ``FormError`` for an entry that cannot be encoded.
    package func encoded() throws(FormError) -> [UInt8] {
        JSON.object([
            .init("schema", .string(Self.schema)), .init("checkpoint", .note(checkpoint)),
            .init("tick", try tick.asJSON()), .init("keyList", try keyList.asJSON()),
            .init("publications", try .forms(publications)),
        ]).bytes
    }

    /// Reads the JSON text; at most ``ByteLimit/view`` bytes. No proof is verified here.
    package init(parsing bytes: [UInt8]) throws(FormError) {
        let fields = try JSONFields(parsing: bytes, limit: ByteLimit.view, schema: Self.schema)
        checkpoint = try fields.note()
        tick = try fields.optionalForm("tick", limit: ByteLimit.provenEntry)
        keyList = try fields.optionalForm("keyList", limit: ByteLimit.keyList)
        publications = try fields.forms(
            "publications", limit: Self.mostPublications, each: ByteLimit.provenEntry)
    }
}
