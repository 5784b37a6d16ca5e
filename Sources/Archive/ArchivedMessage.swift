package import Sealing
package import Statements

/// One message as a desk keeps it: the signed submission, and what was in the seal.
package struct ArchivedMessage: Sendable, CustomStringConvertible, CustomReflectable {
    /// Which way it went, from this desk's side.
    package enum Direction: UInt8, Sendable, CaseIterable, CustomStringConvertible {
        case sent = 1
        case received = 2
        package var description: String { self == .sent ? "sent" : "received" }
    }

    /// The longest text that is kept, in bytes.
    package static let textLimit = 16 << 20
    /// The longest source opening, in bytes.
    package static let openingLimit = 4_096

    package let direction: Direction
    /// A submission: identifier, originator, signers, legs, precedence, expiry.
    package let submission: SignedStatement
    /// When it was sealed (sent) or opened (received) at this desk.
    package let at: Timestamp
    /// The fields of its manifest.
    package let fields: [Field]
    /// The bytes of its text part; nil when it has none, or one longer than ``textLimit``.
    package let text: [UInt8]?
    /// What a restater keeps to reveal a withheld source later: the DER of `SourceOpening`, opaque here.
    package let sourceOpening: [UInt8]?
    /// What opens its sealed payload, where that is kept beside the record: the payload of a message with attachments.
    package let contentKey: ContentKey?

    package init(
        direction: Direction, submission: SignedStatement, at: Timestamp, fields: [Field], text: [UInt8]?,
        sourceOpening: [UInt8]?, contentKey: ContentKey? = nil
    ) {
        self.direction = direction
        self.submission = submission
        self.at = at
        self.fields = fields
        self.text = text
        self.sourceOpening = sourceOpening
        self.contentKey = contentKey
    }

    package var id: MessageID { MessageID(submission.id) }

    package var description: String { "(a message in the archive)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
