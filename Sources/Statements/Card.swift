import Ledger
package import SwiftASN1

/// A delegate's public card: who it is and its signing key, signed by that key. What goes into a charter's source.
package struct Card: Hashable, Sendable {
    package let id: DelegateID
    /// 32 bytes.
    package let signingKey: [UInt8]
    package let madeAt: Timestamp
    /// 64 bytes over ``message``.
    package let signature: [UInt8]

    package init(id: DelegateID, signingKey: [UInt8], madeAt: Timestamp, signature: [UInt8]) {
        self.id = id
        self.signingKey = signingKey
        self.madeAt = madeAt
        self.signature = signature
    }

    package init(id: DelegateID, delegate: Delegate) {
        self.init(
            id: id, signingKey: delegate.signingKey, madeAt: delegate.cardMadeAt, signature: delegate.admission)
    }

    /// What the key signs: the labelled ``CardBody``.
    package static func message(id: DelegateID, signingKey: [UInt8], madeAt: Timestamp) throws(FormError) -> [UInt8] {
        Label.card.message(try CardBody(id: id, signingKey: signingKey, madeAt: madeAt).derBytes())
    }

    /// Whether the key is acceptable and signed this card.
    package var isValid: Bool {
        guard let message = try? Self.message(id: id, signingKey: signingKey, madeAt: madeAt) else { return false }
        return PinnedEd25519.isAcceptableKey(signingKey)
            && PinnedEd25519.verify(signature: signature, message: message, key: signingKey)
    }

    package var delegate: Delegate {
        Delegate(name: id.name, signingKey: signingKey, cardMadeAt: madeAt, admission: signature)
    }
}

/// The signed part of a card.
package struct CardBody: Hashable, Sendable, DERFormat {
    package static let formName = "CardBody"
    package let id: DelegateID
    package let signingKey: [UInt8]
    package let madeAt: Timestamp
    package init(id: DelegateID, signingKey: [UInt8], madeAt: Timestamp) {
        self.id = id
        self.signingKey = signingKey
        self.madeAt = madeAt
    }
    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            try f.version("CardBody")
            return CardBody(
                id: DelegateID(party: try f.party("CardBody.party"), name: try f.delegate("CardBody.delegate")),
                signingKey: try f.bytes("CardBody.signingKey", count: 32...32), madeAt: try f.time("CardBody.madeAt"))
        }
    }
    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            try der.uint(1)
            der.slug(id.party.slug)
            der.slug(id.name.slug)
            der.bytes(signingKey)
            try der.time(madeAt)
        }
    }
}
