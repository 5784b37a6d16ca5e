import Crypto
import Foundation
import Ledger
import Statements

/// The talks that the known answers play in: fixed keys, fixed times, one charter.
enum Scene {
    /// 2024-11-27T02:00:00Z.
    static let start = Timestamp(milliseconds: 1_732_672_800_000)

    /// The private key of a name: its seed is SHA-256 of `valise-vector/` and the name.
    static func key(_ name: String) throws -> Curve25519.Signing.PrivateKey {
        try Curve25519.Signing.PrivateKey(rawRepresentation: Hash.sha256(Array("valise-vector/\(name)".utf8)).bytes)
    }

    static func publicKey(_ name: String) throws -> [UInt8] { Array(try key(name).publicKey.rawRepresentation) }

    static func sign(_ message: [UInt8], as name: String) throws -> [UInt8] {
        Array(try key(name).signature(for: message))
    }

    static func hash(_ name: String) -> Hash { Hash.sha256(Array("valise-vector/\(name)".utf8)) }

    /// Bytes that stand for something long, made from a name.
    static func filler(_ name: String, _ count: Int) -> [UInt8] {
        let blocks = (0...(count / 32)).flatMap { hash("\(name)/\($0)").bytes }
        return Array(blocks.prefix(count))
    }

    static func card(_ id: DelegateID, keyName: String? = nil) throws -> Card {
        let name = keyName ?? id.description
        let key = try publicKey(name)
        let message = try Card.message(id: id, signingKey: key, madeAt: start)
        return Card(id: id, signingKey: key, madeAt: start, signature: try sign(message, as: name))
    }

    static func party(
        _ id: PartyID, _ delegates: [DelegateName] = ["lead"], founder: DelegateName? = nil, quorum: Int = 1,
        title: String? = nil, may capabilities: Capabilities = Capabilities()
    ) throws -> Party {
        Party(
            id: id, title: title ?? "Office of \(id)", capabilities: capabilities, releaseQuorum: quorum,
            founder: founder ?? delegates[0],
            delegates: try delegates.map { try card(DelegateID(party: id, name: $0)).delegate })
    }

    static func relay(
        url: String = "https://relay.example:8443", origin: String = "relay.example/truce-2024",
        logKey: [UInt8]? = nil, actKey: [UInt8]? = nil, roots: [[UInt8]]? = nil
    ) throws -> RelayIdentity {
        RelayIdentity(
            url: url, origin: origin, logKey: try logKey ?? publicKey("relay/log"),
            actKey: try actKey ?? publicKey("relay/act"),
            tlsRoots: roots ?? [filler("tls-root/current", 400), filler("tls-root/next", 420)], publication: .private)
    }

    static func channel(
        _ from: PartyID, _ to: PartyID, _ direction: Channel.Direction = .both, opens: Timestamp = start,
        closes: Timestamp = start + .days(60), precedence: Precedence = .immediate, payload: UInt64 = 64 << 20
    ) -> Channel {
        Channel(
            from: from, to: to, direction: direction, opensAt: opens, closesAt: closes, highestPrecedence: precedence,
            largestPayload: payload)
    }

    static func witness() throws -> Witness {
        let name = "witness.example/one"
        let key = try VerifierKey(
            name: NoteName(name) ?? fail(name), kind: .cosignature, publicKey: publicKey("witness/one"))
        return Witness(verifierKey: key.text, url: "https://witness.example")
    }

    static func signed(_ charter: Charter) throws -> SignedCharter {
        let bytes = try charter.derBytes()
        let message = SignedCharter.message(charterBytes: bytes)
        let signatures = try charter.parties.map { party in
            let founder = DelegateID(party: party.id, name: party.founder)
            return OpenSignature(signer: founder, signature: try sign(message, as: founder.description))
        }
        return try SignedCharter(charterBytes: bytes, signatures: signatures)
    }

    static func signed(_ statement: Statement) throws -> SignedStatement {
        let bytes = try statement.derBytes()
        let message = SignedStatement.message(statementBytes: bytes)
        let signatures = try statement.signers.map { try sign(message, as: statement.delegate($0).description) }
        return try SignedStatement(statementBytes: bytes, signatures: signatures)
    }

    static func fail<Value>(_ text: String) -> Value { preconditionFailure("not of its form: \(text)") }
}

/// A charter that tests change field by field before it is made.
struct CharterDraft {
    var rulesVersion: UInt64 = 1
    var title = "Truce talks, November 2024"
    var relay: RelayIdentity
    var parties: [Party]
    var channels: [Channel]
    var bars: [Bar]
    var limits = Limits.standard
    var witnesses: [Witness]
    var witnessQuorum: UInt64 = 0
    var stewardThreshold: UInt64 = 2
    var rosterDelay = TimeSpan.days(3)
    var limitedAuditors: [LimitedAuditor] = []

    init() throws {
        relay = try Scene.relay()
        parties = [
            try Scene.party("hezbollah"),
            try Scene.party("israel-strategic-affairs", ["drafter", "releaser"], quorum: 2),
            try Scene.party("lebanon-speaker", may: Capabilities(intermediary: true, steward: true)),
            try Scene.party("oversight-committee", may: Capabilities(auditor: true)),
            try Scene.party("us-envoy", ["deputy", "lead"], founder: "lead", may: Capabilities(steward: true)),
        ]
        channels = [
            Scene.channel("us-envoy", "lebanon-speaker"), Scene.channel("lebanon-speaker", "hezbollah"),
            Scene.channel("us-envoy", "israel-strategic-affairs"),
        ]
        bars = [Bar("hezbollah", "israel-strategic-affairs"), Bar("hezbollah", "us-envoy")]
        witnesses = [try Scene.witness()]
    }

    var charter: Charter {
        Charter(
            rulesVersion: rulesVersion, title: title, madeAt: Scene.start, relay: relay, parties: parties,
            channels: channels, bars: bars, limits: limits, witnesses: witnesses, witnessQuorum: witnessQuorum,
            stewardThreshold: stewardThreshold, rosterDelay: rosterDelay, limitedAuditors: limitedAuditors)
    }
}

extension PartyID: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) { self = PartyID(text) ?? Scene.fail(text) }
}

extension DelegateName: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) { self = DelegateName(text) ?? Scene.fail(text) }
}

extension DelegateID: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) { self = DelegateID(text) ?? Scene.fail(text) }
}

extension LegNumber: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int) { self = LegNumber(value) ?? Scene.fail("\(value)") }
}
