package import Ledger
package import SwiftASN1

/// What a statement does.
package enum Act: Hashable, Sendable {
    case submission(Submission)
    /// The intermediary now holding the leg passes it on, unaltered.
    case conveyance(LegReference)
    case refusal(LegReference, RefusalReason)
    case receipt(LegReference, ReceiptOutcome)
    /// The originator takes back legs that their recipient has not retrieved.
    case recall(MessageID, legs: [LegNumber])
    case keyPublication(KeyPublication)
    case amendment(Amendment)
    /// The relay's notice that a leg ran out of time.
    case expiry(LegReference)
    /// The relay destroyed the payload bytes of settled messages.
    case erasure([MessageID])
    case tick(Tick)

    package var kind: Kind {
        switch self {
        case .submission: .submission
        case .conveyance: .conveyance
        case .refusal: .refusal
        case .receipt: .receipt
        case .recall: .recall
        case .keyPublication: .keyPublication
        case .amendment: .amendment
        case .expiry: .expiry
        case .erasure: .erasure
        case .tick: .tick
        }
    }

    /// The kinds of act; the raw value is the tag in the ASN.1 module.
    package enum Kind: UInt, Sendable, CaseIterable, CustomStringConvertible {
        case submission, conveyance, refusal, receipt, recall, keyPublication, amendment, expiry, erasure, tick
        package var description: String {
            switch self {
            case .submission: "submission"
            case .conveyance: "conveyance"
            case .refusal: "refusal"
            case .receipt: "receipt"
            case .recall: "recall"
            case .keyPublication: "key-publication"
            case .amendment: "amendment"
            case .expiry: "expiry"
            case .erasure: "erasure"
            case .tick: "tick"
            }
        }
        /// Made by the relay with its act key, not by a delegate.
        package var isRelays: Bool { self == .expiry || self == .erasure || self == .tick }
    }

    /// The message whose custody chain this act belongs to; a submission starts one under its own identifier.
    package var message: MessageID? {
        switch self {
        case .conveyance(let reference), .refusal(let reference, _), .receipt(let reference, _), .expiry(let reference):
            reference.message
        case .recall(let message, _): message
        default: nil
        }
    }

    package init(node: ASN1Node) throws {
        let id = node.identifier
        guard id.tagClass == .contextSpecific, let kind = Kind(rawValue: id.tagNumber) else {
            throw FormError("Act", expected: "a listed act")
        }
        switch kind {
        case .submission: self = .submission(try Submission(node: node, tag: id))
        case .conveyance: self = .conveyance(try LegAct.read(node, tag: id, "Conveyance") { leg, _ in leg })
        case .refusal:
            self = try LegAct.read(node, tag: id, "Refusal") { .refusal($0, try $1.choice("Refusal.reason")) }
        case .receipt: self = try LegAct.read(node, tag: id, "Receipt") { .receipt($0, try LegAct.readOutcome(&$1)) }
        case .recall: self = try Self.recall(node, tag: id)
        case .keyPublication: self = .keyPublication(try KeyPublication(node: node, tag: id))
        case .amendment: self = .amendment(try Amendment(node: node, tag: id))
        case .expiry: self = .expiry(try LegAct.read(node, tag: id, "Expiry") { leg, _ in leg })
        case .erasure:
            self = try DER.sequence(node, identifier: id) { f in
                .erasure(try f.list("Erasure.messages", 1...Bounds.erasures) { try $0.id("Erasure.messages") })
            }
        case .tick: self = .tick(try Tick(node: node, tag: id))
        }
    }

    private static func recall(_ node: ASN1Node, tag: ASN1Identifier) throws -> Act {
        try DER.sequence(node, identifier: tag) { f in
            let message: MessageID = try f.id("Recall.message")
            let legs = try f.list("Recall.legs", 1...Bounds.legs) { f in
                guard let leg = LegNumber(Int(try f.uint("Recall.legs", max: UInt64(Bounds.legs - 1)))) else {
                    throw FormError("Recall.legs", expected: "0 to \(Bounds.legs - 1)")
                }
                return leg
            }
            for (earlier, later) in zip(legs, legs.dropFirst()) where earlier >= later {
                throw FormError("Recall.legs", expected: "ascending leg numbers")
            }
            return .recall(message, legs: legs)
        }
    }

    package func write(to der: inout DER.Serializer) throws {
        let tag = ASN1Identifier.context(kind.rawValue)
        switch self {
        case .submission(let submission): try submission.write(to: &der, tag: tag)
        case .conveyance(let leg), .expiry(let leg): try der.sequence(tag) { try leg.write(to: &$0) }
        case .refusal(let leg, let reason):
            try der.sequence(tag) {
                try leg.write(to: &$0)
                try $0.choice(reason)
            }
        case .receipt(let leg, let outcome):
            try der.sequence(tag) {
                try leg.write(to: &$0)
                try LegAct.write(outcome, to: &$0)
            }
        case .recall(let message, let legs):
            try der.sequence(tag) {
                $0.id(message)
                try $0.list(legs) { try $0.uint(UInt64($1.value)) }
            }
        case .keyPublication(let publication): try publication.write(to: &der, tag: tag)
        case .amendment(let amendment): try amendment.write(to: &der, tag: tag)
        case .erasure(let messages): try der.sequence(tag) { try $0.list(messages) { $0.id($1) } }
        case .tick(let tick): try tick.write(to: &der, tag: tag)
        }
    }
}

/// The relay's logged count for one party: what reached its inbox so far, and the charter and keys in force.
package struct Tick: Hashable, Sendable, DERFormat {
    package static let formName = "Tick"
    package let party: PartyID
    /// Arrivals in the party's inbox so far.
    package let arrivals: UInt64
    /// The charter in force: its identifier (after amendments: the identifier of the last amendment's statement).
    package let charterInForce: Hash
    /// Hash of the ``KeyList`` at the entry's time.
    package let keys: Hash

    package init(party: PartyID, arrivals: UInt64, charterInForce: Hash, keys: Hash) {
        self.party = party
        self.arrivals = arrivals
        self.charterInForce = charterInForce
        self.keys = keys
    }
    package init(node: ASN1Node) throws { try self.init(node: node, tag: .sequence) }
    init(node: ASN1Node, tag: ASN1Identifier) throws {
        self = try DER.sequence(node, identifier: tag) { f in
            Tick(
                party: try f.party("Tick.party"), arrivals: try f.uint("Tick.arrivals"),
                charterInForce: try f.hash("Tick.charterInForce"), keys: try f.hash("Tick.keys"))
        }
    }
    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            der.slug(party.slug)
            try der.uint(arrivals)
            der.hash(charterInForce)
            der.hash(keys)
        }
    }
}
