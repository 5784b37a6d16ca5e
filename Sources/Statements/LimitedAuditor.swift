package import SwiftASN1

/// A party that is shown what passes over some channels, and nothing else of the log
/// (`Docs/Specification.md#scopes`).
package struct LimitedAuditor: Hashable, Sendable, DERFormat {
    package static let formName = "LimitedAuditor"
    package let party: PartyID
    /// The channels between these, in both directions. Sorted, none twice.
    package let channels: [PartyPair]

    package init(party: PartyID, channels: [PartyPair]) {
        self.party = party
        self.channels = channels
    }

    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            LimitedAuditor(
                party: try f.party("LimitedAuditor.party"),
                channels: try f.list("LimitedAuditor.channels", 1...Bounds.channels) { try $0.form() })
        }
    }

    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            der.slug(party.slug)
            try der.forms(channels)
        }
    }
}

/// What a limited auditor is shown: the submissions of messages with a leg over one of its channels, and each later act
/// on such a leg.
package struct Scope: Hashable, Sendable {
    package let party: PartyID
    private let pairs: Set<PartyPair>

    package init(_ auditor: LimitedAuditor) {
        party = auditor.party
        pairs = Set(auditor.channels)
    }

    /// Whether a message on this leg passes over one of the channels.
    package func covers(_ leg: Leg, from originator: PartyID) -> Bool {
        var from = originator
        for to in leg.holders {
            if pairs.contains(PartyPair(from, to)) { return true }
            from = to
        }
        return false
    }

    /// Whether an entry with this act is shown.
    /// - Parameter legs: those of the message that the act is about; a submission's own.
    package func shows(_ act: Act, legs: [Leg], from originator: PartyID) -> Bool {
        let numbers: [Int]
        switch act {
        case .submission: numbers = Array(legs.indices)
        case .conveyance(let leg), .refusal(let leg, _), .receipt(let leg, _), .expiry(let leg):
            numbers = [leg.leg.value]
        case .recall(_, let legs): numbers = legs.map(\.value)
        default: return false
        }
        return numbers.contains { legs.indices.contains($0) && covers(legs[$0], from: originator) }
    }
}

extension CharterCheck {
    /// What is wrong with the limited auditors that a charter names.
    static func limitedAuditors(_ charter: Charter) -> [Finding] {
        let code = "charter-limited-auditor"
        var found: [Finding] = []
        let names = charter.limitedAuditors.map(\.party)
        if names != names.sorted() || Set(names).count != names.count {
            found.append(Finding("charter-order", "limited auditors are not sorted, or one is listed twice"))
        }
        let joined = Set(charter.channels.map { PartyPair($0.from, $0.to) })
        for auditor in charter.limitedAuditors {
            let pairs = auditor.channels
            if pairs != pairs.sorted() || Set(pairs).count != pairs.count {
                found.append(
                    Finding("charter-order", "channels of \(auditor.party) are not sorted, or one is listed twice"))
            }
            guard let party = charter.party(auditor.party) else {
                found.append(Finding(code, "the limited auditor \(auditor.party) is not a listed party"))
                continue
            }
            if party.capabilities.auditor {
                found.append(
                    Finding(code, "\(auditor.party) is an auditor of the whole log, and of some channels only"))
            }
            for pair in pairs where !joined.contains(pair) {
                found.append(
                    Finding(
                        code, "\(auditor.party) is to see \(pair.first) - \(pair.second), and no channel joins them"))
            }
        }
        return found
    }
}
