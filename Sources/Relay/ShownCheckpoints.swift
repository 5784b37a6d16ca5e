package import Ledger
package import Statements
package import Store
import Synchronization

/// The checkpoints that `/checkpoint` shows: to the charter's parties, auditors and witnesses, and to strangers. Their
/// sizes never go back.
package final class ShownCheckpoints: Sendable {
    /// A checkpoint with the cosignatures that it got.
    package struct Shown: Hashable, Sendable {
        package let head: LogHead
        /// The signed note.
        package let note: [UInt8]
        /// The newest time among its cosignatures; nil without any.
        package let cosignedAt: CosignatureTime?
    }

    private let state: Mutex<(parties: Shown?, strangers: Shown?)>
    private let store: any NoteStore

    private init(parties: Shown?, strangers: Shown?, store: any NoteStore) {
        state = Mutex((parties, strangers))
        self.store = store
    }

    /// Takes up what was shown last.
    /// - Throws: ``StoreError``, also `damaged` for a kept note that is none of this log.
    package static func open(
        _ store: any NoteStore, log: VerifierKey, cosigners: [VerifierKey]
    ) async throws -> ShownCheckpoints {
        func kept(_ slot: NoteSlot) async throws -> Shown? {
            guard let note = try await store.note(slot) else { return nil }
            guard let shown = try? read(SignedNote(parsing: note), log: log, cosigners: cosigners) else {
                throw StoreError(.damaged, "the kept note \(slot.name) is no checkpoint of this log")
            }
            return shown
        }
        return ShownCheckpoints(
            parties: try await kept(.partiesCheckpoint), strangers: try await kept(.strangersCheckpoint), store: store)
    }

    /// Shown to parties instead of the newest one; nil until witnesses were asked.
    package var parties: Shown? { state.withLock { $0.parties } }
    /// Shown to anyone; nil until one was published.
    package var strangers: Shown? { state.withLock { $0.strangers } }

    /// Shows a checkpoint from now on, once it is kept: a restart does not go back behind it.
    func show(_ shown: Shown, in slot: NoteSlot) async throws(StoreError) {
        try await store.keep(shown.note, in: slot)
        state.withLock { state in
            switch slot {
            case .partiesCheckpoint: state.parties = shown
            case .strangersCheckpoint: state.strangers = shown
            case .verdict, .probe: break
            }
        }
    }

    /// - Throws: ``NoteError``.
    static func read(
        _ note: SignedNote, log: VerifierKey, cosigners: [VerifierKey]
    ) throws -> Shown {
        let (checkpoint, cosignatures) = try Checkpoint.open(note, log: log, cosigners: cosigners)
        return Shown(
            head: LogHead(size: checkpoint.size, root: checkpoint.root), note: note.bytes,
            cosignedAt: cosignatures.compactMap(\.time).max())
    }
}
