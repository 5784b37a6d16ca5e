package import Ledger
package import Statements
package import SwiftASN1

/// What opens a withheld source: kept by the intermediary alone until it reveals it
/// (`Docs/Specification.md#source-attribution`).
///
/// It is not printed: who has it knows the source.
package struct SourceOpening: Hashable, Sendable, DERFormat, CustomStringConvertible, CustomReflectable {
    package static let formName = "SourceOpening"
    /// The most bytes of its DER.
    package static let longest = 256
    /// 32 random bytes, so that a commitment to a guessed source cannot be tried.
    private let secret: [UInt8]
    /// The message whose words were restated.
    package let source: MessageID
    /// The restatement's own nonce, so that the commitment serves no other message.
    package let nonce: Nonce

    /// - Parameter secret: fresh bytes from a cryptographic generator. Nil unless there are 32.
    package init?(secret: [UInt8], source: MessageID, nonce: Nonce) {
        guard secret.count == ContentBounds.secret else { return nil }
        self.secret = secret
        self.source = source
        self.nonce = nonce
    }

    /// What the restatement's ``SourceAttribution/withheld(_:)`` says.
    package func commitment() -> Hash {
        Label.sourceCommitment.hash(secret + source.hash.bytes + nonce.bytes)
    }

    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            let secret = try f.bytes("SourceOpening.secret", count: ContentBounds.secret...ContentBounds.secret)
            let source: MessageID = try f.id("SourceOpening.source")
            guard let nonce = Nonce(try f.bytes("SourceOpening.nonce", count: Nonce.byteCount...Nonce.byteCount)),
                let opening = SourceOpening(secret: secret, source: source, nonce: nonce)
            else { throw FormError("SourceOpening", expected: "32 bytes of secret and of nonce") }
            return opening
        }
    }

    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            der.bytes(secret)
            der.id(source)
            der.bytes(nonce.bytes)
        }
    }

    package var description: String { "(the opening of a withheld source)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
