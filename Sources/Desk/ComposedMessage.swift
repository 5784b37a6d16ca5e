import Envelope
import Rules
import Sealing
import Statements

/// A message whose content is sealed and that nobody has signed yet. Its payload lies in a file of this home; the
/// plaintext was never on the disk.
struct ComposedMessage: Sendable {
    let wrapped: WrappedPayload
    let fields: [Field]
    let text: [UInt8]?
    /// What the originator keeps of a withheld source.
    let opening: SourceOpening?
    let payload: SpoolFile
    /// Of a message with attachments: what opens the payload, to be kept with it.
    let contentKey: ContentKey?
    let precedence: Precedence
    let expiry: Timestamp

    /// The submission under the charter as it is in force.
    func submission(under charter: CharterInForce) -> Submission {
        wrapped.submission(
            writtenUnder: charter.revisions(originator: wrapped.context.originator, legs: wrapped.binding.legs),
            precedence: precedence, expiry: expiry)
    }
}

extension Desk {
    /// Reads the parts, seals them to the keys, and leaves the payload in a spool file, which is the caller's to keep
    /// or to remove.
    /// - Throws: ``DeskError``, ``Sealing/SealingError``.
    func compose(
        _ outgoing: Outgoing, keys: RecipientKeys, expiry: Timestamp, progress: StepProgress
    ) throws -> ComposedMessage {
        let context = SealContext(charter: charter.id, originator: party, nonce: try Self.nonce())
        let parts = try PartSources(
            text: outgoing.text, attachments: outgoing.attachments, inMemory: outgoing.inMemory)
        let opening = try Self.opening(of: outgoing.source, nonce: context.nonce)
        let fields = try Self.fields(outgoing, opening: opening, parts: parts)
        let spool = try SpoolFile.make(in: home)
        do {
            let sealer = try Sealer(context: context, fields: fields, random: Self.random)
            let total = sealer.payloadSize
            var done: UInt64 = 0
            let sealed = try sealer.sealReadingOnce(
                reading: parts.read,
                writing: { offset, bytes in
                    try spool.write(bytes, at: offset)
                    done += UInt64(bytes.count)
                    progress.report(.sealing, done, total)
                })
            try parts.expectUnchanged()
            // The fields with the digests of what was read.
            let read = sealed.fields
            let payload = sealed.take()
            let key = read.hasAttachments ? payload.key : nil
            let wrapped = try payload.wrap(to: keys.publicKeys, legs: outgoing.legs)
            return ComposedMessage(
                wrapped: wrapped, fields: read, text: outgoing.text, opening: opening, payload: spool, contentKey: key,
                precedence: outgoing.precedence, expiry: expiry)
        } catch {
            spool.remove()
            throw error
        }
    }

    static func nonce() throws -> Nonce {
        guard let nonce = Nonce(random(Nonce.byteCount)) else {
            throw DeskError("no-randomness", "The system gave no random bytes.", hint: "check the system")
        }
        return nonce
    }

    private static func opening(of source: Outgoing.Source, nonce: Nonce) throws -> SourceOpening? {
        guard case .withheld(let message) = source else { return nil }
        guard let opening = SourceOpening(secret: random(ContentBounds.secret), source: message, nonce: nonce) else {
            throw DeskError("no-randomness", "The system gave no random bytes.", hint: "check the system")
        }
        return opening
    }

    private static func fields(
        _ outgoing: Outgoing, opening: SourceOpening?, parts: PartSources
    ) throws -> [Field] {
        var fields: [Field] = []
        if let subject = outgoing.subject { fields.append(.subject(subject)) }
        if let caption = outgoing.caption { fields.append(.caption(caption)) }
        fields += outgoing.references.map { .reference($0) }
        switch outgoing.source {
        case .own: fields.append(.source(.own))
        case .named(let message): fields.append(.source(.named(message)))
        case .withheld: if let opening { fields.append(.source(.withheld(opening.commitment()))) }
        }
        if let manner = outgoing.manner { fields.append(.manner(manner)) }
        return try fields + parts.fields()
    }
}
