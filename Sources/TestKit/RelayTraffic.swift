import Keyring
package import Ledger
import Relay
import Rules
import Sealing
package import Statements
import Wire

/// Real statements and envelopes for a relay in a box.
extension RelayInABox {
    /// From `us-envoy` by way of the speaker.
    package static let viaSpeaker = Leg(
        intermediaries: [FixtureWorld.speaker.party], recipient: FixtureWorld.hezbollah.party)
    package static let toSpeaker = Leg(intermediaries: [], recipient: FixtureWorld.speaker.party)

    /// The relay gave another answer than the one that a helper is for.
    package struct Unexpected: Error, CustomStringConvertible {
        package let description: String
        package init(description: String) { self.description = description }
    }

    package func sign(_ act: Act, by delegate: DelegateID) throws -> SignedStatement {
        try site.sign(act, by: delegate, seen: head)
    }

    /// Publishes the sealing key of every delegate.
    package func publishKeys() async throws {
        for delegate in FixtureWorld.delegates {
            let publication = try publication(of: delegate)
            let signed = try sign(.keyPublication(publication), by: delegate)
            if server.log.snapshot.standing.keys[publication.keyID] == nil { try await accept(signed) }
        }
    }

    /// What publishes a delegate's sealing key for a week.
    package func publication(of delegate: DelegateID) throws -> KeyPublication {
        let limits = world.charter.charter.limits
        let until = clock.now + .days(7)
        return KeyPublication(
            sealingKey: try RelaySite.sealingKey(delegate).publicKey, sealFrom: clock.now, sealUntil: until,
            keepUntil: until + limits.longestLifetime + limits.keyGrace)
    }

    /// A sealed letter from one delegate's party; what it says about routes and keys may be wrong.
    /// - Parameter to: who may open it; the recipients' delegates if it is nil.
    package func letter(
        _ text: [UInt8] = Array("Proposal".utf8), from delegate: DelegateID = FixtureWorld.envoy,
        legs: [Leg] = [viaSpeaker], nonce: Nonce? = nil, to readers: [DelegateID]? = nil
    ) throws -> SealedLetter {
        let recipients = Set(legs.map(\.recipient))
        let readers = readers ?? FixtureWorld.delegates.filter { recipients.contains($0.party) }
        let keys = try (readers + [delegate]).map { try RelaySite.sealingKey($0).publicKey }
        return try SealedLetter(
            text, from: delegate.party, under: world.charter.id, nonce: nonce, legs: legs, keys: keys)
    }

    /// The act that sends a letter.
    package func submission(
        _ letter: SealedLetter, from delegate: DelegateID = FixtureWorld.envoy, expiresIn span: TimeSpan = .hours(48)
    ) -> Act {
        let revisions = CharterInForce(world.charter).revisions(
            originator: delegate.party, legs: letter.wrapped.binding.legs)
        return .submission(
            letter.wrapped.submission(writtenUnder: revisions, precedence: .routine, expiry: clock.now + span))
    }

    /// A letter that is sealed and signed now.
    package func envelope(
        _ text: [UInt8] = Array("Proposal".utf8), from delegate: DelegateID = FixtureWorld.envoy,
        legs: [Leg] = [viaSpeaker], expiresIn span: TimeSpan = .hours(48), nonce: Nonce? = nil
    ) throws -> RealEnvelope {
        let letter = try letter(text, from: delegate, legs: legs, nonce: nonce)
        return try RealEnvelope(
            letter, signed: sign(submission(letter, from: delegate, expiresIn: span), by: delegate))
    }

    /// Sends an envelope or a statement that must be accepted.
    /// - Returns: where it stands in the log.
    @discardableResult
    package func accept(_ envelope: RealEnvelope) async throws -> AcceptedEntry {
        try accepted(try await post(.submitEnvelope, envelope.bytes))
    }

    @discardableResult
    package func accept(_ signed: SignedStatement) async throws -> AcceptedEntry {
        try accepted(try await post(.submitStatement, try signed.derBytes()))
    }

    /// An entry whose proof was verified under the log's signature.
    package struct AcceptedEntry: Sendable, Hashable {
        package let index: LogIndex
        package let statement: StatementID
        package let head: LogHead
    }

    /// Verifies an acceptance.
    package func accepted(_ answer: LoadConnection.Answer) throws -> AcceptedEntry {
        guard answer.status == 200 else {
            throw Unexpected(description: "\(answer.status) \(String(decoding: answer.body, as: UTF8.self))")
        }
        let acceptance = try Acceptance(der: answer.body, limit: ByteLimit.acceptance)
        let checkpoint = try Checkpoint.open(
            SignedNote(parsing: acceptance.checkpoint), log: world.logSigner.key
        ).checkpoint
        let head = LogHead(size: checkpoint.size, root: checkpoint.root)
        guard let signed = try acceptance.entry.verified(in: head).signed else {
            throw Unexpected(description: "entry \(acceptance.entry.index) holds no statement")
        }
        return AcceptedEntry(index: acceptance.entry.index, statement: signed.id, head: head)
    }

    /// Sends a statement's act for one leg of a message.
    @discardableResult
    package func tell(
        _ message: MessageID, by delegate: DelegateID, _ act: (LegReference) -> Act
    ) async throws -> AcceptedEntry {
        guard let leg = LegNumber(0) else { throw Unexpected(description: "there is no leg 0") }
        return try await accept(sign(act(LegReference(message: message, leg: leg)), by: delegate))
    }
}
