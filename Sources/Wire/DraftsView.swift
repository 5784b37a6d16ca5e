import Ledger
package import Statements

/// A party's shelf of drafts, or what changed on it: the answer to every request about drafts but for their bytes.
package struct DraftsView: Hashable, Sendable {
    package static let schema = "valise/drafts/v1"
    /// The most drafts on one shelf.
    package static let mostDrafts = 256
    package let party: PartyID
    /// Oldest first.
    package let drafts: [DraftItem]

    package init(party: PartyID, drafts: [DraftItem]) {
        self.party = party
        self.drafts = drafts
    }

    /// The JSON text. - Throws: ``FormError`` for a signature that cannot be encoded.
    package func encoded() throws(FormError) -> [UInt8] {
        var items: [JSON] = []
        for draft in drafts { items.append(try draft.json()) }
        return JSON.object([
            .init("schema", .string(Self.schema)), .init("party", .string("\(party)")),
            .init("drafts", .array(items)),
        ]).bytes
    }

    /// Reads the JSON text; at most ``ByteLimit/view`` bytes. No signature is verified here.
    package init(parsing bytes: [UInt8]) throws(FormError) {
        let fields = try JSONFields(parsing: bytes, limit: ByteLimit.view, schema: Self.schema)
        guard let party = PartyID(try fields.string("party", limit: 63)) else {
            throw fields.error("party", "a party's name")
        }
        var drafts: [DraftItem] = []
        for item in try fields.items("drafts", limit: Self.mostDrafts) {
            drafts.append(try DraftItem(JSONFields(item, form: "\(Self.schema).drafts")))
        }
        self.party = party
        self.drafts = drafts
    }
}

/// One draft on the shelf: who drafted it, whose signatures are wanted and which are there.
package struct DraftItem: Hashable, Sendable {
    /// The identifier of the statement that it will be.
    package let id: StatementID
    /// The drafter, then the releasers: all whose signatures the statement needs.
    package let signers: [DelegateName]
    /// Those that are there, the drafter's among them, in the order of ``signers``.
    package let signatures: [OpenSignature]
    /// `submission`, `conveyance` and so on: an ``Statements/Act/Kind`` as text.
    package let kind: String
    /// Bytes of the draft file.
    package let size: UInt64
    package let madeAt: Timestamp
    /// The shelf keeps it no longer.
    package let submitBy: Timestamp
    /// Who has rejected it; then it takes no signatures.
    package let rejection: Rejection?

    package struct Rejection: Hashable, Sendable {
        package let by: DelegateName
        package let at: Timestamp
        package init(by: DelegateName, at: Timestamp) {
            self.by = by
            self.at = at
        }
    }

    package init(
        id: StatementID, signers: [DelegateName], signatures: [OpenSignature], kind: String, size: UInt64,
        madeAt: Timestamp, submitBy: Timestamp, rejection: Rejection?
    ) {
        self.id = id
        self.signers = signers
        self.signatures = signatures
        self.kind = kind
        self.size = size
        self.madeAt = madeAt
        self.submitBy = submitBy
        self.rejection = rejection
    }

    package var drafter: DelegateName? { signers.first }
    /// Those whose signatures are wanted still.
    package var missing: [DelegateName] {
        let had = Set(signatures.map(\.signer.name))
        return signers.filter { !had.contains($0) }
    }

    fileprivate func json() throws(FormError) -> JSON {
        var rejected: [JSON.Member] = []
        if let rejection {
            rejected = [
                .init("rejectedBy", .string("\(rejection.by)")),
                .init("rejectedAt", .integer(rejection.at.milliseconds)),
            ]
        }
        return .object(
            [
                .init("id", .string("\(id)")), .init("kind", .string(kind)), .init("size", .count(size)),
                .init("signers", .array(signers.map { .string("\($0)") })),
                .init("signatures", try .forms(signatures)),
                .init("madeAt", .integer(madeAt.milliseconds)), .init("submitBy", .integer(submitBy.milliseconds)),
            ] + rejected)
    }

    fileprivate init(_ fields: JSONFields) throws(FormError) {
        guard let id = StatementID(try fields.string("id", limit: 64)) else {
            throw fields.error("id", "a statement's identifier")
        }
        self.id = id
        kind = try fields.string("kind", limit: 63)
        size = try fields.count("size")
        var signers: [DelegateName] = []
        for item in try fields.items("signers", limit: Bounds.signers) {
            guard case .string(let text) = item, let name = DelegateName(text) else {
                throw fields.error("signers", "names of delegates")
            }
            signers.append(name)
        }
        self.signers = signers
        signatures = try fields.forms("signatures", limit: Bounds.signers, each: ByteLimit.openSignature)
        madeAt = try Self.time(fields, "madeAt")
        submitBy = try Self.time(fields, "submitBy")
        if fields.value("rejectedBy") == nil {
            rejection = nil
        } else {
            guard let name = DelegateName(try fields.string("rejectedBy", limit: 63)) else {
                throw fields.error("rejectedBy", "a delegate's name")
            }
            rejection = Rejection(by: name, at: try Self.time(fields, "rejectedAt"))
        }
    }

    private static func time(_ fields: JSONFields, _ name: String) throws(FormError) -> Timestamp {
        let count = try fields.count(name)
        guard let time = Int64(exactly: count), Timestamp.range.contains(time) else {
            throw fields.error(name, "milliseconds since 1970")
        }
        return Timestamp(milliseconds: time)
    }
}
