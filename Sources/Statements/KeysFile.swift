package import SwiftASN1

/// Sealing keys as a desk without a network takes them in: what the relay had answered about each party's keys, with
/// everything that proves it (`Docs/Specification.md#keys-file`).
package struct KeysFile: Hashable, Sendable, DERFormat {
    package static let formName = "KeysFile"
    package let charter: CharterID
    /// One a party, sorted by party.
    package let pages: [KeysPage]

    /// - Throws: ``FormError`` unless there are 1 to ``Bounds/keysPages`` pages of different parties.
    package init(charter: CharterID, pages: [KeysPage]) throws(FormError) {
        try self.init(charter: charter, sorted: pages.sorted { $0.party < $1.party })
    }

    private init(charter: CharterID, sorted pages: [KeysPage]) throws(FormError) {
        guard (1...Bounds.keysPages).contains(pages.count) else {
            throw FormError("KeysFile.pages", expected: "1 to \(Bounds.keysPages) pages", code: .oversized)
        }
        for (earlier, later) in zip(pages, pages.dropFirst()) where earlier.party >= later.party {
            throw FormError("KeysFile.pages", expected: "one page a party, sorted by party")
        }
        self.charter = charter
        self.pages = pages
    }

    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            try f.version("KeysFile")
            return try KeysFile(
                charter: try f.id("KeysFile.charter"),
                sorted: try f.list("KeysFile.pages", 1...Bounds.keysPages) { try $0.form() })
        }
    }

    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            try der.uint(1)
            der.id(charter)
            try der.forms(pages)
        }
    }

    /// The page of a party; nil if the file has none.
    package func page(of party: PartyID) -> KeysPage? { pages.first { $0.party == party } }
}

/// One party's sealing keys: its publications, and the asking party's tick over the list of all keys, each with its
/// proof for one checkpoint. Nothing of it is believed before ``verified(by:for:at:)``.
package struct KeysPage: Hashable, Sendable, DERFormat {
    package static let formName = "KeysPage"
    /// Whose keys they are.
    package let party: PartyID
    /// A C2SP signed note.
    package let checkpoint: [UInt8]
    /// The newest tick of the party that asked.
    package let tick: ProvenEntry
    /// What the tick's `keys` hash is over.
    package let keyList: KeyList
    package let publications: [ProvenEntry]

    package init(
        party: PartyID, checkpoint: [UInt8], tick: ProvenEntry, keyList: KeyList, publications: [ProvenEntry]
    ) {
        self.party = party
        self.checkpoint = checkpoint
        self.tick = tick
        self.keyList = keyList
        self.publications = publications
    }

    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            KeysPage(
                party: try f.party("KeysPage.party"),
                checkpoint: Array(try f.text("KeysPage.checkpoint", max: Bounds.note).utf8), tick: try f.form(),
                keyList: try f.form(),
                publications: try f.list("KeysPage.publications", 0...Bounds.keysPagePublications) { try $0.form() })
        }
    }

    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            der.slug(party.slug)
            der.bytes(checkpoint, tag: .utf8String)
            try tick.write(to: &der)
            try keyList.write(to: &der)
            try der.forms(publications)
        }
    }
}
