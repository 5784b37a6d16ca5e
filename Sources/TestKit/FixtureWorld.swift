import Crypto
package import Ledger
package import Statements

/// A relay's charter with three parties, and every private key of it: all drawn from names, the same in every run.
///
/// `us-envoy` and `hezbollah` are barred from each other; `lebanon-speaker` has a channel with both and may stand
/// between them. `us-envoy` has two delegates, `lead` and `deputy`, the others a `lead`.
package struct FixtureWorld: Sendable {
    package static let envoy = DelegateID("us-envoy/lead").unsafelyUnwrapped
    package static let deputy = DelegateID("us-envoy/deputy").unsafelyUnwrapped
    package static let speaker = DelegateID("lebanon-speaker/lead").unsafelyUnwrapped
    package static let hezbollah = DelegateID("hezbollah/lead").unsafelyUnwrapped
    /// Of a party that is there only if it may see some channels.
    package static let observer = DelegateID("observer/lead").unsafelyUnwrapped
    package static let delegates = [envoy, deputy, speaker, hezbollah]
    /// 2025-10-09T08:53:20Z.
    package static let standardStart = Timestamp(milliseconds: 1_760_000_000_000)

    package let charter: SignedCharter
    package let start: Timestamp
    package let logSigner: NoteSigner

    /// Its rules are of version 1 unless the limits name a retention.
    /// - Parameters:
    ///   - tlsRoots: X.509 DER; the default is none that a client could use.
    ///   - observes: the channels that a limited auditor may see; without any there is none.
    package init(
        url: String = "https://127.0.0.1:4430", tlsRoots: [[UInt8]] = [[0x30, 0]], limits: Limits = .standard,
        start: Timestamp = standardStart, publication: Publication = .private, witnesses: [Witness] = [],
        witnessQuorum: UInt64 = 0, observes: [PartyPair] = []
    ) throws {
        let origin = "relay.example/fixture"
        guard let name = NoteName(origin) else { throw FormError("RelayIdentity.origin", expected: "a note name") }
        logSigner = try NoteSigner(name: name, kind: .ed25519, privateKey: Self.key("log"))
        self.start = start
        let relay = RelayIdentity(
            url: url, origin: origin, logKey: try Self.publicKey("log"),
            actKey: try Self.publicKey(Self.relay.description), tlsRoots: tlsRoots, publication: publication)
        let observers = observes.isEmpty ? [] : [try Self.party([Self.observer], Capabilities(), start)]
        let charter = Charter(
            rulesVersion: limits.retention == nil ? 1 : RulesVersions.known.upperBound, title: "Fixture talks",
            madeAt: start, relay: relay,
            parties: [
                try Self.party([Self.hezbollah], Capabilities(), start),
                try Self.party([Self.speaker], Capabilities(intermediary: true), start),
            ] + observers + [
                try Self.party([Self.deputy, Self.envoy], Capabilities(auditor: true, steward: true), start)
            ],
            channels: [
                Self.channel(Self.envoy.party, Self.speaker.party, start),
                Self.channel(Self.speaker.party, Self.hezbollah.party, start),
            ],
            bars: [Bar(Self.envoy.party, Self.hezbollah.party)], limits: limits,
            witnesses: witnesses, witnessQuorum: witnessQuorum, stewardThreshold: 1, rosterDelay: .hours(72),
            limitedAuditors: observes.isEmpty
                ? [] : [LimitedAuditor(party: Self.observer.party, channels: observes.sorted())])
        let bytes = try charter.derBytes()
        let message = SignedCharter.message(charterBytes: bytes)
        let founders = [Self.envoy, Self.speaker, Self.hezbollah] + (observes.isEmpty ? [] : [Self.observer])
        let signatures = try founders.map {
            OpenSignature(signer: $0, signature: try Self.sign(message, with: $0.description))
        }
        self.charter = try SignedCharter(charterBytes: bytes, signatures: signatures)
    }

    /// A delegate's signature, or the relay's for ``PartyID/relay``.
    package func sign(_ message: [UInt8], by delegate: DelegateID) throws -> [UInt8] {
        try Self.sign(message, with: delegate.description)
    }

    /// 32 bytes: the private key of a delegate's signing key, of `relay/act`, or of the log (`log`).
    package static func seed(_ name: String) -> [UInt8] { bytes("signing key \(name)", 32) }

    /// The signed note over a head of this world's log.
    package func checkpoint(_ head: LogHead) throws -> [UInt8] {
        try Checkpoint(origin: logSigner.key.name, size: head.size, root: head.root).signed(by: logSigner).bytes
    }

    /// Bytes that look random and are the same for the same name.
    package static func bytes(_ name: String, _ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + Hash.byteCount)
        var block = Hash.sha256(Array(name.utf8))
        while bytes.count < count {
            block.append(to: &bytes)
            block = Hash.sha256(block.bytes)
        }
        return Array(bytes.prefix(count))
    }

    private static let relay = DelegateID(party: .relay, name: .act)

    private static func key(_ name: String) throws -> Curve25519.Signing.PrivateKey {
        try Curve25519.Signing.PrivateKey(rawRepresentation: seed(name))
    }

    private static func publicKey(_ name: String) throws -> [UInt8] {
        Array(try key(name).publicKey.rawRepresentation)
    }

    private static func sign(_ message: [UInt8], with name: String) throws -> [UInt8] {
        Array(try key(name).signature(for: message))
    }

    private static func party(
        _ delegates: [DelegateID], _ capabilities: Capabilities, _ time: Timestamp
    ) throws -> Party {
        let listed = try delegates.map { id in
            let key = try publicKey(id.description)
            let message = try Card.message(id: id, signingKey: key, madeAt: time)
            return Delegate(
                name: id.name, signingKey: key, cardMadeAt: time, admission: try sign(message, with: id.description))
        }
        let id = delegates[0].party
        return Party(
            id: id, title: "Office of \(id)", capabilities: capabilities, releaseQuorum: 1, founder: envoy.name,
            delegates: listed)
    }

    private static func channel(_ a: PartyID, _ b: PartyID, _ time: Timestamp) -> Channel {
        Channel(
            from: a, to: b, direction: .both, opensAt: time - .days(1), closesAt: time + .days(3_650),
            highestPrecedence: .flash, largestPayload: 1 << 30)
    }
}
