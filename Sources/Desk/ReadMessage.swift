package import Archive
import Rules
package import Sealing
package import Statements

/// A message that was opened and verified, now or earlier.
package struct ReadMessage: Sendable {
    /// Where the content came from.
    package enum Place: Sendable, Hashable {
        /// Retrieved from the relay and opened now.
        case relay
        /// A file that was opened now, without asking the relay.
        case file
        /// This desk's archive: opened and verified earlier. Attachments that were saved come from the payload kept
        /// there, opened and verified once more.
        case archive(ArchivedMessage.Direction, Timestamp)
    }

    package let signed: SignedStatement
    package let submission: Submission
    package let place: Place
    package let fields: [Field]
    /// The text part, if there is one.
    package let text: [UInt8]?
    /// The attachments in the manifest's order, with the files they were saved to, if any.
    package let attachments: [SavedAttachment]
    /// Whether this desk's archive keeps the sealed payload, so that attachments can be saved without the relay.
    package let isPayloadKept: Bool
    /// The custody chain; nil when the relay did not answer or was not asked.
    package let tracked: TrackedMessage?
    /// Messages of this desk's archive in the same conversation, this one among them, oldest first.
    package let thread: [MessageSummary]
    /// What is known of whose words these are, where that was withheld.
    package let reveal: ShownReveal?
    /// Whose words another message's are, as this one shows.
    package let reveals: [ShownReveal]

    package var message: MessageID { MessageID(signed.id) }
    package var originator: PartyID { signed.statement.party }
    /// The drafter, then the releasers.
    package var signers: [DelegateName] { signed.statement.signers }
    /// When the relay accepted it; nil without its custody chain.
    package var acceptedAt: Timestamp? { tracked?.state.submittedAt }
}

/// An attachment and where it was saved.
package struct SavedAttachment: Sendable, Hashable {
    package let info: PartInfo
    /// nil when it was not saved.
    package let path: String?
}

/// A reveal as this desk could check it.
package struct ShownReveal: Sendable, Hashable {
    package enum Verdict: Sendable, Hashable {
        /// Proved by the log.
        case proved(RevealedSource)
        /// It proves nothing; a stable code, and a sentence.
        case wrong(code: String, String)
        /// The restatement is not in this desk's archive, or the relay was not there to ask.
        case unchecked
    }
    package let restatement: MessageID
    package let verdict: Verdict
}

/// How a message is read.
package struct ReadOptions: Sendable {
    /// The folder that attachments are saved into; nil leaves them where they are.
    package var folder: String?
    /// Whether a file of the same name is replaced; otherwise the new one gets a number.
    package var overwrite: Bool
    package var progress: StepProgress

    package init(folder: String? = nil, overwrite: Bool = false, progress: StepProgress = .none) {
        self.folder = folder
        self.overwrite = overwrite
        self.progress = progress
    }
}
