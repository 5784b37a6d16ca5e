import Crypto
import Foundation
import Ledger
import Rules
import Statements
import Testing

/// The scene of the rules' tests: the charter of the known answers with one more intermediary, and fixed keys.
enum Talks {
    /// 2024-11-27T02:00:00Z, when the channels open.
    static let start = Timestamp(milliseconds: 1_732_672_800_000)

    /// The private key of a name: its seed is SHA-256 of `valise-vector/` and the name.
    static func sign(_ message: [UInt8], as name: String) throws -> [UInt8] {
        Array(try key(name).signature(for: message))
    }

    static func key(_ name: String) throws -> Curve25519.Signing.PrivateKey {
        try Curve25519.Signing.PrivateKey(rawRepresentation: hash(name).bytes)
    }

    static func hash(_ name: String) -> Hash { Hash.sha256(Array("valise-vector/\(name)".utf8)) }

    static func nonce(_ name: String) -> Nonce { Nonce(hash("nonce/\(name)").bytes) ?? fail(name) }

    /// A public sealing key, as far as the rules look at it.
    static func sealingKey(_ name: String) -> [UInt8] {
        Array((0..<38).flatMap { hash("sealing/\(name)/\($0)").bytes })
    }

    static func keyID(_ name: String) -> KeyID { KeyID(publicKey: sealingKey(name)) }

    static func vectors(_ file: String, from here: String = #filePath) -> URL {
        URL(fileURLWithPath: here).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Vectors/valise").appendingPathComponent(file)
    }

    /// The charter of `Tests/Vectors/valise/charter.json`.
    static func published() throws -> Charter {
        struct Value: Decodable {
            let type: String
            let der: String
        }
        let values = try JSONDecoder().decode([Value].self, from: Data(contentsOf: vectors("charter.json")))
        let text = try #require(values.first { $0.type == "SignedCharter" }).der
        return try SignedCharter(der: try #require(Base64.decode(text)), limit: Bounds.signedCharter).charter
    }

    static func intermediary(_ party: PartyID) throws -> Party {
        let id = DelegateID(party: party, name: "lead")
        let signingKey = Array(try key(id.description).publicKey.rawRepresentation)
        let message = try Card.message(id: id, signingKey: signingKey, madeAt: start)
        return Party(
            id: party, title: "Mediator", capabilities: Capabilities(intermediary: true), releaseQuorum: 1,
            founder: id.name,
            delegates: [
                Delegate(
                    name: id.name, signingKey: signingKey, cardMadeAt: start,
                    admission: try sign(message, as: id.description))
            ])
    }

    static func channel(
        _ from: PartyID, _ to: PartyID, _ direction: Channel.Direction = .both, opens: TimeSpan = .seconds(0),
        closes: TimeSpan = .days(60), precedence: Precedence = .immediate, payload: UInt64 = 64 << 20
    ) -> Channel {
        Channel(
            from: from, to: to, direction: direction, opensAt: start + opens, closesAt: start + closes,
            highestPrecedence: precedence, largestPayload: payload)
    }

    /// The published channels; a narrow one-way way through the mediator; one that opens on the third day.
    static func channels(_ published: Charter) -> [Channel] {
        published.channels + [
            channel("lebanon-speaker", "egypt-mediator"), channel("us-envoy", "egypt-mediator"),
            channel("egypt-mediator", "hezbollah", .oneWay, precedence: .routine, payload: 1 << 20),
            channel("oversight-committee", "us-envoy", opens: .days(3), closes: .days(5)),
        ]
    }

    static func charter(
        limits change: (inout Limits) -> Void = { _ in }, channels: [Channel]? = nil, adding more: [PartyID] = [],
        version: UInt64? = nil
    ) throws -> SignedCharter {
        let base = try published()
        var limits = base.limits
        change(&limits)
        let charter = Charter(
            rulesVersion: version ?? base.rulesVersion, title: base.title, madeAt: base.madeAt, relay: base.relay,
            parties: try (base.parties + (more + ["egypt-mediator"]).map(intermediary)).sorted { $0.id < $1.id },
            channels: channels ?? Self.channels(base), bars: base.bars, limits: limits,
            witnesses: base.witnesses, witnessQuorum: base.witnessQuorum, stewardThreshold: base.stewardThreshold,
            rosterDelay: base.rosterDelay)
        let bytes = try charter.derBytes()
        let message = SignedCharter.message(charterBytes: bytes)
        let signatures = try charter.parties.map { party in
            let founder = DelegateID(party: party.id, name: party.founder)
            return OpenSignature(signer: founder, signature: try sign(message, as: founder.description))
        }
        return try SignedCharter(charterBytes: bytes, signatures: signatures)
    }

    static func fail<Value>(_ text: String) -> Value { preconditionFailure("not of its form: \(text)") }
}

extension PartyID: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) { self = PartyID(text) ?? Talks.fail(text) }
}

extension DelegateName: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) { self = DelegateName(text) ?? Talks.fail(text) }
}

extension LegNumber: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int) { self = LegNumber(value) ?? Talks.fail("\(value)") }
}

/// A small generator with a seed that a failing test can print (SplitMix64).
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
