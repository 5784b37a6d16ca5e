package import Ledger
package import Statements

/// Which part of its scope a limited auditor asks for.
package struct ScopeQuery: Hashable, Sendable {
    /// The most entries of one page, and the page size when none is asked for.
    package static let mostEntries = 64

    /// Entries with greater log indexes are wanted; 0, the charter's index, for all.
    package let after: LogIndex
    package let limit: Int

    /// Nil for a limit outside 1 to 64, or an index that no log reaches.
    package init?(after: LogIndex, limit: Int = ScopeQuery.mostEntries) {
        guard (1...ScopeQuery.mostEntries).contains(limit), after.rawValue <= Bounds.count else { return nil }
        self.after = after
        self.limit = limit
    }

    /// `after=I&limit=L`.
    package var text: String { "after=\(after)&limit=\(limit)" }
}

/// The entries in a limited auditor's scope: the answer to `GET /v1/scope`.
package struct ScopePage: Hashable, Sendable {
    package static let schema = "valise/scope/v1"
    package let party: PartyID
    /// The signed note of the head that every proof here leads to.
    package let checkpoint: [UInt8]
    /// In the order of the log.
    package let entries: [ProvenEntry]
    /// Whether there are entries behind the last one here.
    package let more: Bool

    package init(party: PartyID, checkpoint: [UInt8], entries: [ProvenEntry], more: Bool) {
        self.party = party
        self.checkpoint = checkpoint
        self.entries = entries
        self.more = more
    }

    /// The JSON text. - Throws: ``FormError`` for an entry that cannot be encoded.
    package func encoded() throws(FormError) -> [UInt8] {
        JSON.object([
            .init("schema", .string(Self.schema)), .init("party", .string("\(party)")),
            .init("checkpoint", .note(checkpoint)), .init("entries", try .forms(entries)), .init("more", .bool(more)),
        ]).bytes
    }

    /// Reads the JSON text; at most ``ByteLimit/view`` bytes. No proof is verified here.
    package init(parsing bytes: [UInt8]) throws(FormError) {
        let fields = try JSONFields(parsing: bytes, limit: ByteLimit.view, schema: Self.schema)
        guard let party = PartyID(try fields.string("party", limit: 63)) else {
            throw fields.error("party", "a party's name")
        }
        self.party = party
        checkpoint = try fields.note()
        entries = try fields.forms("entries", limit: ScopeQuery.mostEntries, each: ByteLimit.provenEntry)
        more = try fields.flag("more")
    }
}
