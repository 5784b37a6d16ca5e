package import SwiftASN1

/// A change to the charter, by its stewards or by a party to its own roster.
///
/// No rules version decides an amendment yet: each answers `unsupported-act`. The format is fixed so that later
/// versions of the rules need no other one.
package struct Amendment: Hashable, Sendable, DERFormat {
    package static let formName = "Amendment"
    package let scope: Scope
    /// The revision that this amendment makes: the one in force plus one.
    package let revision: Revision
    /// Why, for people.
    package let reason: String
    package let changes: [Change]

    package enum Scope: Hashable, Sendable {
        case constitution
        case roster(PartyID)
    }

    package init(scope: Scope, revision: Revision, reason: String, changes: [Change]) {
        self.scope = scope
        self.revision = revision
        self.reason = reason
        self.changes = changes
    }
    package init(node: ASN1Node) throws { try self.init(node: node, tag: .sequence) }
    init(node: ASN1Node, tag: ASN1Identifier) throws {
        self = try DER.sequence(node, identifier: tag) { f in
            let scope: Scope =
                try f.isNext(.context(0))
                ? .roster(PartyID(f.slug("Amendment.roster", tag: .context(0)))) : .constitution
            return Amendment(
                scope: scope, revision: Revision(try f.uint("Amendment.revision")),
                reason: try f.text("Amendment.reason"),
                changes: try f.list("Amendment.changes", 1...Bounds.changes) {
                    try Change(node: $0.node("Amendment.changes"))
                })
        }
    }
    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            if case .roster(let party) = scope { der.bytes(Array(party.slug.text.utf8), tag: .context(0)) }
            try der.uint(revision.value)
            der.text(reason)
            try der.list(changes) { try $1.write(to: &$0) }
        }
    }
}

/// One change of an amendment.
package enum Change: Hashable, Sendable {
    case admitParty(Party)
    case retireParty(PartyID)
    case openChannel(Channel)
    case closeChannel(PartyID, PartyID)
    case setBar(Bar)
    case liftBar(Bar)
    case setLimits(Limits)
    case setRelay(RelayIdentity)
    case setWitnesses([Witness], quorum: UInt64)
    case setStewards(threshold: UInt64, rosterDelay: TimeSpan)
    case setRules(version: UInt64)
    case admitDelegate(PartyID, Delegate)
    case retireDelegate(DelegateID)
    case setQuorum(PartyID, UInt64)
    case suspend(DelegateID)
    case reinstate(DelegateID)
    case stop(StatementID)

    package init(node: ASN1Node) throws {
        guard node.identifier.tagClass == .contextSpecific else {
            throw FormError("Change", expected: "a listed change")
        }
        self = try DER.sequence(node, identifier: node.identifier) { f in
            switch node.identifier.tagNumber {
            case 0: .admitParty(try f.form())
            case 1: .retireParty(try f.party("Change.party"))
            case 2: .openChannel(try f.form())
            case 3: .closeChannel(try f.party("Change.from"), try f.party("Change.to"))
            case 4: .setBar(try f.form())
            case 5: .liftBar(try f.form())
            case 6: .setLimits(try f.form())
            case 7: .setRelay(try f.form())
            case 8:
                .setWitnesses(
                    try f.list("Change.witnesses", 0...Bounds.witnesses) { try $0.form() },
                    quorum: try f.uint("Change.quorum", max: UInt64(Bounds.witnesses)))
            case 9:
                .setStewards(
                    threshold: try f.uint("Change.threshold", max: UInt64(Bounds.parties)),
                    rosterDelay: try f.span("Change.rosterDelay"))
            case 10: .setRules(version: try f.uint("Change.rulesVersion", max: 65_535))
            case 11: .admitDelegate(try f.party("Change.party"), try f.form())
            case 12: .retireDelegate(try Self.delegate(&f))
            case 13: .setQuorum(try f.party("Change.party"), try f.uint("Change.quorum", max: 8))
            case 14: .suspend(try Self.delegate(&f))
            case 15: .reinstate(try Self.delegate(&f))
            case 16: .stop(try f.id("Change.amendment"))
            default: throw FormError("Change", expected: "a listed change")
            }
        }
    }

    private static func delegate(_ f: inout Fields) throws -> DelegateID {
        DelegateID(party: try f.party("Change.party"), name: try f.delegate("Change.delegate"))
    }

    package var tag: UInt {
        switch self {
        case .admitParty: 0
        case .retireParty: 1
        case .openChannel: 2
        case .closeChannel: 3
        case .setBar: 4
        case .liftBar: 5
        case .setLimits: 6
        case .setRelay: 7
        case .setWitnesses: 8
        case .setStewards: 9
        case .setRules: 10
        case .admitDelegate: 11
        case .retireDelegate: 12
        case .setQuorum: 13
        case .suspend: 14
        case .reinstate: 15
        case .stop: 16
        }
    }

    package func write(to der: inout DER.Serializer) throws {
        try der.sequence(.context(tag)) { der in
            switch self {
            case .admitParty(let party): try party.write(to: &der)
            case .retireParty(let party): der.slug(party.slug)
            case .openChannel(let channel): try channel.write(to: &der)
            case .closeChannel(let from, let to):
                der.slug(from.slug)
                der.slug(to.slug)
            case .setBar(let bar), .liftBar(let bar): try bar.write(to: &der)
            case .setLimits(let limits): try limits.write(to: &der)
            case .setRelay(let relay): try relay.write(to: &der)
            case .setWitnesses(let witnesses, let quorum):
                try der.forms(witnesses)
                try der.uint(quorum)
            case .setStewards(let threshold, let rosterDelay):
                try der.uint(threshold)
                try der.span(rosterDelay)
            case .setRules(let version): try der.uint(version)
            case .admitDelegate(let party, let delegate):
                der.slug(party.slug)
                try delegate.write(to: &der)
            case .retireDelegate(let id), .suspend(let id), .reinstate(let id):
                der.slug(id.party.slug)
                der.slug(id.name.slug)
            case .setQuorum(let party, let quorum):
                der.slug(party.slug)
                try der.uint(quorum)
            case .stop(let amendment): der.id(amendment)
            }
        }
    }
}
