package import Ledger
package import Rules
package import Statements

/// What the relay keeps and how it is asked for: one contract, one driver for each database, one conformance suite.
///
/// The log's entries and tiles are the truth; every other answer is a view that a driver could build again from the
/// entries. ``commit(_:)`` is the only way to change anything of that, and it is all or nothing. Uploads and drafts are
/// work in progress beside the log; notes are what others signed.
///
/// The bytes of envelopes, uploads and drafts are stored encrypted, each under a fresh key of its own. The commit of an
/// erasure destroys the keys of its messages, and their envelopes with them.
package protocol Store: UploadStore, DraftStore, NoteStore, FigureStore {
    /// The log as it stands, or nil for a store that has no entry 0.
    func load() async throws(StoreError) -> LoadedLog?

    /// Looks up statements, nonces and messages; the caller adds roots and has the standing facts.
    func facts(_ wanted: Facts.Wanted, standing: StandingFacts) async throws(StoreError) -> Facts

    /// Makes a batch durable: after this returned, no power cut loses it.
    ///
    /// - Throws: ``StoreError``: `conflict` if the log's size is not the batch's base (nothing was written);
    ///   `outcomeUnknown` if it may or may not have been written: ``load()`` tells.
    func commit(_ batch: CommitBatch) async throws(StoreError)

    /// The bytes of a hash tile, as wide as it is stored; nil if there is none.
    func tile(level: UInt8, index: UInt64) async throws(StoreError) -> [UInt8]?
    /// The entries in a range, in order; fewer if the log ends before.
    func entries(_ range: Range<UInt64>) async throws(StoreError) -> [[UInt8]]
    /// The arrivals of a party's inbox with numbers above `after`, in order.
    func inbox(_ party: PartyID, after: ArrivalNumber, limit: Int) async throws(StoreError) -> [Arrival]
    /// The messages of an originator whose submissions have log indexes above `after`, in order.
    func submissions(of party: PartyID, after: LogIndex, limit: Int) async throws(StoreError) -> [MessageID]
    /// The entries in a limited auditor's scope with indexes above `after`, in order.
    func scope(of party: PartyID, after: LogIndex, limit: Int) async throws(StoreError) -> [StoredEntry]
    /// The custody chain of a message, oldest first; empty if there is none.
    func chain(_ message: MessageID) async throws(StoreError) -> [StoredEntry]
    /// The key publications of a party that are not past `keepUntil` at `time`.
    func publications(_ party: PartyID, at time: Timestamp) async throws(StoreError) -> [StoredEntry]
    /// Every sealing key published before an index and not past `sealUntil` at a time: what a tick's hash is over.
    func keys(before index: LogIndex, at time: Timestamp) async throws(StoreError) -> [SealingKeyRecord]
    /// The newest tick of a party.
    func latestTick(_ party: PartyID) async throws(StoreError) -> StoredEntry?
    /// Messages with a leg whose time has run out at `time` and for which no notice is logged, oldest deadline first.
    func due(at time: Timestamp, limit: Int) async throws(StoreError) -> [MessageID]

    /// Messages that were settled at a time or before it and whose content is not erased, in the order in which they
    /// were settled. Under a charter that names no retention there are none.
    func settled(before time: Timestamp, limit: Int) async throws(StoreError) -> [MessageID]
    /// The entry that erased a message's content; nil if it is not erased, or there is no such message.
    func erasure(_ message: MessageID) async throws(StoreError) -> StoredEntry?
    /// Does away with what a committed erasure may have left outside the tables: files, and traces of destroyed keys.
    /// - Returns: false if something is left because others are reading; to be tried again.
    func finishErasures() async throws(StoreError) -> Bool

    /// Begins an envelope that is too large to be held in memory; nothing refers to it until a commit does.
    func stageEnvelope() async throws(StoreError) -> any StagedEnvelopeWriter
    /// The size of a message's stored envelope file; nil if there is none, or it is erased.
    func envelopeSize(_ message: MessageID) async throws(StoreError) -> UInt64?
    /// Bytes of a message's stored envelope file: at most 1 MiB a call.
    func envelope(_ message: MessageID, _ range: Range<UInt64>) async throws(StoreError) -> [UInt8]

    /// Closes the store; no call may follow.
    func close() async throws(StoreError)
}

/// An envelope file on its way into the store.
package protocol StagedEnvelopeWriter: Sendable {
    func write(_ bytes: [UInt8]) async throws(StoreError)
    /// Makes the bytes durable; a batch may then refer to them.
    func finish() async throws(StoreError) -> StagedEnvelope
    /// Removes them.
    func discard() async
}

/// A staged envelope's name in its store.
package struct StagedEnvelope: Hashable, Sendable {
    package let name: String
    package let size: UInt64
    package init(name: String, size: UInt64) {
        self.name = name
        self.size = size
    }
}

/// The bytes of a submission's envelope file: small ones are part of the commit, large ones were staged before.
package enum EnvelopeBytes: Sendable {
    case inline([UInt8])
    case staged(StagedEnvelope)
    /// At most this many bytes go inline.
    package static let inlineLimit = 128 * 1024
}

/// An entry with its index.
package struct StoredEntry: Hashable, Sendable {
    package let index: LogIndex
    package let bytes: [UInt8]
    package init(index: LogIndex, bytes: [UInt8]) {
        self.index = index
        self.bytes = bytes
    }
}

/// What a relay starts from.
package struct LoadedLog: Sendable {
    package let standing: StandingFacts
    package let head: LogHead
    /// The signed note of the newest checkpoint.
    package let checkpoint: [UInt8]
    package init(standing: StandingFacts, head: LogHead, checkpoint: [UInt8]) {
        self.standing = standing
        self.head = head
        self.checkpoint = checkpoint
    }
}

/// Entries with everything that becomes visible together with them.
package struct CommitBatch: Sendable {
    /// The log's size before; 0 for the batch that brings the charter.
    package let base: TreeSize
    package let entries: [NewEntry]
    /// Every tile that changed, as wide as it is now.
    package let tiles: [TileBuilder.ChangedTile]
    package let head: LogHead
    /// The signed note over ``head``.
    package let checkpoint: [UInt8]

    package init(
        base: TreeSize, entries: [NewEntry], tiles: [TileBuilder.ChangedTile], head: LogHead, checkpoint: [UInt8]
    ) {
        self.base = base
        self.entries = entries
        self.tiles = tiles
        self.head = head
        self.checkpoint = checkpoint
    }
}

/// One entry of a batch: its bytes, and what the rules said it changes.
package struct NewEntry: Sendable {
    package let entry: Entry
    package let bytes: [UInt8]
    /// Nil for entry 0.
    package let changes: Changes?
    /// Submissions only.
    package let envelope: EnvelopeBytes?

    package init(entry: Entry, bytes: [UInt8], changes: Changes?, envelope: EnvelopeBytes?) {
        self.entry = entry
        self.bytes = bytes
        self.changes = changes
        self.envelope = envelope
    }
}

/// What can go wrong with a store.
package struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    package let code: Code
    /// One sentence for the operator's log; no content, no keys.
    package let message: String
    package enum Code: String, Sendable {
        case unavailable = "store-unavailable"
        case conflict = "store-conflict"
        case outcomeUnknown = "store-outcome-unknown"
        case damaged = "store-damaged"
        /// Another program's.
        case wrongVersion = "store-wrong-version"
        case newerVersion = "store-newer-version"
        case notFound = "store-not-found"
        /// A party has as many, or as much, as it may have.
        case noRoom = "store-no-room"
    }
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
    package var description: String { "\(message) [\(code.rawValue)]" }
}
