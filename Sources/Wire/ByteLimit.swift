import Statements

/// The most bytes of each body that relay and clients exchange; a longer one is refused before it is kept.
package enum ByteLimit {
    /// A submitted ``Statements/SignedStatement``.
    package static let statement = 48_000
    /// A ``Statements/ProvenEntry`` in DER: the longest entry with its index and 64 hashes.
    package static let provenEntry = 72_000
    /// A ``Statements/Acceptance`` in DER: a proven entry and a signed note.
    package static let acceptance = 144_000
    /// A ``Statements/SignedRejection`` in DER.
    package static let rejection = 1_024
    /// A ``Statements/SignedVerdict`` in DER.
    package static let verdict = Bounds.verdict
    /// A ``Statements/KeyList`` in DER.
    package static let keyList = 1_048_576
    /// A signed note.
    package static let note = 65_536
    /// A problem document.
    package static let problem = 65_536
    /// A JSON view. The relay ends a page of an inbox or of what was sent before it would
    /// pass this, and says that there is more.
    package static let view = 8_388_608
    /// A note that rejects a draft.
    package static let draftNote = 65_536
    /// An `OpenSignature`.
    package static let openSignature = 256
    /// A request target.
    package static let target = 2_048
}
