package import Statements

/// What the relay shows beside the log and could not make again by itself: others have signed it.
package protocol NoteStore: Sendable {
    /// The bytes that were kept last in a slot; nil if there are none.
    func note(_ slot: NoteSlot) async throws(StoreError) -> [UInt8]?
    /// Keeps bytes in place of what the slot had, durably.
    /// - Throws: ``StoreError``.
    func keep(_ note: [UInt8], in slot: NoteSlot) async throws(StoreError)
}

/// A place for one note.
package enum NoteSlot: Hashable, Sendable {
    /// The checkpoint that parties are shown, with the witnesses' cosignatures.
    case partiesCheckpoint
    /// The checkpoint that strangers are shown.
    case strangersCheckpoint
    /// The newest verdict of an auditor.
    case verdict(DelegateID)
    /// Written to see whether the store can commit.
    case probe

    /// What the names of verdicts begin with.
    package static let verdicts = "verdict/"

    /// What a driver may call it: unique, of letters, digits, `-` and `/`.
    package var name: String {
        switch self {
        case .partiesCheckpoint: "checkpoint/parties"
        case .strangersCheckpoint: "checkpoint/strangers"
        case .verdict(let delegate): "\(Self.verdicts)\(delegate)"
        case .probe: "probe"
        }
    }
}
