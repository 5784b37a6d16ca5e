package import Ledger

/// A name that is safe in URLs, files and terminals: 1 to 63 of `a-z`, `0-9` and single inner hyphens.
package struct Slug: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let text: String

    /// Nil unless `text` is a slug.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard (1...63).contains(bytes.count), bytes.first != UInt8(ascii: "-"), bytes.last != UInt8(ascii: "-") else {
            return nil
        }
        var afterHyphen = false
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): afterHyphen = false
            case UInt8(ascii: "-") where !afterHyphen: afterHyphen = true
            default: return nil
            }
        }
        self.text = text
    }

    package var description: String { text }
    package static func < (a: Slug, b: Slug) -> Bool { a.text.utf8.lexicographicallyPrecedes(b.text.utf8) }
}

/// A party: an office that takes part in the talks, for example `us-envoy`.
package struct PartyID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let slug: Slug
    package init(_ slug: Slug) { self.slug = slug }
    package init?(_ text: String) {
        guard let slug = Slug(text) else { return nil }
        self.slug = slug
    }
    /// The reserved name under which the relay's own statements stand; no charter may list it.
    package static let relay = PartyID(Slug("relay").unsafelyUnwrapped)
    package var description: String { slug.text }
    package static func < (a: PartyID, b: PartyID) -> Bool { a.slug < b.slug }
}

/// A delegate's name inside its party, for example `lead`.
package struct DelegateName: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let slug: Slug
    package init(_ slug: Slug) { self.slug = slug }
    package init?(_ text: String) {
        guard let slug = Slug(text) else { return nil }
        self.slug = slug
    }
    /// The one signer of the relay's own statements: its act key.
    package static let act = DelegateName(Slug("act").unsafelyUnwrapped)
    package var description: String { slug.text }
    package static func < (a: DelegateName, b: DelegateName) -> Bool { a.slug < b.slug }
}

/// A delegate with its party: `us-envoy/lead`.
package struct DelegateID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let party: PartyID
    package let name: DelegateName
    package init(party: PartyID, name: DelegateName) {
        self.party = party
        self.name = name
    }
    /// Nil unless `text` is `party/delegate`.
    package init?(_ text: String) {
        let halves = text.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2, let party = PartyID(String(halves[0])), let name = DelegateName(String(halves[1]))
        else { return nil }
        self.init(party: party, name: name)
    }
    package var description: String { "\(party)/\(name)" }
    package static func < (a: DelegateID, b: DelegateID) -> Bool { (a.party, a.name) < (b.party, b.name) }
}

/// An identifier that is a labelled hash: shown as lowercase base32, typed as any unambiguous prefix, signed in full.
package protocol HashIdentifier: Hashable, Comparable, Sendable, CustomStringConvertible {
    var hash: Hash { get }
    init(_ hash: Hash)
}

extension HashIdentifier {
    package var description: String { Base32.encode(hash.bytes) }
    /// The first 12 characters (60 bits): for people, never for decisions.
    package var short: String { String(description.prefix(12)) }
    package static func < (a: Self, b: Self) -> Bool { a.hash < b.hash }
    /// Nil unless `text` is a full identifier.
    package init?(_ text: String) {
        guard let bytes = Base32.decode(text), let hash = Hash(bytes) else { return nil }
        self.init(hash)
    }
}

/// The labelled hash of the charter's DER: what two parties compare by phone.
package struct CharterID: HashIdentifier {
    package let hash: Hash
    package init(_ hash: Hash) { self.hash = hash }

    /// 160 bits in eight groups of four letters, as two people read them to each other.
    package var fingerprint: String {
        let letters = Array(description.prefix(32))
        return stride(from: 0, to: 32, by: 4).map { String(letters[$0..<$0 + 4]) }.joined(separator: " ")
    }
}

/// The labelled hash of a statement's DER.
package struct StatementID: HashIdentifier {
    package let hash: Hash
    package init(_ hash: Hash) { self.hash = hash }
}

/// A message's identifier: that of its submission.
package struct MessageID: HashIdentifier {
    package let hash: Hash
    package init(_ hash: Hash) { self.hash = hash }
    package init(_ statement: StatementID) { hash = statement.hash }
}

/// The labelled hash of a public sealing key.
package struct KeyID: HashIdentifier {
    package let hash: Hash
    package init(_ hash: Hash) { self.hash = hash }
    /// - Parameter publicKey: 1216 bytes of X-Wing public key.
    package init(publicKey: [UInt8]) { hash = Label.sealingKeyID.hash(publicKey) }
}

/// 32 random bytes that name a message before it has an identifier; kept through every retry.
package struct Nonce: Hashable, Sendable {
    package static let byteCount = 32
    package let bytes: [UInt8]
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }
}

/// A leg's place in its submission, from 0.
package struct LegNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let value: Int
    package init?(_ value: Int) {
        guard (0..<Bounds.legs).contains(value) else { return nil }
        self.value = value
    }
    package var description: String { String(value) }
    package static func < (a: LegNumber, b: LegNumber) -> Bool { a.value < b.value }
}

/// The number of an arrival in one party's inbox, from 1; a gap in the numbers shows that something was withheld.
package struct ArrivalNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let value: UInt64
    package init(_ value: UInt64) { self.value = value }
    package var description: String { String(value) }
    package static func < (a: ArrivalNumber, b: ArrivalNumber) -> Bool { a.value < b.value }
}

/// How often the constitution or a roster was amended; the founding charter is 0.
package struct Revision: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let value: UInt64
    package init(_ value: UInt64) { self.value = value }
    package var description: String { String(value) }
    package static func < (a: Revision, b: Revision) -> Bool { a.value < b.value }
}

/// How urgent a message is, in the order of ACP 121.
package enum Precedence: Int, Comparable, Sendable, CaseIterable, CustomStringConvertible {
    case routine, priority, immediate, flash
    package var description: String {
        switch self {
        case .routine: "routine"
        case .priority: "priority"
        case .immediate: "immediate"
        case .flash: "flash"
        }
    }
    package init?(_ text: String) {
        guard let match = Self.allCases.first(where: { $0.description == text }) else { return nil }
        self = match
    }
    package static func < (a: Precedence, b: Precedence) -> Bool { a.rawValue < b.rawValue }
}
