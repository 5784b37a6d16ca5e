import Ledger
package import SwiftASN1

/// The signed constitution of one relay: parties, channels, bars, limits, keys (`Docs/Specification.md#charter`).
///
/// A value of this type is well-formed; ``CharterCheck`` says whether it is also a charter that a relay may run under.
package struct Charter: Hashable, Sendable, DERFormat {
    package static let formName = "Charter"
    /// The rules by which its log is decided and replayed.
    package let rulesVersion: UInt64
    package let title: String
    package let madeAt: Timestamp
    package let relay: RelayIdentity
    /// Sorted by identifier.
    package let parties: [Party]
    package let channels: [Channel]
    /// Sorted.
    package let bars: [Bar]
    package let limits: Limits
    package let witnesses: [Witness]
    /// How many witnesses must have cosigned before an acceptance counts as confirmed.
    package let witnessQuorum: UInt64
    /// k of the n stewards.
    package let stewardThreshold: UInt64
    /// How long a stewards' change to another party's roster waits before it takes effect.
    package let rosterDelay: TimeSpan
    /// Sorted by party; none in a charter that is older than they are.
    package let limitedAuditors: [LimitedAuditor]

    package init(
        rulesVersion: UInt64, title: String, madeAt: Timestamp, relay: RelayIdentity, parties: [Party],
        channels: [Channel], bars: [Bar], limits: Limits, witnesses: [Witness], witnessQuorum: UInt64,
        stewardThreshold: UInt64, rosterDelay: TimeSpan, limitedAuditors: [LimitedAuditor] = []
    ) {
        self.rulesVersion = rulesVersion
        self.title = title
        self.madeAt = madeAt
        self.relay = relay
        self.parties = parties
        self.channels = channels
        self.bars = bars
        self.limits = limits
        self.witnesses = witnesses
        self.witnessQuorum = witnessQuorum
        self.stewardThreshold = stewardThreshold
        self.rosterDelay = rosterDelay
        self.limitedAuditors = limitedAuditors
    }

    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            try f.version("Charter")
            return Charter(
                rulesVersion: try f.uint("Charter.rulesVersion", max: 65_535), title: try f.text("Charter.title"),
                madeAt: try f.time("Charter.madeAt"), relay: try f.form(),
                parties: try f.list("Charter.parties", 1...Bounds.parties) { try $0.form() },
                channels: try f.list("Charter.channels", 0...Bounds.channels) { try $0.form() },
                bars: try f.list("Charter.bars", 0...Bounds.bars) { try $0.form() }, limits: try f.form(),
                witnesses: try f.list("Charter.witnesses", 0...Bounds.witnesses) { try $0.form() },
                witnessQuorum: try f.uint("Charter.witnessQuorum", max: UInt64(Bounds.witnesses)),
                stewardThreshold: try f.uint("Charter.stewardThreshold", max: UInt64(Bounds.parties)),
                rosterDelay: try f.span("Charter.rosterDelay"),
                limitedAuditors: try f.isNext(.context(0))
                    ? f.list("Charter.limitedAuditors", 1...Bounds.parties, tag: .context(0)) { try $0.form() } : [])
        }
    }

    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            try der.uint(1)
            try der.uint(rulesVersion)
            der.text(title)
            try der.time(madeAt)
            try relay.write(to: &der)
            try der.forms(parties)
            try der.forms(channels)
            try der.forms(bars)
            try limits.write(to: &der)
            try der.forms(witnesses)
            try der.uint(witnessQuorum)
            try der.uint(stewardThreshold)
            try der.span(rosterDelay)
            if !limitedAuditors.isEmpty { try der.forms(limitedAuditors, tag: .context(0)) }
        }
    }

    package func party(_ id: PartyID) -> Party? { parties.first { $0.id == id } }
    package func delegate(_ id: DelegateID) -> Delegate? {
        party(id.party)?.delegates.first { $0.name == id.name }
    }
}

/// A signature in an open set ("at least these signed"): who, and 64 bytes.
package struct OpenSignature: Hashable, Sendable, DERFormat {
    package static let formName = "OpenSignature"
    package let signer: DelegateID
    package let signature: [UInt8]
    package init(signer: DelegateID, signature: [UInt8]) {
        self.signer = signer
        self.signature = signature
    }
    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            OpenSignature(
                signer: DelegateID(
                    party: try f.party("OpenSignature.party"), name: try f.delegate("OpenSignature.delegate")),
                signature: try f.bytes("OpenSignature.signature", count: 64...64))
        }
    }
    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            der.slug(signer.party.slug)
            der.slug(signer.name.slug)
            der.bytes(signature)
        }
    }
}

/// A charter with the signatures of its founding parties, sorted by signer; log entry 0.
package struct SignedCharter: Hashable, Sendable, DERFormat {
    package static let formName = "SignedCharter"
    package let charter: Charter
    /// The bytes that were signed and hashed.
    package let charterBytes: [UInt8]
    package let signatures: [OpenSignature]
    package let id: CharterID

    /// - Throws: ``FormError`` `oversized` above 60,000 bytes.
    package init(charterBytes: [UInt8], signatures: [OpenSignature]) throws(FormError) {
        charter = try Charter(der: charterBytes, limit: Bounds.charter)
        self.charterBytes = charterBytes
        self.signatures = signatures.sorted { $0.signer < $1.signer }
        id = CharterID(Label.charterID.hash(charterBytes))
    }
    package init(node: ASN1Node) throws {
        let parts = try DER.sequence(node, identifier: .sequence) { f in
            (
                try f.node("SignedCharter.charter").encodedBytes,
                try f.list("SignedCharter.signatures", 0...Bounds.signatures) { try $0.form(OpenSignature.self) }
            )
        }
        for (earlier, later) in zip(parts.1, parts.1.dropFirst()) where earlier.signer >= later.signer {
            throw FormError("SignedCharter.signatures", expected: "one signature a signer, sorted by signer")
        }
        try self.init(charterBytes: Array(parts.0), signatures: parts.1)
    }
    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            der.serializeRawBytes(charterBytes)
            try der.forms(signatures)
        }
    }

    /// What a founder's signing key signs.
    package static func message(charterBytes: [UInt8]) -> [UInt8] { Label.charterSignature.message(charterBytes) }
}
