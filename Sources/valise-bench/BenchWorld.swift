import Crypto
import Envelope
import Foundation
import Keyring
import Ledger
import Sealing
import Statements

/// A charter of two parties and an auditor with keys in memory, and a relay of its own as a separate process.
struct BenchWorld {
    let folder: String
    let port: Int
    let charter: SignedCharter
    let rootCertificate: [UInt8]
    let originator: PartyID
    let recipient: PartyID
    let signing: [PartyID: Curve25519.Signing.PrivateKey]
    let sealing: [PartyID: [UInt8]]

    static func make(port: Int) throws -> BenchWorld {
        let folder = NSTemporaryDirectory() + "valise-bench-\(getpid())"
        try Durable.makeFolder(path: folder)
        let now = Self.now
        let host = try ServerName(host: "localhost")
        let keys = try RelayKeys.make(
            folder: folder + "/keys", commonName: "valise-bench", hosts: [host], now: now.milliseconds)
        let names = ["auditor", "north", "south"]
        var signing: [PartyID: Curve25519.Signing.PrivateKey] = [:]
        var sealing: [PartyID: [UInt8]] = [:]
        var parties: [Party] = []
        for name in names {
            guard let id = PartyID(name), let delegate = DelegateName("lead") else { continue }
            let key = Curve25519.Signing.PrivateKey()
            signing[id] = key
            sealing[id] = SealingKey.generate().publicKey
            let card = DelegateID(party: id, name: delegate)
            let publicKey = Array(key.publicKey.rawRepresentation)
            let admission = try key.signature(for: Card.message(id: card, signingKey: publicKey, madeAt: now))
            parties.append(
                Party(
                    id: id, title: name,
                    capabilities: Capabilities(auditor: name == "auditor", steward: name != "auditor"),
                    releaseQuorum: 1, founder: delegate,
                    delegates: [
                        Delegate(
                            name: delegate, signingKey: publicKey, cardMadeAt: now, admission: Array(admission))
                    ]))
        }
        let root = try TLSRoot(certificate: keys.rootCertificate, key: KeyBytes.read(folder + "/keys/tls-root.key"))
        let relay = RelayIdentity(
            url: "https://localhost:\(port)", origin: "localhost/valise-bench", logKey: keys.log.publicKey,
            actKey: keys.act.publicKey, tlsRoots: [root.der], publication: .private)
        let charter = try Self.charter(relay: relay, parties: parties, signing: signing, now: now)
        try Durable.write(path: folder + "/charter.signed", bytes: charter.derBytes(), mode: 0o600, exclusive: true)
        return BenchWorld(
            folder: folder, port: port, charter: charter, rootCertificate: keys.rootCertificate,
            originator: parties[1].id, recipient: parties[2].id, signing: signing, sealing: sealing)
    }

    static var now: Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }

    private static func charter(
        relay: RelayIdentity, parties: [Party], signing: [PartyID: Curve25519.Signing.PrivateKey], now: Timestamp
    ) throws -> SignedCharter {
        var limits = Limits.standard
        limits.unsettledMessages = 10_000_000
        limits.unsettledBytes = 1 << 40
        let channel = Channel(
            from: parties[1].id, to: parties[2].id, direction: .both, opensAt: now - .days(1),
            closesAt: now + .days(60), highestPrecedence: .flash, largestPayload: 1 << 24)
        let charter = Charter(
            rulesVersion: 1, title: "benchmark", madeAt: now, relay: relay, parties: parties, channels: [channel],
            bars: [], limits: limits, witnesses: [], witnessQuorum: 0, stewardThreshold: 1, rosterDelay: .days(1))
        let bytes = try charter.derBytes()
        let signatures = try parties.compactMap { party -> OpenSignature? in
            guard let key = signing[party.id] else { return nil }
            let signature = try key.signature(for: SignedCharter.message(charterBytes: bytes))
            return OpenSignature(
                signer: DelegateID(party: party.id, name: party.founder), signature: Array(signature))
        }
        return try SignedCharter(charterBytes: bytes, signatures: signatures)
    }

    /// A statement signed by a party's one delegate.
    func sign(_ act: Act, as party: PartyID, seen: LogHead) throws -> SignedStatement {
        guard let key = signing[party], let lead = DelegateName("lead") else {
            throw FormError("bench", expected: "a party of the benchmark")
        }
        let now = Self.now
        let statement = Statement(
            charter: charter.id, party: party, signers: [lead], madeAt: now, submitBy: now + .hours(6), seen: seen,
            act: act)
        return try SignedStatement.sign(statement) { Array(try key.signature(for: $0)) }
    }

    func keyPublication(_ party: PartyID, seen: LogHead) throws -> SignedStatement {
        let now = Self.now
        let until = now + .days(30)
        let limits = charter.charter.limits
        return try sign(
            .keyPublication(
                KeyPublication(
                    sealingKey: sealing[party] ?? [], sealFrom: now - .hours(1), sealUntil: until,
                    keepUntil: until + limits.longestLifetime + limits.keyGrace)), as: party, seen: seen)
    }

    /// One real envelope: 1 KiB of text sealed to both ends, signed.
    func envelope(seen: LogHead) throws -> [UInt8] {
        let random: (Int) -> [UInt8] = { count in
            var generator = SystemRandomNumberGenerator()
            return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
        }
        guard let nonce = Nonce(random(Nonce.byteCount)) else { return [] }
        let text = [UInt8](repeating: UInt8(ascii: "a"), count: 1_024)
        var digester = PartDigester()
        digester.take(text)
        let fields: [Field] = [
            .subject("benchmark"), .text(try PartInfo(name: "text", mediaType: "text/plain", read: digester)),
        ]
        let context = SealContext(charter: charter.id, originator: originator, nonce: nonce)
        var payload: [UInt8] = []
        let sealed = try Sealer(context: context, fields: fields, random: random)
            .seal(parts: [text], into: &payload)
        let legs = [Leg(intermediaries: [], recipient: recipient)]
        let wrapped = try sealed.wrap(to: [originator, recipient].compactMap { sealing[$0] }, legs: legs)
        let rosters = [originator, recipient].sorted().map { RosterRevision(party: $0, revision: Revision(0)) }
        let submission = wrapped.submission(
            writtenUnder: WrittenUnder(constitution: Revision(0), rosters: rosters), precedence: .routine,
            expiry: Self.now + .days(7))
        let signed = try sign(.submission(submission), as: originator, seen: seen)
        return try EnvelopeWriter.header(signed, sealedKeys: wrapped.sealedKeys, payloadSize: UInt64(payload.count)) + payload
    }
}

/// Reads a private file of the benchmark's own folder.
private enum KeyBytes {
    static func read(_ path: String) throws -> SecretBytes {
        try CredentialStore(folder: (path as NSString).deletingLastPathComponent, credentials: nil)
            .read((path as NSString).lastPathComponent)
    }
}
