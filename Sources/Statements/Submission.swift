package import Ledger
package import SwiftASN1

/// One recipient's route: intermediaries in order, then the recipient.
package struct Leg: Hashable, Sendable, DERFormat {
    package static let formName = "Leg"
    package let intermediaries: [PartyID]
    package let recipient: PartyID
    package init(intermediaries: [PartyID], recipient: PartyID) {
        self.intermediaries = intermediaries
        self.recipient = recipient
    }
    /// Every holder in order: hop 0, 1, ... and the recipient last.
    package var holders: [PartyID] { intermediaries + [recipient] }

    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            Leg(
                intermediaries: try f.list("Leg.intermediaries", 0...Bounds.intermediaries) {
                    try $0.party("Leg.intermediaries")
                },
                recipient: try f.party("Leg.recipient"))
        }
    }
    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            try der.list(intermediaries) { $0.slug($1.slug) }
            der.slug(recipient.slug)
        }
    }
}

/// The revision of one party's roster.
package struct RosterRevision: Hashable, Sendable, DERFormat {
    package static let formName = "RosterRevision"
    package let party: PartyID
    package let revision: Revision
    package init(party: PartyID, revision: Revision) {
        self.party = party
        self.revision = revision
    }
    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            RosterRevision(
                party: try f.party("RosterRevision.party"), revision: Revision(try f.uint("RosterRevision.revision")))
        }
    }
    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            der.slug(party.slug)
            try der.uint(revision.value)
        }
    }
}

/// The revisions a submission was written under: the constitution's, and those of the rosters of every party on its
/// routes, the originator included, sorted by party.
package struct WrittenUnder: Hashable, Sendable, DERFormat {
    package static let formName = "WrittenUnder"
    package let constitution: Revision
    package let rosters: [RosterRevision]
    package init(constitution: Revision, rosters: [RosterRevision]) {
        self.constitution = constitution
        self.rosters = rosters
    }
    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            WrittenUnder(
                constitution: Revision(try f.uint("WrittenUnder.constitution")),
                rosters: try f.list("WrittenUnder.rosters", 0...Bounds.parties) { try $0.form() })
        }
    }
    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            try der.uint(constitution.value)
            try der.forms(rosters)
        }
    }
}

/// The originator's act that puts a message in (`Docs/Specification.md#submission`).
package struct Submission: Hashable, Sendable, DERFormat {
    package static let formName = "Submission"
    package let nonce: Nonce
    package let writtenUnder: WrittenUnder
    package let legs: [Leg]
    package let precedence: Precedence
    /// The legs are expired from this moment on.
    package let expiry: Timestamp
    /// The keys the content is sealed to, sorted, no key twice.
    package let sealedTo: [KeyID]
    /// Labelled hash of the sealed-keys block.
    package let sealedKeysDigest: Hash
    /// Labelled hash over size and Merkle root of the sealed chunks.
    package let payloadDigest: Hash
    /// Bytes of the sealed payload.
    package let payloadSize: UInt64
    package let keyCommitment: Hash
    package let contentCommitment: Hash

    package init(
        nonce: Nonce, writtenUnder: WrittenUnder, legs: [Leg], precedence: Precedence, expiry: Timestamp,
        sealedTo: [KeyID], sealedKeysDigest: Hash, payloadDigest: Hash, payloadSize: UInt64, keyCommitment: Hash,
        contentCommitment: Hash
    ) {
        self.nonce = nonce
        self.writtenUnder = writtenUnder
        self.legs = legs
        self.precedence = precedence
        self.expiry = expiry
        self.sealedTo = sealedTo
        self.sealedKeysDigest = sealedKeysDigest
        self.payloadDigest = payloadDigest
        self.payloadSize = payloadSize
        self.keyCommitment = keyCommitment
        self.contentCommitment = contentCommitment
    }

    package init(node: ASN1Node) throws { try self.init(node: node, tag: .sequence) }

    init(node: ASN1Node, tag: ASN1Identifier) throws {
        self = try DER.sequence(node, identifier: tag) { f in
            guard let nonce = Nonce(try f.bytes("Submission.nonce", count: 32...32)) else {
                throw FormError("Submission.nonce", expected: "32 bytes")
            }
            let submission = Submission(
                nonce: nonce, writtenUnder: try f.form(),
                legs: try f.list("Submission.legs", 1...Bounds.legs) { try $0.form() },
                precedence: try f.choice("Submission.precedence"), expiry: try f.time("Submission.expiry"),
                sealedTo: try f.list("Submission.sealedTo", 1...Bounds.sealedTo) { try $0.id("Submission.sealedTo") },
                sealedKeysDigest: try f.hash("Submission.sealedKeysDigest"),
                payloadDigest: try f.hash("Submission.payloadDigest"),
                payloadSize: try f.uint("Submission.payloadSize", max: Bounds.payload),
                keyCommitment: try f.hash("Submission.keyCommitment"),
                contentCommitment: try f.hash("Submission.contentCommitment"))
            for (earlier, later) in zip(submission.sealedTo, submission.sealedTo.dropFirst()) where earlier >= later {
                throw FormError("Submission.sealedTo", expected: "sorted key identifiers, none twice")
            }
            return submission
        }
    }

    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            der.bytes(nonce.bytes)
            try writtenUnder.write(to: &der)
            try der.forms(legs)
            try der.choice(precedence)
            try der.time(expiry)
            try der.list(sealedTo) { $0.id($1) }
            der.hash(sealedKeysDigest)
            der.hash(payloadDigest)
            try der.uint(payloadSize)
            der.hash(keyCommitment)
            der.hash(contentCommitment)
        }
    }
}

/// What every wrap of a content key is bound to, besides its seal context (`Docs/Specification.md#sealed-keys`).
package struct WrapContext: Hashable, Sendable, DERFormat {
    package static let formName = "WrapContext"
    package let legs: [Leg]
    package let sealedTo: [KeyID]
    package let payloadDigest: Hash
    package let payloadSize: UInt64
    package let keyCommitment: Hash
    package let contentCommitment: Hash
    package init(
        legs: [Leg], sealedTo: [KeyID], payloadDigest: Hash, payloadSize: UInt64, keyCommitment: Hash,
        contentCommitment: Hash
    ) {
        self.legs = legs
        self.sealedTo = sealedTo
        self.payloadDigest = payloadDigest
        self.payloadSize = payloadSize
        self.keyCommitment = keyCommitment
        self.contentCommitment = contentCommitment
    }
    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            WrapContext(
                legs: try f.list("WrapContext.legs", 1...Bounds.legs) { try $0.form() },
                sealedTo: try f.list("WrapContext.sealedTo", 1...Bounds.sealedTo) { try $0.id("WrapContext.sealedTo") },
                payloadDigest: try f.hash("WrapContext.payloadDigest"),
                payloadSize: try f.uint("WrapContext.payloadSize", max: Bounds.payload),
                keyCommitment: try f.hash("WrapContext.keyCommitment"),
                contentCommitment: try f.hash("WrapContext.contentCommitment"))
        }
    }
    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            try der.forms(legs)
            try der.list(sealedTo) { $0.id($1) }
            der.hash(payloadDigest)
            try der.uint(payloadSize)
            der.hash(keyCommitment)
            der.hash(contentCommitment)
        }
    }
    /// The `aad` of every wrap.
    package func aad() throws(FormError) -> [UInt8] { Label.wrapContext.hash(try derBytes()).bytes }
}

/// What a content key serves and nothing else: one charter, one originator, one nonce.
package struct SealContext: Hashable, Sendable, DERFormat {
    package static let formName = "SealContext"
    package let charter: CharterID
    package let originator: PartyID
    package let nonce: Nonce
    package init(charter: CharterID, originator: PartyID, nonce: Nonce) {
        self.charter = charter
        self.originator = originator
        self.nonce = nonce
    }
    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            let charter: CharterID = try f.id("SealContext.charter")
            let originator = try f.party("SealContext.originator")
            guard let nonce = Nonce(try f.bytes("SealContext.nonce", count: 32...32)) else {
                throw FormError("SealContext.nonce", expected: "32 bytes")
            }
            return SealContext(charter: charter, originator: originator, nonce: nonce)
        }
    }
    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            der.id(charter)
            der.slug(originator.slug)
            der.bytes(nonce.bytes)
        }
    }
    package func hash() throws(FormError) -> Hash { Label.sealContext.hash(try derBytes()) }
}
