package import Ledger
package import SwiftASN1

/// A head of the log: how many entries it had, and the Merkle root over them.
package struct LogHead: Hashable, Sendable, DERFormat {
    package static let formName = "LogHead"
    package let size: TreeSize
    package let root: Hash
    package init(size: TreeSize, root: Hash) {
        self.size = size
        self.root = root
    }
    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            LogHead(size: TreeSize(rawValue: try f.uint("LogHead.size")), root: try f.hash("LogHead.root"))
        }
    }
    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            try der.uint(size.rawValue)
            der.hash(root)
        }
    }
}

/// What a party says and its delegates sign: who, when, what they had seen of the log, and the act.
package struct Statement: Hashable, Sendable, DERFormat {
    package static let formName = "Statement"
    package let charter: CharterID
    package let party: PartyID
    /// In order: the drafter, then the releasers; none twice.
    package let signers: [DelegateName]
    package let madeAt: Timestamp
    /// Not accepted after this moment, so that a kept statement cannot be logged later.
    package let submitBy: Timestamp
    /// The newest checkpoint the drafter had verified: a fork of the log can never be rejoined.
    package let seen: LogHead
    package let act: Act

    package init(
        charter: CharterID, party: PartyID, signers: [DelegateName], madeAt: Timestamp, submitBy: Timestamp,
        seen: LogHead, act: Act
    ) {
        self.charter = charter
        self.party = party
        self.signers = signers
        self.madeAt = madeAt
        self.submitBy = submitBy
        self.seen = seen
        self.act = act
    }

    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            try f.version("Statement")
            let statement = Statement(
                charter: try f.id("Statement.charter"), party: try f.party("Statement.party"),
                signers: try f.list("Statement.signers", 1...Bounds.signers) { try $0.delegate("Statement.signers") },
                madeAt: try f.time("Statement.madeAt"), submitBy: try f.time("Statement.submitBy"),
                seen: try f.form(), act: try Act(node: f.node("Statement.act")))
            guard Set(statement.signers).count == statement.signers.count else {
                throw FormError("Statement.signers", expected: "no delegate twice")
            }
            return statement
        }
    }

    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            try der.uint(1)
            der.id(charter)
            der.slug(party.slug)
            try der.list(signers) { $0.slug($1.slug) }
            try der.time(madeAt)
            try der.time(submitBy)
            try seen.write(to: &der)
            try act.write(to: &der)
        }
    }

    package func delegate(_ name: DelegateName) -> DelegateID { DelegateID(party: party, name: name) }
}
