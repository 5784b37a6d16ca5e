import Crypto
import Ledger
import Sealing
import Statements

/// A small log under a real charter: a message from `us-envoy` through `lebanon-speaker`, who opens it and restates it
/// to `hezbollah`.
struct Talks: Sendable {
    static let start = Timestamp(milliseconds: 1_732_672_800_000)
    static let speaker = PartyID("lebanon-speaker")!
    static let envoy = PartyID("us-envoy")!
    static let lead = DelegateName("lead")!

    let charter: SignedCharter
    /// In order; entry 0 is the charter.
    private(set) var entries: [[UInt8]]
    private var last: [MessageID: LogIndex] = [:]

    static func key(_ name: String) throws -> Curve25519.Signing.PrivateKey {
        try Curve25519.Signing.PrivateKey(rawRepresentation: hash(name).bytes)
    }
    static func publicKey(_ name: String) throws -> [UInt8] { Array(try key(name).publicKey.rawRepresentation) }
    static func hash(_ name: String) -> Hash { Hash.sha256(Array("valise-vector/\(name)".utf8)) }
    static func nonce(_ name: String) -> Nonce { Nonce(hash(name).bytes)! }

    init(logKey: String = "relay/log") throws {
        let parties = try ["hezbollah", "lebanon-speaker", "us-envoy"].map { name in
            let id = DelegateID(party: PartyID(name)!, name: Self.lead)
            let key = try Self.publicKey(id.description)
            let message = try Card.message(id: id, signingKey: key, madeAt: Self.start)
            let card = Card(
                id: id, signingKey: key, madeAt: Self.start,
                signature: Array(try Self.key(id.description).signature(for: message)))
            return Party(
                id: id.party, title: name, capabilities: Capabilities(), releaseQuorum: 1, founder: Self.lead,
                delegates: [card.delegate])
        }
        let relay = RelayIdentity(
            url: "https://relay.example:8443", origin: "relay.example/truce-2024", logKey: try Self.publicKey(logKey),
            actKey: try Self.publicKey("relay/act"), tlsRoots: [[1]], publication: .private)
        let charter = Charter(
            rulesVersion: 1, title: "Talks", madeAt: Self.start, relay: relay, parties: parties, channels: [],
            bars: [], limits: .standard, witnesses: [], witnessQuorum: 0, stewardThreshold: 1,
            rosterDelay: .days(1))
        self.charter = try SignedCharter(charterBytes: charter.derBytes(), signatures: [])
        entries = []
        entries = [try entry(.charter(self.charter), nil).derBytes()]
    }

    private func entry(_ body: Entry.Body, _ previous: LogIndex?) -> Entry {
        Entry(
            acceptedAt: Self.start + .minutes(Int64(entries.count)),
            salt: Array(Self.hash("salt/\(entries.count)").bytes.prefix(16)), constitution: Revision(0),
            roster: Revision(0), previous: previous, body: body)
    }

    func signed(_ act: Act, by party: PartyID, key: String? = nil) throws -> SignedStatement {
        let isRelay = party == .relay
        let statement = Statement(
            charter: charter.id, party: party, signers: [isRelay ? .act : Self.lead],
            madeAt: Self.start, submitBy: Self.start + .days(1), seen: LogHead(size: 1, root: Self.hash("root")),
            act: act)
        let name = key ?? (isRelay ? "relay/act" : "\(party)/lead")
        return try SignedStatement.sign(statement) { Array(try Self.key(name).signature(for: $0)) }
    }

    /// Appends a statement and gives its place.
    @discardableResult
    mutating func log(_ signed: SignedStatement) throws -> LogIndex {
        let index = LogIndex(rawValue: UInt64(entries.count))
        let probe = entry(.statement(signed), nil)
        let message = probe.message
        let chained = entry(.statement(signed), message.flatMap { last[$0] })
        entries.append(try chained.derBytes())
        if let message { last[message] = index }
        return index
    }

    static func submission(_ nonce: Nonce, to recipient: PartyID, through hops: [PartyID] = []) -> Submission {
        Submission(
            nonce: nonce, writtenUnder: WrittenUnder(constitution: Revision(0), rosters: []),
            legs: [Leg(intermediaries: hops, recipient: recipient)], precedence: .priority,
            expiry: start + .hours(48), sealedTo: [KeyID(hash("key"))], sealedKeysDigest: hash("sealed-keys"),
            payloadDigest: hash("payload"), payloadSize: 4_112, keyCommitment: hash("key-commitment"),
            contentCommitment: hash("content"))
    }

    // Merkle trees, slowly (RFC 6962 section 2.1).
    private static func root(_ leaves: ArraySlice<Hash>) -> Hash {
        guard leaves.count > 1 else { return leaves.first ?? Merkle.emptyRoot }
        let half = split(leaves)
        return Merkle.nodeHash(root(leaves[..<half]), root(leaves[half...]))
    }
    private static func split(_ leaves: ArraySlice<Hash>) -> Int {
        var size = 1
        while size * 2 < leaves.count { size *= 2 }
        return leaves.startIndex + size
    }
    private static func path(_ index: Int, _ leaves: ArraySlice<Hash>) -> [Hash] {
        guard leaves.count > 1 else { return [] }
        let half = split(leaves)
        return index < half
            ? path(index, leaves[..<half]) + [root(leaves[half...])]
            : path(index, leaves[half...]) + [root(leaves[..<half])]
    }

    private var leaves: [Hash] { entries.map { Merkle.leafHash($0) } }

    func proven(_ index: LogIndex) -> ProvenEntry {
        let place = Int(index.rawValue)
        return ProvenEntry(index: index, entryBytes: entries[place], proof: Self.path(place, leaves[...]))
    }

    /// A checkpoint of the whole log.
    func checkpoint(key: String = "relay/log") throws -> [UInt8] {
        let origin = NoteName(charter.charter.relay.origin)!
        let signer = try NoteSigner(name: origin, kind: .ed25519, privateKey: try Self.key(key))
        let size = TreeSize(rawValue: UInt64(entries.count))
        return try Checkpoint(origin: origin, size: size, root: Self.root(leaves[...])).signed(by: signer).bytes
    }
}
