package import Statements

/// A party's arrivals: the answer to `GET /v1/inbox`.
package struct InboxPage: Hashable, Sendable {
    package static let schema = "valise/inbox/v1"
    package let party: PartyID
    /// The signed note of the head that every proof here leads to.
    package let checkpoint: [UInt8]
    /// In the order of their numbers.
    package let arrivals: [Arrival]
    /// The party's newest tick.
    package let tick: ProvenEntry?
    /// Whether there are arrivals behind the last one here.
    package let more: Bool

    /// One arrival with the custody chain of its message, oldest entry first.
    package struct Arrival: Hashable, Sendable {
        package let number: ArrivalNumber
        package let message: MessageID
        package let leg: LegNumber
        package let chain: [ProvenEntry]
        package init(number: ArrivalNumber, message: MessageID, leg: LegNumber, chain: [ProvenEntry]) {
            self.number = number
            self.message = message
            self.leg = leg
            self.chain = chain
        }
    }

    package init(party: PartyID, checkpoint: [UInt8], arrivals: [Arrival], tick: ProvenEntry?, more: Bool) {
        self.party = party
        self.checkpoint = checkpoint
        self.arrivals = arrivals
        self.tick = tick
        self.more = more
    }

    /// The JSON text. - Throws: ``FormError`` for an entry that cannot be encoded.
    package func encoded() throws(FormError) -> [UInt8] {
        var items: [JSON] = []
        for arrival in arrivals {
            items.append(
                .object([
                    .init("number", .count(arrival.number.value)), .init("message", .string("\(arrival.message)")),
                    .init("leg", .integer(Int64(arrival.leg.value))), .init("chain", try .forms(arrival.chain)),
                ]))
        }
        return JSON.object([
            .init("schema", .string(Self.schema)), .init("party", .string("\(party)")),
            .init("checkpoint", .note(checkpoint)), .init("arrivals", .array(items)),
            .init("tick", try tick.asJSON()), .init("more", .bool(more)),
        ]).bytes
    }

    /// Reads the JSON text; at most ``ByteLimit/view`` bytes. No proof is verified here.
    package init(parsing bytes: [UInt8]) throws(FormError) {
        let fields = try JSONFields(parsing: bytes, limit: ByteLimit.view, schema: Self.schema)
        guard let party = PartyID(try fields.string("party", limit: 63)) else {
            throw fields.error("party", "a party's name")
        }
        var arrivals: [Arrival] = []
        for item in try fields.items("arrivals", limit: InboxQuery.mostArrivals) {
            let fields = try JSONFields(item, form: "\(Self.schema).arrivals")
            guard let message = MessageID(try fields.string("message", limit: 64)) else {
                throw fields.error("message", "a message's identifier")
            }
            guard let leg = LegNumber(Int(try fields.count("leg"))) else { throw fields.error("leg", "a leg") }
            arrivals.append(
                Arrival(
                    number: ArrivalNumber(try fields.count("number")), message: message, leg: leg,
                    chain: try fields.chain()))
        }
        self.party = party
        checkpoint = try fields.note()
        self.arrivals = arrivals
        tick = try fields.optionalForm("tick", limit: ByteLimit.provenEntry)
        more = try fields.flag("more")
    }
}
