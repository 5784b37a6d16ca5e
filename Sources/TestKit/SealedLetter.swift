import Envelope
import Ledger
package import Sealing
package import Statements

/// Real content, really sealed: what a submission speaks of, before it is signed.
package struct SealedLetter: Sendable {
    package let wrapped: WrappedPayload
    package let payload: [UInt8]

    /// - Parameters:
    ///   - nonce: a fresh one if it is nil.
    ///   - keys: X-Wing public keys of everyone who may open it.
    package init(
        _ text: [UInt8], subject: String = "a letter", from originator: PartyID, under charter: CharterID,
        nonce: Nonce? = nil, legs: [Leg], keys: [[UInt8]]
    ) throws {
        guard let nonce = nonce ?? Nonce(Self.random(Nonce.byteCount)) else {
            throw FormError("Nonce", expected: "\(Nonce.byteCount) bytes")
        }
        var digester = PartDigester()
        digester.take(text)
        let fields: [Field] = [
            .subject(subject), .text(try PartInfo(name: "text", mediaType: "text/plain", read: digester)),
        ]
        let context = SealContext(charter: charter, originator: originator, nonce: nonce)
        var payload: [UInt8] = []
        let sealed = try Sealer(context: context, fields: fields, random: Self.random)
            .seal(parts: [text], into: &payload)
        wrapped = try sealed.wrap(to: keys, legs: legs)
        self.payload = payload
    }

    package static func random(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count { withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) } }
        return Array(bytes.prefix(count))
    }
}

/// An envelope file in its parts.
package struct RealEnvelope: Sendable {
    package let signed: SignedStatement
    package let header: [UInt8]
    package let payload: [UInt8]
    package var message: MessageID { MessageID(signed.id) }
    package var bytes: [UInt8] { header + payload }

    /// - Parameter signed: a submission of the letter's payload.
    package init(_ letter: SealedLetter, signed: SignedStatement) throws {
        self.signed = signed
        payload = letter.payload
        header = try EnvelopeWriter.header(
            signed, sealedKeys: letter.wrapped.sealedKeys, payloadSize: UInt64(letter.payload.count))
    }
}
