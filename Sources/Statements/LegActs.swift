import SwiftASN1

/// A message and one of its legs: what conveyances, refusals, receipts and expiry notices speak of.
package struct LegReference: Hashable, Sendable {
    package let message: MessageID
    package let leg: LegNumber
    package init(message: MessageID, leg: LegNumber) {
        self.message = message
        self.leg = leg
    }
    init(fields f: inout Fields, _ form: String) throws {
        message = try f.id("\(form).message")
        guard let number = LegNumber(Int(try f.uint("\(form).leg", max: UInt64(Bounds.legs - 1)))) else {
            throw FormError("\(form).leg", expected: "0 to \(Bounds.legs - 1)")
        }
        leg = number
    }
    func write(to der: inout DER.Serializer) throws {
        der.id(message)
        try der.uint(UInt64(leg.value))
    }
}

/// Why a holder refuses to carry or take a message.
package enum RefusalReason: Int, Sendable, CaseIterable, CustomStringConvertible {
    case declined, cannotOpen, notForUs, tooLate, tooLarge, policy
    package var description: String {
        switch self {
        case .declined: "declined"
        case .cannotOpen: "cannot-open"
        case .notForUs: "not-for-us"
        case .tooLate: "too-late"
        case .tooLarge: "too-large"
        case .policy: "policy"
        }
    }
    package init?(_ text: String) {
        guard let match = Self.allCases.first(where: { $0.description == text }) else { return nil }
        self = match
    }
}

/// Why retrieved content could not be opened, in the order in which a client checks.
package enum UnreadableReason: Int, Error, Sendable, CaseIterable, CustomStringConvertible {
    case notServed, digest, noKey, wrap, keyCommitment, content
    package var description: String {
        switch self {
        case .notServed: "not-served"
        case .digest: "digest"
        case .noKey: "no-key"
        case .wrap: "wrap"
        case .keyCommitment: "key-commitment"
        case .content: "content"
        }
    }
}

/// What a holder confirms.
package enum ReceiptOutcome: Hashable, Sendable {
    /// Logged before content is released.
    case retrieved
    /// Decrypted, and every digest verified.
    case opened
    case unreadable(UnreadableReason)
}

/// The acts on one leg.
package enum LegAct {}

extension LegAct {
    static func read<T>(
        _ node: ASN1Node, tag: ASN1Identifier, _ form: String, _ body: (LegReference, inout Fields) throws -> T
    ) throws -> T {
        try DER.sequence(node, identifier: tag) { f in
            let reference = try LegReference(fields: &f, form)
            return try body(reference, &f)
        }
    }

    static func readOutcome(_ f: inout Fields) throws -> ReceiptOutcome {
        let node = try f.node("Receipt.outcome")
        switch node.identifier {
        case .context(0):
            try requireEmpty(node)
            return .retrieved
        case .context(1):
            try requireEmpty(node)
            return .opened
        case .context(2):
            guard let value = try? Int(derEncoded: node, withIdentifier: .context(2)),
                let reason = UnreadableReason(rawValue: value)
            else { throw FormError("Receipt.unreadable", expected: "a listed reason") }
            return .unreadable(reason)
        default: throw FormError("Receipt.outcome", expected: "retrieved, opened or unreadable")
        }
    }

    private static func requireEmpty(_ node: ASN1Node) throws {
        guard case .primitive(let content) = node.content, content.isEmpty else {
            throw FormError("Receipt.outcome", expected: "NULL")
        }
    }

    static func write(_ outcome: ReceiptOutcome, to der: inout DER.Serializer) throws {
        switch outcome {
        case .retrieved: der.bytes([], tag: .context(0))
        case .opened: der.bytes([], tag: .context(1))
        case .unreadable(let reason): try reason.rawValue.serialize(into: &der, withIdentifier: .context(2))
        }
    }
}
