package import Ledger
package import SwiftASN1

/// An entry with its place and its inclusion proof in one checkpoint's tree.
package struct ProvenEntry: Hashable, Sendable, DERFormat {
    package static let formName = "ProvenEntry"
    package let index: LogIndex
    package let entryBytes: [UInt8]
    package let proof: [Hash]

    package init(index: LogIndex, entryBytes: [UInt8], proof: [Hash]) {
        self.index = index
        self.entryBytes = entryBytes
        self.proof = proof
    }
    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            ProvenEntry(
                index: try f.index("ProvenEntry.index"),
                entryBytes: Array(try f.node("ProvenEntry.entry").encodedBytes),
                proof: try f.list("ProvenEntry.proof", 0...Bounds.proof) { try $0.hash("ProvenEntry.proof") })
        }
    }
    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            try der.uint(index.rawValue)
            der.serializeRawBytes(entryBytes)
            try der.list(proof) { $0.hash($1) }
        }
    }

    /// The entry, once its inclusion in the head's tree is verified.
    /// - Throws: ``FormError`` when the entry is malformed or the proof does not hold.
    package func verified(in head: LogHead) throws(FormError) -> Entry {
        do {
            try InclusionProof(hashes: proof).verify(
                leaf: Merkle.leafHash(entryBytes), index: index, size: head.size, root: head.root)
        } catch { throw FormError("ProvenEntry.proof", expected: "a proof that entry \(index) is in the log") }
        return try Entry(der: entryBytes, limit: Bounds.entry)
    }
}

/// The relay's answer to an accepted statement: the entry, its inclusion proof and the signed checkpoint.
package struct Acceptance: Hashable, Sendable, DERFormat {
    package static let formName = "Acceptance"
    package let entry: ProvenEntry
    /// A C2SP signed note.
    package let checkpoint: [UInt8]

    package init(entry: ProvenEntry, checkpoint: [UInt8]) {
        self.entry = entry
        self.checkpoint = checkpoint
    }
    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            Acceptance(
                entry: try f.form(), checkpoint: Array(try f.text("Acceptance.checkpoint", max: 65_536).utf8))
        }
    }
    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            try entry.write(to: &der)
            der.bytes(checkpoint, tag: .utf8String)
        }
    }
}
