package import Sealing
package import Statements

/// What lists show of an archived message, without its text.
package struct MessageSummary: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    package let id: MessageID
    package let direction: ArchivedMessage.Direction
    /// When it was sealed (sent) or opened (received) at this desk.
    package let at: Timestamp
    package let originator: PartyID
    /// The drafter, then the releasers.
    package let signers: [DelegateName]
    package let legs: [Leg]
    package let precedence: Precedence
    package let expiry: Timestamp
    package let subject: String?
    package let caption: String?
    /// The messages that it refers to.
    package let references: [MessageID]
    package let source: SourceAttribution?
    package let attachmentNames: [String]
    /// Bytes of its text part, whether they are kept or not.
    package let textSize: Int
    /// Whether what reveals a withheld source is kept with it.
    package let hasSourceOpening: Bool

    package init(
        id: MessageID, direction: ArchivedMessage.Direction, at: Timestamp, originator: PartyID,
        signers: [DelegateName], legs: [Leg], precedence: Precedence, expiry: Timestamp, subject: String?,
        caption: String?, references: [MessageID], source: SourceAttribution?, attachmentNames: [String],
        textSize: Int, hasSourceOpening: Bool
    ) {
        self.id = id
        self.direction = direction
        self.at = at
        self.originator = originator
        self.signers = signers
        self.legs = legs
        self.precedence = precedence
        self.expiry = expiry
        self.subject = subject
        self.caption = caption
        self.references = references
        self.source = source
        self.attachmentNames = attachmentNames
        self.textSize = textSize
        self.hasSourceOpening = hasSourceOpening
    }

    init(_ message: ArchivedMessage, _ submission: Submission) {
        let statement = message.submission.statement
        var subject: String?
        var caption: String?
        var references: [MessageID] = []
        var source: SourceAttribution?
        var names: [String] = []
        var textSize = 0
        for field in message.fields {
            switch field {
            case .subject(let words): subject = words
            case .caption(let words): caption = words
            case .reference(let id): references.append(id)
            case .source(let attribution): source = attribution
            case .text(let part): textSize = Int(clamping: part.size)
            case .attachment(let part): names.append(part.name)
            default: break
            }
        }
        self.init(
            id: message.id, direction: message.direction, at: message.at, originator: statement.party,
            signers: statement.signers, legs: submission.legs, precedence: submission.precedence,
            expiry: submission.expiry, subject: subject, caption: caption, references: references, source: source,
            attachmentNames: names, textSize: message.text?.count ?? textSize,
            hasSourceOpening: message.sourceOpening != nil)
    }

    /// The messages that this one speaks of: its references, and the source that it names.
    package var links: [MessageID] {
        if case .named(let id) = source { return references + [id] }
        return references
    }

    package var description: String { "(the summary of a message)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// A message that was found, with the words around the first hit.
package struct SearchHit: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    package let summary: MessageSummary
    /// One line of at most 160 characters, from the text or from what else was found; from others, so untrusted.
    package let excerpt: String
    /// The attachments in whose names a word is.
    package let attachments: [String]

    package init(summary: MessageSummary, excerpt: String, attachments: [String] = []) {
        self.summary = summary
        self.excerpt = excerpt
        self.attachments = attachments
    }

    package var description: String { "(a message that was found)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
