import Ledger
package import SwiftASN1

/// What a party may be besides originator and recipient.
package struct Capabilities: Hashable, Sendable, DERFormat {
    package static let formName = "Capabilities"
    package var intermediary: Bool
    package var auditor: Bool
    package var steward: Bool
    package init(intermediary: Bool = false, auditor: Bool = false, steward: Bool = false) {
        self.intermediary = intermediary
        self.auditor = auditor
        self.steward = steward
    }
    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            Capabilities(
                intermediary: try f.bool("intermediary"), auditor: try f.bool("auditor"),
                steward: try f.bool("steward"))
        }
    }
    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            der.bool(intermediary)
            der.bool(auditor)
            der.bool(steward)
        }
    }
}

/// A delegate as a charter admits it: its signing key, and the signature by that key over its own ``CardBody``.
package struct Delegate: Hashable, Sendable, DERFormat {
    package static let formName = "Delegate"
    package let name: DelegateName
    /// 32 bytes, acceptable to ``Ledger/PinnedEd25519``.
    package let signingKey: [UInt8]
    /// When its card was made.
    package let cardMadeAt: Timestamp
    /// 64 bytes: the key's signature over its card.
    package let admission: [UInt8]

    package init(name: DelegateName, signingKey: [UInt8], cardMadeAt: Timestamp, admission: [UInt8]) {
        self.name = name
        self.signingKey = signingKey
        self.cardMadeAt = cardMadeAt
        self.admission = admission
    }
    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            Delegate(
                name: try f.delegate("Delegate.name"),
                signingKey: try f.bytes("Delegate.signingKey", count: 32...32),
                cardMadeAt: try f.time("Delegate.cardMadeAt"),
                admission: try f.bytes("Delegate.admission", count: 64...64))
        }
    }
    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            der.slug(name.slug)
            der.bytes(signingKey)
            try der.time(cardMadeAt)
            der.bytes(admission)
        }
    }
}

/// A party as a charter lists it.
package struct Party: Hashable, Sendable, DERFormat {
    package static let formName = "Party"
    package let id: PartyID
    /// Its name for people; untrusted text when shown.
    package let title: String
    package let capabilities: Capabilities
    /// How many of its delegates must sign a submission or a conveyance, from 1.
    package let releaseQuorum: Int
    /// The delegate who signs the charter for this party.
    package let founder: DelegateName
    /// Sorted by name.
    package let delegates: [Delegate]

    package init(
        id: PartyID, title: String, capabilities: Capabilities, releaseQuorum: Int, founder: DelegateName,
        delegates: [Delegate]
    ) {
        self.id = id
        self.title = title
        self.capabilities = capabilities
        self.releaseQuorum = releaseQuorum
        self.founder = founder
        self.delegates = delegates
    }
    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            Party(
                id: try f.party("Party.id"), title: try f.text("Party.title"), capabilities: try f.form(),
                releaseQuorum: Int(try f.uint("Party.releaseQuorum", max: UInt64(Bounds.signers))),
                founder: try f.delegate("Party.founder"),
                delegates: try f.list("Party.delegates", 1...Bounds.delegates) { try $0.form() })
        }
    }
    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            der.slug(id.slug)
            der.text(title)
            try capabilities.write(to: &der)
            try der.uint(UInt64(releaseQuorum))
            der.slug(founder.slug)
            try der.forms(delegates)
        }
    }
}

/// A permitted pair: who may talk to whom, when, how urgently and how much.
package struct Channel: Hashable, Sendable, DERFormat {
    package static let formName = "Channel"
    package let from: PartyID
    package let to: PartyID
    package let direction: Direction
    package let opensAt: Timestamp
    /// Closed from this moment on.
    package let closesAt: Timestamp
    package let highestPrecedence: Precedence
    /// The largest sealed payload in bytes.
    package let largestPayload: UInt64

    package enum Direction: Int, Sendable { case both, oneWay }

    package init(
        from: PartyID, to: PartyID, direction: Direction, opensAt: Timestamp, closesAt: Timestamp,
        highestPrecedence: Precedence, largestPayload: UInt64
    ) {
        self.from = from
        self.to = to
        self.direction = direction
        self.opensAt = opensAt
        self.closesAt = closesAt
        self.highestPrecedence = highestPrecedence
        self.largestPayload = largestPayload
    }
    /// Whether this channel is for messages from `a` to `b`.
    package func carries(from a: PartyID, to b: PartyID) -> Bool {
        (from == a && to == b) || (direction == .both && from == b && to == a)
    }
    package func isOpen(at time: Timestamp) -> Bool { opensAt <= time && time < closesAt }

    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            Channel(
                from: try f.party("Channel.from"), to: try f.party("Channel.to"),
                direction: try f.choice("Channel.direction"), opensAt: try f.time("Channel.opensAt"),
                closesAt: try f.time("Channel.closesAt"),
                highestPrecedence: try f.choice("Channel.highestPrecedence"),
                largestPayload: try f.uint("Channel.largestPayload", max: Bounds.payload))
        }
    }
    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            der.slug(from.slug)
            der.slug(to.slug)
            try der.choice(direction)
            try der.time(opensAt)
            try der.time(closesAt)
            try der.choice(highestPrecedence)
            try der.uint(largestPayload)
        }
    }
}

/// Two different parties, in the order of their names.
package struct PartyPair: Hashable, Comparable, Sendable, DERFormat {
    package static let formName = "PartyPair"
    package let first: PartyID
    package let second: PartyID

    package init(_ a: PartyID, _ b: PartyID) {
        first = min(a, b)
        second = max(a, b)
    }

    package static func < (a: PartyPair, b: PartyPair) -> Bool { (a.first, a.second) < (b.first, b.second) }

    package init(node: ASN1Node) throws {
        let pair = try DER.sequence(node, identifier: .sequence) { f in
            (try f.party("PartyPair.first"), try f.party("PartyPair.second"))
        }
        guard pair.0 < pair.1 else { throw FormError("PartyPair", expected: "two parties in ascending order") }
        self.init(pair.0, pair.1)
    }

    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            der.slug(first.slug)
            der.slug(second.slug)
        }
    }
}

/// A pair that must never be adjacent on a route.
package typealias Bar = PartyPair

/// A cosigner of the log's checkpoints (C2SP tlog-witness).
package struct Witness: Hashable, Sendable, DERFormat {
    package static let formName = "Witness"
    /// C2SP verifier key of type 0x04, as text.
    package let verifierKey: String
    /// Its submission prefix.
    package let url: String
    package init(verifierKey: String, url: String) {
        self.verifierKey = verifierKey
        self.url = url
    }
    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            Witness(verifierKey: try f.text("Witness.verifierKey"), url: try f.text("Witness.url"))
        }
    }
    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            der.text(verifierKey)
            der.text(url)
        }
    }
}

/// Who sees the log besides the charter's own parties and witnesses.
package enum Publication: Int, Sendable, CaseIterable, CustomStringConvertible {
    case `private`, onCadence, always
    package var description: String {
        switch self {
        case .private: "private"
        case .onCadence: "on-cadence"
        case .always: "always"
        }
    }
}

/// The relay as the charter names it: where it is and by which keys it is known.
package struct RelayIdentity: Hashable, Sendable, DERFormat {
    package static let formName = "RelayIdentity"
    /// `https://host[:port]`, nothing behind it.
    package let url: String
    /// The log's origin (C2SP tlog-checkpoint), also its key's name.
    package let origin: String
    /// Ed25519, signs checkpoints only.
    package let logKey: [UInt8]
    /// Ed25519, signs the relay's statements and rejections only.
    package let actKey: [UInt8]
    /// X.509 DER; clients trust these alone.
    package let tlsRoots: [[UInt8]]
    package let publication: Publication

    package init(
        url: String, origin: String, logKey: [UInt8], actKey: [UInt8], tlsRoots: [[UInt8]], publication: Publication
    ) {
        self.url = url
        self.origin = origin
        self.logKey = logKey
        self.actKey = actKey
        self.tlsRoots = tlsRoots
        self.publication = publication
    }
    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            RelayIdentity(
                url: try f.text("RelayIdentity.url", max: 255), origin: try f.text("RelayIdentity.origin", max: 255),
                logKey: try f.bytes("RelayIdentity.logKey", count: 32...32),
                actKey: try f.bytes("RelayIdentity.actKey", count: 32...32),
                tlsRoots: try f.list("RelayIdentity.tlsRoots", 1...Bounds.tlsRoots) {
                    try $0.bytes("RelayIdentity.tlsRoots", count: 1...Bounds.tlsRoot)
                },
                publication: try f.choice("RelayIdentity.publication"))
        }
    }
    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            der.text(url)
            der.text(origin)
            der.bytes(logKey)
            der.bytes(actKey)
            try der.list(tlsRoots) { $0.bytes($1) }
            try der.choice(publication)
        }
    }
}
