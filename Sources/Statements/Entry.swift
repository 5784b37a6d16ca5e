package import Ledger
package import SwiftASN1

/// An entry of the log: a statement as accepted (or, at index 0, the charter), with the relay's time.
///
/// The rules recompute everything but the random bytes and the time.
package struct Entry: Hashable, Sendable, DERFormat {
    package static let formName = "Entry"
    /// Never going back from entry to entry.
    package let acceptedAt: Timestamp
    /// 16 random bytes, so that a leaf hash tells nothing about a guessed statement.
    package let salt: [UInt8]
    /// The constitution's revision in force.
    package let constitution: Revision
    /// The revision in force of the acting party's roster; 0 for the relay and for the charter.
    package let roster: Revision
    /// The index of the previous entry of the same message.
    package let previous: LogIndex?
    package let body: Body

    package enum Body: Hashable, Sendable {
        case charter(SignedCharter)
        case statement(SignedStatement)
    }

    package static let saltBytes = 16

    package init(
        acceptedAt: Timestamp, salt: [UInt8], constitution: Revision, roster: Revision, previous: LogIndex?, body: Body
    ) {
        self.acceptedAt = acceptedAt
        self.salt = salt
        self.constitution = constitution
        self.roster = roster
        self.previous = previous
        self.body = body
    }

    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            try f.version("Entry")
            let acceptedAt = try f.time("Entry.acceptedAt")
            let salt = try f.bytes("Entry.salt", count: 16...16)
            let constitution = Revision(try f.uint("Entry.constitution"))
            let roster = Revision(try f.uint("Entry.roster"))
            let previous = try f.isNext(.context(0)) ? f.index("Entry.previous", tag: .context(0)) : nil
            let node = try f.node("Entry.body")
            let body: Body
            switch node.identifier {
            case .context(1): body = .charter(try DER.explicitlyTagged(node, 1) { try SignedCharter(node: $0) })
            case .context(2): body = .statement(try DER.explicitlyTagged(node, 2) { try SignedStatement(node: $0) })
            default: throw FormError("Entry.body", expected: "a charter or a statement")
            }
            return Entry(
                acceptedAt: acceptedAt, salt: salt, constitution: constitution, roster: roster, previous: previous,
                body: body)
        }
    }

    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            try der.uint(1)
            try der.time(acceptedAt)
            der.bytes(salt)
            try der.uint(constitution.value)
            try der.uint(roster.value)
            if let previous { try der.uint(previous.rawValue, tag: .context(0)) }
            switch body {
            case .charter(let charter): try der.sequence(.context(1)) { try charter.write(to: &$0) }
            case .statement(let signed): try der.sequence(.context(2)) { try signed.write(to: &$0) }
            }
        }
    }

    /// The statement, unless this is entry 0.
    package var signed: SignedStatement? {
        if case .statement(let signed) = body { signed } else { nil }
    }
    /// The message whose custody chain this entry belongs to.
    package var message: MessageID? {
        guard let signed else { return nil }
        if case .submission = signed.statement.act { return MessageID(signed.id) }
        return signed.statement.act.message
    }
}

extension DER {
    /// One value under an explicit context tag.
    static func explicitlyTagged<T>(_ node: ASN1Node, _ number: UInt, _ read: (ASN1Node) throws -> T) throws -> T {
        try DER.sequence(node, identifier: .context(number)) { f in try read(f.node("explicit tag")) }
    }
}
