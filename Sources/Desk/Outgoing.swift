import Envelope
import Glibc
import Keyring
import Ledger
import Rules
import Sealing
package import Statements
package import Transport

/// A message to be sent: what a person says of it.
package struct Outgoing: Sendable {
    package var route: Leg
    package var subject: String?
    package var precedence: Precedence
    /// From now.
    package var lifetime: TimeSpan
    package var text: [UInt8]?
    package var attachments: [AttachedFile]
    /// Also sealed to the intermediaries, who may then read what they carry.
    package var openToIntermediaries: Bool
    package var reference: MessageID?

    package init(
        route: Leg, subject: String?, precedence: Precedence, lifetime: TimeSpan, text: [UInt8]?,
        attachments: [AttachedFile], openToIntermediaries: Bool, reference: MessageID? = nil
    ) {
        self.route = route
        self.subject = subject
        self.precedence = precedence
        self.lifetime = lifetime
        self.text = text
        self.attachments = attachments
        self.openToIntermediaries = openToIntermediaries
        self.reference = reference
    }
}

/// What came of sending.
package struct SentMessage: Sendable {
    package let message: MessageID
    package let route: Leg
    package let accepted: AcceptedStatement
    package let sealedTo: Int
    package let payloadSize: UInt64
    package let expiry: Timestamp
}

extension Desk {
    /// Seals a message, signs its submission and has it accepted. Plaintext never touches the disk here: only the
    /// sealed payload is spooled, in this home, and removed afterwards.
    /// - Throws: ``DeskError``, ``Sealing/SealingError``, ``Transport/TransportError``.
    package func send(_ outgoing: Outgoing) async throws -> SentMessage {
        let expiry = now() + outgoing.lifetime
        let readers =
            [outgoing.route.recipient] + [party] + (outgoing.openToIntermediaries ? outgoing.route.intermediaries : [])
        let keys = try await RecipientKeys.fetch(for: readers, until: expiry, desk: self)
        guard let nonce = Nonce(Self.random(Nonce.byteCount)) else {
            throw DeskError("no-randomness", "The system gave no random bytes.", hint: "check the system")
        }
        let context = SealContext(charter: charter.id, originator: party, nonce: nonce)
        let spool = try SpoolFile.make(in: home)
        defer { spool.remove() }
        let parts = try PartSources(text: outgoing.text, attachments: outgoing.attachments)
        let sealer = try Sealer(
            context: context, fields: parts.fields(subject: outgoing.subject, reference: outgoing.reference),
            random: Self.random)
        let sealed = try sealer.seal(reading: parts.read, writing: spool.write)
        let wrapped = try sealed.wrap(to: keys.publicKeys, legs: [outgoing.route])
        let submission = wrapped.submission(
            writtenUnder: charter.inForce.revisions(originator: party, legs: [outgoing.route]),
            precedence: outgoing.precedence, expiry: expiry)
        let signed = try await sign(.submission(submission))
        let header = try EnvelopeWriter.header(
            signed, sealedKeys: wrapped.sealedKeys, payloadSize: submission.payloadSize)
        try SentList(home).add(MessageID(signed.id))
        let accepted = try await handOver(spool.chunks(after: header), header.count, signed, submission)
        return SentMessage(
            message: MessageID(accepted.signed.id), route: outgoing.route, accepted: accepted,
            sealedTo: submission.sealedTo.count, payloadSize: submission.payloadSize, expiry: expiry)
    }

    /// Submits; an answer that did not come leaves the outcome open, and a new `send` would be a second message.
    private func handOver(
        _ chunks: SpooledChunks, _ headerSize: Int, _ signed: SignedStatement, _ submission: Submission
    ) async throws -> AcceptedStatement {
        do {
            return try await relay.submit(
                envelope: chunks, size: UInt64(headerSize) + submission.payloadSize, submission: signed)
        } catch let error as TransportError where error.code == .relayUnavailable {
            let id = MessageID(signed.id)
            throw DeskError(
                "outcome-unknown",
                "The relay did not answer; message \(id.short) may be in its log: \(error.message).",
                hint: "valise track \(id.short) tells; to send again would make a second message", kind: .unavailable)
        }
    }

    /// Bytes from the system's generator.
    static func random(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count { withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) } }
        return Array(bytes.prefix(count))
    }

    /// The permitted routes to a party now, shortest first.
    package func routes(to recipient: PartyID, precedence: Precedence) -> [Leg] {
        Routes(charter.inForce).permitted(
            from: party, to: recipient, at: now(), precedence: precedence, payload: 0)
    }
}
