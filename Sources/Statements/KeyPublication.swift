package import Ledger
package import SwiftASN1

/// A delegate publishes one of its sealing keys; the delegate is the statement's one signer.
package struct KeyPublication: Hashable, Sendable, DERFormat {
    package static let formName = "KeyPublication"
    /// 1216 bytes of X-Wing public key.
    package let sealingKey: [UInt8]
    package let sealFrom: Timestamp
    /// Not sealed to from this moment on.
    package let sealUntil: Timestamp
    /// The private key is destroyed at this moment.
    package let keepUntil: Timestamp

    package init(sealingKey: [UInt8], sealFrom: Timestamp, sealUntil: Timestamp, keepUntil: Timestamp) {
        self.sealingKey = sealingKey
        self.sealFrom = sealFrom
        self.sealUntil = sealUntil
        self.keepUntil = keepUntil
    }
    package var keyID: KeyID { KeyID(publicKey: sealingKey) }

    package init(node: ASN1Node) throws { try self.init(node: node, tag: .sequence) }
    init(node: ASN1Node, tag: ASN1Identifier) throws {
        self = try DER.sequence(node, identifier: tag) { f in
            KeyPublication(
                sealingKey: try f.bytes("KeyPublication.sealingKey", count: 1216...1216),
                sealFrom: try f.time("KeyPublication.sealFrom"), sealUntil: try f.time("KeyPublication.sealUntil"),
                keepUntil: try f.time("KeyPublication.keepUntil"))
        }
    }
    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            der.bytes(sealingKey)
            try der.time(sealFrom)
            try der.time(sealUntil)
            try der.time(keepUntil)
        }
    }
}

/// One published sealing key, as the rules keep it and as a tick's key list counts it.
package struct SealingKeyRecord: Hashable, Sendable, DERFormat {
    package static let formName = "SealingKeyRecord"
    package let delegate: DelegateID
    package let keyID: KeyID
    package let sealFrom: Timestamp
    package let sealUntil: Timestamp
    package let keepUntil: Timestamp

    package init(
        delegate: DelegateID, keyID: KeyID, sealFrom: Timestamp, sealUntil: Timestamp, keepUntil: Timestamp
    ) {
        self.delegate = delegate
        self.keyID = keyID
        self.sealFrom = sealFrom
        self.sealUntil = sealUntil
        self.keepUntil = keepUntil
    }
    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            SealingKeyRecord(
                delegate: DelegateID(
                    party: try f.party("SealingKeyRecord.party"), name: try f.delegate("SealingKeyRecord.delegate")),
                keyID: try f.id("SealingKeyRecord.keyID"), sealFrom: try f.time("SealingKeyRecord.sealFrom"),
                sealUntil: try f.time("SealingKeyRecord.sealUntil"),
                keepUntil: try f.time("SealingKeyRecord.keepUntil"))
        }
    }
    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            der.slug(delegate.party.slug)
            der.slug(delegate.name.slug)
            der.id(keyID)
            try der.time(sealFrom)
            try der.time(sealUntil)
            try der.time(keepUntil)
        }
    }
}

/// The sealing keys not yet past `sealUntil` at one moment, of all parties, sorted by key identifier: what a tick's
/// `keys` hash is taken over, so that no newer key can be hidden.
package struct KeyList: Hashable, Sendable, DERFormat {
    package static let formName = "KeyList"
    package let keys: [SealingKeyRecord]

    /// - Parameter records: any order; those past `sealUntil` at `time` are left out.
    package init(_ records: some Sequence<SealingKeyRecord>, at time: Timestamp) {
        keys = records.filter { time < $0.sealUntil }.sorted { $0.keyID < $1.keyID }
    }
    package init(node: ASN1Node) throws {
        let fields = try DER.sequence(node, identifier: .sequence) { f in
            var all: [SealingKeyRecord] = []
            while let next = f.next() {
                guard all.count < Bounds.keyList else {
                    throw FormError("KeyList", expected: "at most \(Bounds.keyList) keys", code: .oversized)
                }
                all.append(try SealingKeyRecord(node: next))
            }
            return all
        }
        for (earlier, later) in zip(fields, fields.dropFirst()) where earlier.keyID >= later.keyID {
            throw FormError("KeyList", expected: "sorted key identifiers, none twice")
        }
        keys = fields
    }
    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.forms(keys, tag: tag)
    }
    package func hash() throws(FormError) -> Hash { Label.keyList.hash(try derBytes()) }
}
