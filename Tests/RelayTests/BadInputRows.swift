import Envelope
import Ledger
import NIOCore
import Sealing
import Statements
import TestKit
import Wire

extension BadInput {
    /// Bytes that are no statement or no envelope.
    static let forms: [BadInput] = [
        BadInput(
            "an envelope without its last bytes", 400, "malformed", "payload: expected 10 more bytes", hint: malformed
        ) {
            $0.envelopeRequest(try $0.envelope().bytes.dropLast(10))
        },
        BadInput(
            "an envelope that ends in its header", 400, "malformed", "header: expected * more bytes", hint: malformed
        ) {
            $0.envelopeRequest(Array(try $0.envelope().bytes.prefix(60)))
        },
        BadInput("an empty body", 400, "malformed", "header: expected 19 more bytes", hint: malformed) {
            $0.envelopeRequest([])
        },
        BadInput(
            "something else than an envelope", 400, "malformed", "first line: expected valise-envelope/v1",
            hint: malformed
        ) {
            $0.envelopeRequest(Array("Subject: hello\r\n\r\n".utf8))
        },
        BadInput(
            "bytes behind the payload", 400, "malformed", "payload: expected nothing after its * bytes", hint: malformed
        ) { $0.envelopeRequest(try $0.envelope().bytes + [0]) },
        BadInput(
            "a statement cut short", 400, "malformed", "SignedStatement: expected strict DER of this type",
            hint: malformed
        ) {
            $0.statementRequest(try $0.statement().derBytes().dropLast(5))
        },
        BadInput(
            "a byte behind a statement", 400, "malformed", "SignedStatement: expected strict DER of this type",
            hint: malformed
        ) {
            $0.statementRequest(try $0.statement().derBytes() + [0])
        },
        BadInput(
            "a length in BER", 400, "malformed", "SignedStatement: expected strict DER of this type", hint: malformed
        ) {
            $0.statementRequest(HandmadeDER.padded(try $0.statement().derBytes()))
        },
        BadInput(
            "a length in BER inside", 400, "malformed", "SignedStatement: expected strict DER of this type",
            hint: malformed
        ) {
            let signed = try $0.statement()
            return $0.statementRequest(
                HandmadeDER.signed(HandmadeDER.padded(signed.statementBytes), signed.signatures))
        },
        BadInput(
            "a submission without its envelope", 400, "malformed",
            "A submission comes with its envelope, to /v1/envelopes.", hint: malformed
        ) { $0.statementRequest(try $0.envelope().signed.derBytes()) },
        BadInput(
            "a statement that is too long", 413, "oversized", "A statement has at most 48000 bytes.", hint: oversized
        ) {
            $0.statementRequest([UInt8](repeating: 0x30, count: 48_001))
        },
        BadInput(
            "an envelope that says it is too long", 413, "oversized",
            "The envelope has 2147483648 bytes; no channel takes more than 1073741824.", hint: oversized
        ) { _ in
            ByteBuffer(string: "POST /v1/envelopes HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2147483648\r\n\r\n")
        },
        BadInput(
            "an envelope that turns out too long", 413, "oversized", "No channel takes more than 1073741824 bytes.",
            hint: oversized
        ) { box in
            let letter = try box.letter()
            guard case .submission(let small) = box.submission(letter) else {
                throw RelayInABox.Unexpected(description: "no submission")
            }
            let signed = try box.sign(.submission(small.resized(to: 1 << 31)), by: FixtureWorld.envoy)
            let header = try EnvelopeWriter.header(signed, sealedKeys: letter.wrapped.sealedKeys, payloadSize: 1 << 31)
            return box.chunkedUpload(header, ends: false)
        },
        BadInput(
            "a payload with a flipped bit", 422, "digest-mismatch",
            "payload: expected the payload whose digest was signed",
            hint: "Send the payload that the submission was signed for."
        ) {
            var bytes = try $0.envelope().bytes
            bytes[bytes.count - 1] ^= 1
            return $0.envelopeRequest(bytes)
        },
        BadInput(
            "a sealed key with a flipped bit", 422, "digest-mismatch",
            "sealed-keys block: expected the block whose digest was signed",
            hint: "Send the payload that the submission was signed for."
        ) {
            let envelope = try $0.envelope()
            var bytes = envelope.bytes
            bytes[envelope.header.count - 9] ^= 1
            return $0.envelopeRequest(bytes)
        },
    ]

    /// Statements that those who are named did not make.
    static let signatures: [BadInput] = [
        BadInput("a statement that another delegate signed", 401, "not-authenticated", stranger, hint: authentication) {
            $0.statementRequest(try $0.statement(signer: FixtureWorld.speaker).derBytes())
        },
        BadInput("a signature without its last bit", 401, "not-authenticated", stranger, hint: authentication) {
            let signed = try $0.statement()
            var signature = signed.signatures[0]
            signature[0] ^= 1
            return $0.statementRequest(HandmadeDER.signed(signed.statementBytes, [signature]))
        },
        BadInput("an unknown party", 401, "not-authenticated", stranger, hint: authentication) {
            $0.statementRequest(
                try $0.statement(by: unknownParty, signer: FixtureWorld.envoy).derBytes())
        },
        BadInput("an unknown delegate", 401, "not-authenticated", stranger, hint: authentication) {
            $0.statementRequest(
                try $0.statement(by: unknownDelegate, signer: FixtureWorld.envoy).derBytes())
        },
        BadInput("somebody who speaks as the relay", 401, "not-authenticated", stranger, hint: authentication) {
            let act = DelegateID(party: .relay, name: .act)
            return $0.statementRequest(try $0.statement(by: act).derBytes())
        },
        BadInput("an envelope that another delegate signed", 401, "not-authenticated", stranger, hint: authentication) {
            let letter = try $0.letter()
            let signed = try $0.site.sign(
                $0.submission(letter), by: FixtureWorld.envoy, seen: $0.head, signer: FixtureWorld.speaker)
            return $0.envelopeRequest(try RealEnvelope(letter, signed: signed).bytes)
        },
        BadInput(
            "a stripped signature", 400, "malformed",
            "SignedStatement.signatures: expected *", hint: malformed
        ) { $0.statementRequest(HandmadeDER.signed(try $0.statement().statementBytes, [])) },
        BadInput(
            "an added signature", 400, "malformed",
            "SignedStatement.signatures: expected exactly one signature of each signer", hint: malformed
        ) {
            let signed = try $0.statement()
            return $0.statementRequest(
                HandmadeDER.signed(signed.statementBytes, signed.signatures + signed.signatures))
        },
        BadInput("two signatures in the wrong order", 401, "not-authenticated", stranger, hint: authentication) {
            let (letter, signed) = try $0.twice()
            let swapped = try SignedStatement(
                statementBytes: signed.statementBytes, signatures: signed.signatures.reversed())
            return $0.envelopeRequest(try RealEnvelope(letter, signed: swapped).bytes)
        },
        BadInput(
            "one of two signatures stripped", 400, "malformed",
            "SignedStatement.signatures: expected exactly one signature of each signer", hint: malformed
        ) {
            let (letter, signed) = try $0.twice()
            let whole = try RealEnvelope(letter, signed: signed)
            let stripped = HandmadeDER.signed(signed.statementBytes, [signed.signatures[0]])
            let start = EnvelopeFormat.magic.count
            let old = try signed.derBytes().count
            var bytes = Array(whole.bytes[..<start])
            bytes += (0..<4).reversed().map { UInt8(truncatingIfNeeded: stripped.count >> ($0 * 8)) }
            return $0.envelopeRequest(bytes + stripped + whole.bytes[(start + 4 + old)...])
        },
    ]

    private static let stranger = "The statement is not signed by delegates in office of this charter."
    private static let unknownParty = DelegateID("nobody/lead").unsafelyUnwrapped
    private static let unknownDelegate = DelegateID("us-envoy/nobody").unsafelyUnwrapped
}

extension RelayInABox {
    /// A letter that two delegates of its originator have signed.
    func twice() throws -> (letter: SealedLetter, signed: SignedStatement) {
        let letter = try letter()
        let statement = Statement(
            charter: world.charter.id, party: FixtureWorld.envoy.party,
            signers: [FixtureWorld.envoy.name, FixtureWorld.deputy.name], madeAt: clock.now,
            submitBy: clock.now + .hours(1), seen: head, act: submission(letter))
        let bytes = try statement.derBytes()
        let message = SignedStatement.message(statementBytes: bytes)
        let signatures = try [FixtureWorld.envoy, FixtureWorld.deputy].map { try world.sign(message, by: $0) }
        return (letter, try SignedStatement(statementBytes: bytes, signatures: signatures))
    }
}

extension Submission {
    func resized(to size: UInt64) -> Submission {
        Submission(
            nonce: nonce, writtenUnder: writtenUnder, legs: legs, precedence: precedence, expiry: expiry,
            sealedTo: sealedTo, sealedKeysDigest: sealedKeysDigest, payloadDigest: payloadDigest, payloadSize: size,
            keyCommitment: keyCommitment, contentCommitment: contentCommitment)
    }
}
