import Crypto
import Ledger
package import Statements

/// A charter for a busy log, with every private key of it: two sides that may not talk to each other, intermediaries
/// that have channels with both and with one another, and an auditor. All drawn from names, the same in every run.
///
/// Each party has the delegates `lead` and `deputy`; both must release what `north-1` sends.
package struct LogWorld: Sendable {
    package let charter: SignedCharter
    package let start: Timestamp
    package let north: [PartyID]
    package let south: [PartyID]
    package let middle: [PartyID]
    package let delegates: [DelegateID]
    let relay = DelegateID(party: .relay, name: .act)
    private let logSigner: NoteSigner
    private let keys: [DelegateID: Curve25519.Signing.PrivateKey]

    private static let names = ["deputy", "lead"].compactMap(DelegateName.init)

    /// - Parameter side: how many parties each of the two sides has, 1 to 9.
    package init(side: Int = 3, start: Timestamp = FixtureWorld.standardStart) throws {
        self.start = start
        north = (1...side).compactMap { PartyID("north-\($0)") }
        south = (1...side).compactMap { PartyID("south-\($0)") }
        middle = ["middle-1", "middle-2"].compactMap { PartyID($0) }
        let parties = (north + south + middle + ["watch"].compactMap { PartyID($0) }).sorted()
        delegates = parties.flatMap { party in Self.names.map { DelegateID(party: party, name: $0) } }
        var keys: [DelegateID: Curve25519.Signing.PrivateKey] = [:]
        for id in delegates + [relay] { keys[id] = try Self.key(id.description) }
        self.keys = keys
        guard let origin = NoteName("relay.example/busy") else { throw FormError("origin", expected: "a note name") }
        logSigner = try NoteSigner(name: origin, kind: .ed25519, privateKey: Self.key("busy log"))
        let identity = RelayIdentity(
            url: "https://127.0.0.1:4430", origin: origin.description,
            logKey: Array(try Self.key("busy log").publicKey.rawRepresentation),
            actKey: Array(try Self.key(relay.description).publicKey.rawRepresentation), tlsRoots: [[0x30, 0]],
            publication: .private)
        let listed = try parties.map { try Self.party($0, start) }
        charter = try Self.signed(Self.charter(identity, listed, start), keys)
    }

    /// A delegate's signature, or the relay's.
    package func sign(_ message: [UInt8], by delegate: DelegateID) throws -> [UInt8] {
        guard let key = keys[delegate] else { throw FormError("DelegateID", expected: "a delegate of this charter") }
        return Array(try key.signature(for: message))
    }

    /// The signed note over a head of this world's log.
    package func checkpoint(_ head: LogHead) throws -> [UInt8] {
        try Checkpoint(origin: logSigner.key.name, size: head.size, root: head.root).signed(by: logSigner).bytes
    }

    private static func key(_ name: String) throws -> Curve25519.Signing.PrivateKey {
        try Curve25519.Signing.PrivateKey(rawRepresentation: FixtureWorld.seed(name))
    }

    private static func party(_ id: PartyID, _ time: Timestamp) throws -> Party {
        let delegates = try names.map { name in
            let full = DelegateID(party: id, name: name)
            let key = try key(full.description)
            let bytes = Array(key.publicKey.rawRepresentation)
            let card = try Card.message(id: full, signingKey: bytes, madeAt: time)
            return Delegate(
                name: name, signingKey: bytes, cardMadeAt: time, admission: Array(try key.signature(for: card)))
        }
        let text = id.description
        return Party(
            id: id, title: "Office of \(id)",
            capabilities: Capabilities(
                intermediary: text.hasPrefix("middle"), auditor: text == "watch", steward: text == "watch"),
            releaseQuorum: text == "north-1" ? 2 : 1, founder: names[1], delegates: delegates)
    }

    private static func charter(_ relay: RelayIdentity, _ parties: [Party], _ time: Timestamp) -> Charter {
        let ids = parties.map(\.id)
        let named = { (prefix: String) in ids.filter { $0.description.hasPrefix(prefix) } }
        let (north, south, middle) = (named("north"), named("south"), named("middle"))
        var pairs = north.flatMap { a in middle.map { (a, $0) } } + south.flatMap { a in middle.map { (a, $0) } }
        for (a, b) in zip(middle, middle.dropFirst()) { pairs.append((a, b)) }
        let channels = pairs.map { from, to in
            Channel(
                from: from, to: to, direction: .both, opensAt: time - .days(1), closesAt: time + .days(3_650),
                highestPrecedence: .flash, largestPayload: 1 << 30)
        }
        var limits = Limits.standard
        limits.unsettledMessages = 1_000_000
        limits.unsettledBytes = 1 << 50
        return Charter(
            rulesVersion: 1, title: "Busy talks", madeAt: time, relay: relay, parties: parties, channels: channels,
            bars: north.flatMap { a in south.map { Bar(a, $0) } }.sorted {
                ($0.first, $0.second) < ($1.first, $1.second)
            },
            limits: limits, witnesses: [], witnessQuorum: 0, stewardThreshold: 1, rosterDelay: .hours(72))
    }

    private static func signed(
        _ charter: Charter, _ keys: [DelegateID: Curve25519.Signing.PrivateKey]
    ) throws -> SignedCharter {
        let bytes = try charter.derBytes()
        let message = SignedCharter.message(charterBytes: bytes)
        let signatures = try charter.parties.compactMap { party -> OpenSignature? in
            let founder = DelegateID(party: party.id, name: party.founder)
            guard let key = keys[founder] else { return nil }
            return OpenSignature(signer: founder, signature: Array(try key.signature(for: message)))
        }
        return try SignedCharter(charterBytes: bytes, signatures: signatures)
    }
}
