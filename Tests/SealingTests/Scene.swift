import Crypto
import Envelope
import Foundation
import Ledger
import Sealing
import Statements
import Testing

/// Seeded bytes: splitmix64.
struct SeededBytes: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count { withUnsafeBytes(of: next()) { bytes.append(contentsOf: $0) } }
        return Array(bytes.prefix(count))
    }
}

/// A holder's sealing key.
struct Holder: Sendable {
    let key: XWingMLKEM768X25519.PrivateKey
    let publicKey: [UInt8]
    var id: KeyID { KeyID(publicKey: publicKey) }

    init(seed: UInt8) throws {
        key = try XWingMLKEM768X25519.PrivateKey(
            seedRepresentation: [UInt8](repeating: seed, count: 32), publicKey: nil)
        publicKey = [UInt8](key.publicKey.rawRepresentation)
    }

    /// The 32 bytes of a wrap; nil when this key does not open it.
    func open(_ wrap: Opener.Wrap) -> [UInt8]? {
        guard
            var recipient = try? HPKE.Recipient(
                privateKey: key, ciphersuite: .XWingMLKEM768X25519_SHA256_AES_GCM_256, info: Data(wrap.info),
                encapsulatedKey: Data(wrap.enc))
        else { return nil }
        return (try? recipient.open(wrap.ciphertext, authenticating: wrap.aad)).map { [UInt8]($0) }
    }
}

/// One message from `us-envoy` to `hezbollah`, and everything to open it with.
struct Scene: Sendable {
    var charter = CharterID(Hash.sha256([1]))
    var originator = PartyID("us-envoy")!
    var nonce = Nonce([UInt8](repeating: 7, count: 32))!
    var legs = [Leg(intermediaries: [PartyID("lebanon-speaker")!], recipient: PartyID("hezbollah")!)]
    var seed: UInt64 = 1
    let recipient: Holder
    let sender: Holder
    let stranger: Holder

    init() throws {
        recipient = try Holder(seed: 1)
        sender = try Holder(seed: 2)
        stranger = try Holder(seed: 3)
    }

    var context: SealContext { SealContext(charter: charter, originator: originator, nonce: nonce) }

    struct Sealed: Sendable {
        var submission: Submission
        var block: [UInt8]
        var payload: [UInt8]
    }

    static func info(_ bytes: [UInt8], name: String = "note.txt") throws -> PartInfo {
        var digester = PartDigester()
        digester.take(bytes)
        return try PartInfo(name: name, mediaType: "text/plain", read: digester)
    }

    static func fields(_ parts: [[UInt8]]) throws -> [Field] {
        var fields = [Field.subject("Proposal"), .source(.own)]
        for (index, part) in parts.enumerated() {
            let info = try info(part, name: "part-\(index)")
            fields.append(index == 0 ? .text(info) : .attachment(info))
        }
        return fields
    }

    func sealer(_ fields: [Field]) throws -> Sealer {
        var random = SeededBytes(seed)
        return try Sealer(context: context, fields: fields) { random.bytes($0) }
    }

    func seal(_ parts: [[UInt8]], fields: [Field]? = nil) throws -> Sealed {
        var payload: [UInt8] = []
        let sealer = try sealer(try fields ?? Self.fields(parts))
        let sealed = try sealer.seal(parts: parts, into: &payload)
        let wrapped = try sealed.wrap(to: [recipient.publicKey, sender.publicKey], legs: legs)
        return Sealed(submission: Self.submission(wrapped), block: wrapped.sealedKeys.bytes, payload: payload)
    }

    static func submission(_ wrapped: WrappedPayload) -> Submission {
        wrapped.submission(
            writtenUnder: WrittenUnder(constitution: Revision(0), rosters: []), precedence: .priority,
            expiry: Timestamp(milliseconds: 2_000_000_000_000))
    }

    func open(_ sealed: Sealed, with holder: Holder? = nil, own: [KeyID]? = nil) async throws -> OpenedContent {
        let holder = holder ?? recipient
        let opener = Opener(
            submission: sealed.submission, charter: charter, originator: originator, sealedKeys: sealed.block,
            ownKeys: own ?? [holder.id])
        return try await opener.unwrap { holder.open($0) }.open(sealed.payload)
    }

    /// Why it does not open; nil if it does.
    func reason(_ sealed: Sealed, with holder: Holder? = nil, own: [KeyID]? = nil) async throws -> UnreadableReason? {
        do throws(any Error) {
            _ = try await open(sealed, with: holder, own: own)
            return nil
        } catch let reason as UnreadableReason {
            return reason
        }
    }

    static let signer = Curve25519.Signing.PrivateKey()

    func signed(_ act: Act) throws -> SignedStatement {
        let statement = Statement(
            charter: charter, party: originator, signers: [DelegateName("lead")!],
            madeAt: Timestamp(milliseconds: 1_900_000_000_000), submitBy: Timestamp(milliseconds: 1_900_000_100_000),
            seen: LogHead(size: 1, root: Hash.sha256([2])), act: act)
        return try SignedStatement.sign(statement) { [UInt8](try Self.signer.signature(for: $0)) }
    }

    func file(_ sealed: Sealed) throws -> [UInt8] {
        let header = try EnvelopeWriter.header(
            try signed(.submission(sealed.submission)), sealedKeys: try SealedKeysBlock(sealed.block),
            payloadSize: UInt64(sealed.payload.count))
        return header + sealed.payload
    }
}

extension Submission {
    /// The same submission with some fields of another.
    func with(
        nonce: Nonce? = nil, legs: [Leg]? = nil, sealedTo: [KeyID]? = nil, sealedKeysDigest: Hash? = nil,
        payloadDigest: Hash? = nil, payloadSize: UInt64? = nil, keyCommitment: Hash? = nil,
        contentCommitment: Hash? = nil
    ) -> Submission {
        Submission(
            nonce: nonce ?? self.nonce, writtenUnder: writtenUnder, legs: legs ?? self.legs, precedence: precedence,
            expiry: expiry, sealedTo: sealedTo ?? self.sealedTo,
            sealedKeysDigest: sealedKeysDigest ?? self.sealedKeysDigest,
            payloadDigest: payloadDigest ?? self.payloadDigest, payloadSize: payloadSize ?? self.payloadSize,
            keyCommitment: keyCommitment ?? self.keyCommitment,
            contentCommitment: contentCommitment ?? self.contentCommitment)
    }
}
