import Crypto
import Envelope
import Ledger
import Sealing
import Statements

/// Seeds that take sealing: an envelope, its block, a manifest, content.
extension Seeds {
    static let part = Array("A sixty-day cessation.".utf8)

    static func fields() throws -> [Field] {
        var digester = PartDigester()
        digester.take(part)
        return [
            .subject("Proposal"), .source(.own),
            .text(try PartInfo(name: "text", mediaType: "text/plain", read: digester)),
        ]
    }

    private static func manifest() throws -> Manifest {
        guard let secret = ManifestSecret([UInt8](repeating: 3, count: 32)) else {
            throw Failure(description: "a secret")
        }
        return try Manifest(context: context, fields: try fields(), secret: secret)
    }

    /// What is sealed, as it is before: length, manifest, part, zeros.
    static func content() throws -> [UInt8] {
        let manifest = try manifest().derBytes()
        let body = withUnsafeBytes(of: UInt32(manifest.count).bigEndian) { Array($0) } + manifest + part
        return body + [UInt8](repeating: 0, count: Int(Padding.padded(UInt64(body.count))) - body.count)
    }

    static func envelopes() throws -> [Seed] {
        guard let recipient = PartyID("hezbollah"), let speaker = PartyID("lebanon-speaker"),
            let lead = DelegateName("lead")
        else { throw Failure(description: "names") }
        var payload: [UInt8] = []
        let sealer = try Sealer(context: context, fields: try fields()) { [UInt8](repeating: 4, count: $0) }
        let sealed = try sealer.seal(parts: [part], into: &payload)
        let keys = try [UInt8(1), 2].map { (seed: UInt8) in
            let key = try XWingMLKEM768X25519.PrivateKey(
                seedRepresentation: [UInt8](repeating: seed, count: 32), publicKey: nil)
            return [UInt8](key.publicKey.rawRepresentation)
        }
        let wrapped = try sealed.wrap(to: keys, legs: [Leg(intermediaries: [speaker], recipient: recipient)])
        let submission = wrapped.submission(
            writtenUnder: WrittenUnder(constitution: Revision(0), rosters: []), precedence: .priority,
            expiry: Timestamp(milliseconds: 2_000_000_000_000))
        let statement = Statement(
            charter: context.charter, party: context.originator, signers: [lead],
            madeAt: Timestamp(milliseconds: 1_900_000_000_000), submitBy: Timestamp(milliseconds: 1_900_000_100_000),
            seen: LogHead(size: 1, root: Hash.sha256([2])), act: .submission(submission))
        let signed = try SignedStatement.sign(statement) { _ in [UInt8](repeating: 8, count: 64) }
        let header = try EnvelopeWriter.header(
            signed, sealedKeys: wrapped.sealedKeys, payloadSize: UInt64(payload.count))
        return [
            ("envelope", "sealed", header + payload), ("sealed-keys", "two", wrapped.sealedKeys.bytes),
            ("Manifest", "three-fields", try manifest().derBytes()),
        ]
    }
}
