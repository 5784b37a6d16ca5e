package import Statements

/// What was submitted in a party's name: the answer to `GET /v1/sent`.
package struct SentPage: Hashable, Sendable {
    package static let schema = "valise/sent/v1"
    package let party: PartyID
    /// The signed note of the head that every proof here leads to.
    package let checkpoint: [UInt8]
    /// In the order of their submissions.
    package let messages: [Message]
    /// Whether there are messages behind the last one here.
    package let more: Bool

    /// One message with its custody chain, oldest entry first.
    package struct Message: Hashable, Sendable {
        package let id: MessageID
        package let chain: [ProvenEntry]
        package init(id: MessageID, chain: [ProvenEntry]) {
            self.id = id
            self.chain = chain
        }
    }

    package init(party: PartyID, checkpoint: [UInt8], messages: [Message], more: Bool) {
        self.party = party
        self.checkpoint = checkpoint
        self.messages = messages
        self.more = more
    }

    /// The JSON text. - Throws: ``FormError`` for an entry that cannot be encoded.
    package func encoded() throws(FormError) -> [UInt8] {
        var items: [JSON] = []
        for message in messages {
            items.append(
                .object([.init("message", .string("\(message.id)")), .init("chain", try .forms(message.chain))]))
        }
        return JSON.object([
            .init("schema", .string(Self.schema)), .init("party", .string("\(party)")),
            .init("checkpoint", .note(checkpoint)), .init("messages", .array(items)), .init("more", .bool(more)),
        ]).bytes
    }

    /// Reads the JSON text; at most ``ByteLimit/view`` bytes. No proof is verified here.
    package init(parsing bytes: [UInt8]) throws(FormError) {
        let fields = try JSONFields(parsing: bytes, limit: ByteLimit.view, schema: Self.schema)
        guard let party = PartyID(try fields.string("party", limit: 63)) else {
            throw fields.error("party", "a party's name")
        }
        var messages: [Message] = []
        for item in try fields.items("messages", limit: SentQuery.mostMessages) {
            let fields = try JSONFields(item, form: "\(Self.schema).messages")
            guard let id = MessageID(try fields.string("message", limit: 64)) else {
                throw fields.error("message", "a message's identifier")
            }
            messages.append(Message(id: id, chain: try fields.chain()))
        }
        self.party = party
        checkpoint = try fields.note()
        self.messages = messages
        more = try fields.flag("more")
    }
}
