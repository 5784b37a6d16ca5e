package import Ledger
package import Statements
package import SwiftASN1

/// An intermediary's later word on whose words it had restated: the opening of its commitment, and the log's evidence
/// that it had opened the source before the restatement was accepted (`Docs/Specification.md#reveal`).
///
/// It travels as an attachment of a message that refers to the restatement.
package struct Reveal: Hashable, Sendable, DERFormat {
    package static let formName = "Reveal"
    package static let mediaType = "application/vnd.valise.reveal"
    /// The name under which it is attached.
    package static let partName = "source.reveal"
    package let charter: CharterID
    /// The message whose source is revealed.
    package let restatement: MessageID
    package let opening: SourceOpening
    /// Of the source, ascending: its submission first, and the revealer's receipt of having opened it.
    package let entries: [ProvenEntry]
    /// A C2SP signed note; every proof is for it.
    package let checkpoint: [UInt8]

    package init(
        charter: CharterID, restatement: MessageID, opening: SourceOpening, entries: [ProvenEntry],
        checkpoint: [UInt8]
    ) {
        self.charter = charter
        self.restatement = restatement
        self.opening = opening
        self.entries = entries
        self.checkpoint = checkpoint
    }

    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            try f.version("Reveal")
            let reveal = Reveal(
                charter: try f.id("Reveal.charter"), restatement: try f.id("Reveal.restatement"),
                opening: try f.form(),
                entries: try f.list("Reveal.entries", 2...ContentBounds.revealEntries) { try $0.form() },
                checkpoint: Array(try f.text("Reveal.checkpoint", max: Bounds.note).utf8))
            for (earlier, later) in zip(reveal.entries, reveal.entries.dropFirst())
            where earlier.index >= later.index {
                throw FormError("Reveal.entries", expected: "ascending indices")
            }
            return reveal
        }
    }

    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            try der.uint(1)
            der.id(charter)
            der.id(restatement)
            try opening.write(to: &der)
            try der.forms(entries)
            der.bytes(checkpoint, tag: .utf8String)
        }
    }
}

/// A restatement whose source was withheld, as its recipient knows it from the log and from its content.
package struct Restatement: Hashable, Sendable {
    package let message: MessageID
    /// The intermediary whose words it carries: who alone can reveal their source.
    package let originator: PartyID
    /// The submission's.
    package let nonce: Nonce
    /// Its entry's place in the log: what was accepted before has a smaller one.
    package let index: LogIndex
    /// Of its source field.
    package let attribution: SourceAttribution

    package init(
        message: MessageID, originator: PartyID, nonce: Nonce, index: LogIndex, attribution: SourceAttribution
    ) {
        self.message = message
        self.originator = originator
        self.nonce = nonce
        self.index = index
        self.attribution = attribution
    }
}
