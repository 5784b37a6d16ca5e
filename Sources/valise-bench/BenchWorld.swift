import Crypto
import Foundation
import Keyring
import Ledger
import NIOCore
import NIOSSL
import Sealing
import Statements
import TestKit

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

    /// - Parameter others: further parties that may send to the recipient; sorted, and behind its name.
    static func make(
        port: Int, tickInterval: TimeSpan = Limits.standard.tickInterval, others: [String] = []
    ) throws -> BenchWorld {
        let folder = NSTemporaryDirectory() + "valise-bench-\(getpid())"
        try Durable.makeFolder(path: folder)
        let now = Self.now
        let host = try ServerName(host: "localhost")
        let keys = try RelayKeys.make(
            folder: folder + "/keys", commonName: "valise-bench", hosts: [host], now: now.milliseconds)
        let names = ["auditor", "north", "south"] + others
        var signing: [PartyID: Curve25519.Signing.PrivateKey] = [:]
        var sealing: [PartyID: [UInt8]] = [:]
        var parties: [Party] = []
        for name in names {
            guard let id = PartyID(name), let delegate = DelegateName("lead") else { continue }
            let key = Curve25519.Signing.PrivateKey()
            signing[id] = key
            sealing[id] = try SealingKey.generate().publicKey
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
            actKey: keys.act.publicKey, tlsRoots: [try root.der], publication: .private)
        let charter = try Self.charter(
            relay: relay, parties: parties, signing: signing, now: now, tickInterval: tickInterval)
        try Durable.write(path: folder + "/charter.signed", bytes: charter.derBytes(), mode: 0o600, exclusive: true)
        return BenchWorld(
            folder: folder, port: port, charter: charter, rootCertificate: keys.rootCertificate,
            originator: parties[1].id, recipient: parties[2].id, signing: signing, sealing: sealing)
    }

    static var now: Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }

    private static func charter(
        relay: RelayIdentity, parties: [Party], signing: [PartyID: Curve25519.Signing.PrivateKey], now: Timestamp,
        tickInterval: TimeSpan
    ) throws -> SignedCharter {
        var limits = Limits.standard
        limits.unsettledMessages = 10_000_000
        limits.unsettledBytes = 1 << 40
        limits.tickInterval = tickInterval
        let channels = ([parties[1]] + parties.dropFirst(3)).map {
            Channel(
                from: $0.id, to: parties[2].id, direction: .both, opensAt: now - .days(1),
                closesAt: now + .days(60), highestPrecedence: .flash, largestPayload: 1 << 24)
        }
        let charter = Charter(
            rulesVersion: 1, title: "benchmark", madeAt: now, relay: relay, parties: parties, channels: channels,
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

    /// One real letter, sealed to both ends.
    /// - Parameters:
    ///   - sender: the originator if it is nil.
    ///   - receiver: the recipient if it is nil.
    func letter(
        bytes count: Int = 1_024, from sender: PartyID? = nil, to receiver: PartyID? = nil
    ) throws -> SealedLetter {
        let (sender, receiver) = (sender ?? originator, receiver ?? recipient)
        return try SealedLetter(
            [UInt8](repeating: UInt8(ascii: "a"), count: count), subject: "benchmark", from: sender,
            under: charter.id, legs: [Leg(intermediaries: [], recipient: receiver)],
            keys: [sender, receiver].compactMap { sealing[$0] })
    }

    /// The letter under a signature of this moment, by and to whom it was sealed.
    func envelope(
        _ letter: SealedLetter, seen: LogHead, from sender: PartyID? = nil, to receiver: PartyID? = nil
    ) throws -> RealEnvelope {
        let sender = sender ?? originator
        let rosters = [sender, receiver ?? recipient].sorted().map { RosterRevision(party: $0, revision: Revision(0)) }
        let submission = letter.wrapped.submission(
            writtenUnder: WrittenUnder(constitution: Revision(0), rosters: rosters), precedence: .routine,
            expiry: Self.now + .days(7))
        return try RealEnvelope(letter, signed: sign(.submission(submission), as: sender, seen: seen))
    }

    /// A read that the auditor has signed.
    func reading(_ target: String) async throws -> ByteBuffer {
        guard let auditor = DelegateID("auditor/lead"), let key = signing[auditor.party] else {
            throw FormError("bench", expected: "an auditor")
        }
        return try await LoadConnection.reading(target, port: port, as: auditor, at: Self.now) {
            Array(try key.signature(for: $0))
        }
    }

    /// What trusts this world's relay.
    func clientContext() throws -> NIOSSLContext {
        try LoadConnection.context(roots: NIOSSLCertificate.fromPEMBytes(rootCertificate))
    }
}

/// Reads a private file of the benchmark's own folder.
private enum KeyBytes {
    static func read(_ path: String) throws -> SecretBytes {
        try CredentialStore(folder: (path as NSString).deletingLastPathComponent, credentials: nil)
            .read((path as NSString).lastPathComponent)
    }
}
