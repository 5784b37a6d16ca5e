import Rules
package import Sealing
package import Statements
package import Transport

/// A message to be sent: what a person says of it.
package struct Outgoing: Sendable {
    /// Whose words the message carries.
    package enum Source: Hashable, Sendable {
        case own
        /// Those of the message named: the recipient sees its identifier.
        case named(MessageID)
        /// Those of a message that stays unnamed, until a reveal.
        case withheld(MessageID)
    }

    /// One route for every recipient of this one submission.
    package var legs: [Leg]
    package var subject: String?
    /// How it is to be handled, as the originator asks.
    package var caption: String?
    package var precedence: Precedence
    /// From now.
    package var lifetime: TimeSpan
    package var text: [UInt8]?
    package var attachments: [AttachedFile]
    /// Parts that are in memory; they come before the files.
    package var inMemory: [AttachedBytes] = []
    /// Also sealed to the intermediaries, who may then read what they carry.
    package var openToIntermediaries: Bool
    /// Messages that this one refers to.
    package var references: [MessageID] = []
    package var source = Source.own
    /// How the source's words were passed on; only with a source that is not ``Source/own``.
    package var manner: Manner?
    /// Delegates of this party who sign after the drafter; empty where the party's quorum is one.
    package var releasers: [DelegateName] = []

    package init(
        legs: [Leg], subject: String?, precedence: Precedence, lifetime: TimeSpan, text: [UInt8]?,
        attachments: [AttachedFile], openToIntermediaries: Bool
    ) {
        self.legs = legs
        self.subject = subject
        self.precedence = precedence
        self.lifetime = lifetime
        self.text = text
        self.attachments = attachments
        self.openToIntermediaries = openToIntermediaries
    }

    /// Everyone whose keys it is sealed to: recipients, the originator's own delegates, and the intermediaries if it is
    /// open to them.
    func readers(own party: PartyID) -> [PartyID] {
        Self.readers(legs, own: party, areHopsIncluded: openToIntermediaries)
    }

    static func readers(_ legs: [Leg], own party: PartyID, areHopsIncluded: Bool) -> [PartyID] {
        var readers = legs.map(\.recipient) + [party]
        if areHopsIncluded { readers += legs.flatMap(\.intermediaries) }
        var seen: Set<PartyID> = []
        return readers.filter { seen.insert($0).inserted }
    }
}

/// What came of sending.
package struct SentMessage: Sendable {
    package enum Outcome: Sendable {
        case accepted(AcceptedStatement)
        /// It is in the outbox; why the relay has not taken it.
        case kept(TransportError)
        /// It is on the party's shelf at the relay, waiting for these signatures.
        case drafted(missing: [DelegateName])
        /// It is in a file, to be submitted from elsewhere.
        case sealed(path: String)
    }

    package let message: MessageID
    package let legs: [Leg]
    /// The drafter, then the releasers.
    package let signers: [DelegateName]
    package let outcome: Outcome
    /// Keys that it is sealed to.
    package let sealedTo: Int
    package let payloadSize: UInt64
    package let expiry: Timestamp
    /// The statement cannot be accepted after this moment.
    package let submitBy: Timestamp
    /// How old the word is that the recipients have no newer keys; nil when the relay was asked just now.
    package let keysAge: TimeSpan?
}

/// How far a long step has come.
package struct StepProgress: Sendable {
    package enum Step: Hashable, Sendable { case reading, sealing, sending, fetching }
    /// What is done and how much there is, in bytes.
    package let report: @Sendable (Step, _ done: UInt64, _ total: UInt64) -> Void
    package init(_ report: @escaping @Sendable (Step, _ done: UInt64, _ total: UInt64) -> Void) {
        self.report = report
    }
    /// Nobody watches.
    package static let none = StepProgress { _, _, _ in }
}

extension Desk {
    /// The permitted routes to a party now, shortest first.
    package func routes(to recipient: PartyID, precedence: Precedence) -> [Leg] {
        Routes(charter.inForce).permitted(
            from: party, to: recipient, at: now(), precedence: precedence, payload: 0)
    }

    /// Bytes from the system's generator.
    static func random(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count { withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) } }
        return Array(bytes.prefix(count))
    }
}
