package import Ledger
package import Rules
package import Statements
package import Store
import Synchronization

/// A store whose commits fail by a script, as a disk or a lost connection makes them fail.
package final class FaultInjectingStore: Store {
    /// What becomes of one commit. Both faults tell the caller the same: that the outcome is unknown.
    package enum Step: Sendable {
        case work
        /// It fails before anything is written.
        case notPersisted
        /// It is written, and reported as failed.
        case persistedButReportedFailed
        /// It is refused with this error, before anything is written.
        case refuse(StoreError)
        /// It is reported as failed, and the store cannot be read so many times to see what became of it.
        case losesTrack(Int = 1)
        /// The same of one that is written.
        case persistedAndLosesTrack
        /// It is reported as failed, and the store is empty when that is looked up.
        case losesAll
        /// It works once the gate is open.
        case wait(Gate)
    }

    /// What it says in place of what it holds; the truth unless something is told.
    package let lies = Lies()
    /// Faults of single calls other than commits; none unless some are armed.
    package let faults = StoreFaults()
    private let store: any Store
    private let steps: Mutex<[Step]>
    private let noteFault = Mutex<NoteFault?>(nil)
    private let counts = Mutex((commits: 0, failingFacts: 0, kept: 0))
    private let loads = Mutex<[LoadFault]>([])

    /// - Parameter script: one step for each commit; commits after the last one work.
    package init(_ store: any Store, script: [Step] = []) {
        self.store = FaultyCalls(store: store, faults: faults)
        steps = Mutex(script)
    }

    /// Adds steps for the commits to come.
    package func then(_ script: [Step]) { steps.withLock { $0 += script } }

    /// How many steps have not been taken.
    package var stepsLeft: Int { steps.withLock { $0.count } }

    /// Commits that were asked for so far, whatever became of them.
    package var commits: Int { counts.withLock { $0.commits } }

    /// Commits of what is kept beside the log that were asked for so far.
    package var kept: Int { counts.withLock { $0.kept } }

    /// Lets whatever is kept beside the log fail from now on, or wait at a gate; nil lets it work.
    package func spoilNotes(_ fault: NoteFault?) { noteFault.withLock { $0 = fault } }

    private enum LoadFault { case fail, empty }

    package enum NoteFault: Sendable {
        case fail
        case wait(Gate)
    }

    /// Lets the next look-ups of facts fail.
    package func failFacts(_ count: Int = 1) { counts.withLock { $0.failingFacts = count } }

    package func commit(_ batch: CommitBatch) async throws(StoreError) {
        counts.withLock { $0.commits += 1 }
        switch steps.withLock({ $0.isEmpty ? .work : $0.removeFirst() }) {
        case .work: try await store.commit(batch)
        case .notPersisted: throw Self.unknown
        case .persistedButReportedFailed:
            try await store.commit(batch)
            throw Self.unknown
        case .refuse(let error): throw error
        case .losesTrack(let count):
            loads.withLock { $0 = Array(repeating: .fail, count: count) }
            throw Self.unknown
        case .persistedAndLosesTrack:
            try await store.commit(batch)
            loads.withLock { $0 = [.fail] }
            throw Self.unknown
        case .losesAll:
            loads.withLock { $0 = [.empty] }
            throw Self.unknown
        case .wait(let gate):
            await gate.pass()
            try await store.commit(batch)
        }
    }

    private static var unknown: StoreError {
        StoreError(.outcomeUnknown, "the commit failed by the script of a test")
    }

    package func load() async throws(StoreError) -> LoadedLog? {
        switch loads.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
        case .fail: throw StoreError(.unavailable, "the store cannot be read by the script of a test")
        case .empty: return nil
        case nil: return try await store.load()
        }
    }
    package func facts(_ wanted: Facts.Wanted, standing: StandingFacts) async throws(StoreError) -> Facts {
        let fails = counts.withLock { counts in
            defer { counts.failingFacts = max(0, counts.failingFacts - 1) }
            return counts.failingFacts > 0
        }
        if fails { throw StoreError(.unavailable, "the look-up failed by the script of a test") }
        return lies.told.facts(try await store.facts(wanted, standing: standing))
    }
    package func tile(level: UInt8, index: UInt64) async throws(StoreError) -> [UInt8]? {
        lies.told.tile(try await store.tile(level: level, index: index))
    }
    package func entries(_ range: Range<UInt64>) async throws(StoreError) -> [[UInt8]] {
        try await store.entries(range)
    }
    package func inbox(_ party: PartyID, after: ArrivalNumber, limit: Int) async throws(StoreError) -> [Arrival] {
        lies.told.inbox(party, try await store.inbox(party, after: after, limit: limit))
    }
    package func submissions(
        of party: PartyID, after: LogIndex, limit: Int
    ) async throws(StoreError) -> [MessageID] {
        lies.told.submissions(try await store.submissions(of: party, after: after, limit: limit))
    }
    package func scope(
        of party: PartyID, after: LogIndex, limit: Int
    ) async throws(StoreError) -> [StoredEntry] {
        lies.told.scope(party, try await store.scope(of: party, after: after, limit: limit))
    }
    package func chain(_ message: MessageID) async throws(StoreError) -> [StoredEntry] {
        lies.told.chain(message, try await store.chain(message))
    }
    package func publications(_ party: PartyID, at time: Timestamp) async throws(StoreError) -> [StoredEntry] {
        lies.told.publications(party, try await store.publications(party, at: time))
    }
    package func keys(before index: LogIndex, at time: Timestamp) async throws(StoreError) -> [SealingKeyRecord] {
        lies.told.keys(try await store.keys(before: index, at: time))
    }
    package func latestTick(_ party: PartyID) async throws(StoreError) -> StoredEntry? {
        lies.told.latestTick(party, try await store.latestTick(party))
    }
    package func due(at time: Timestamp, limit: Int) async throws(StoreError) -> [MessageID] {
        lies.told.due(try await store.due(at: time, limit: limit))
    }
    package func settled(before time: Timestamp, limit: Int) async throws(StoreError) -> [MessageID] {
        try await store.settled(before: time, limit: limit)
    }
    package func erasure(_ message: MessageID) async throws(StoreError) -> StoredEntry? {
        lies.told.erasure(try await store.erasure(message))
    }
    package func finishErasures() async throws(StoreError) -> Bool { try await store.finishErasures() }
    package func stageEnvelope() async throws(StoreError) -> any StagedEnvelopeWriter {
        try await store.stageEnvelope()
    }
    package func envelopeSize(_ message: MessageID) async throws(StoreError) -> UInt64? {
        lies.told.envelopeSize(try await store.envelopeSize(message))
    }
    package func envelope(_ message: MessageID, _ range: Range<UInt64>) async throws(StoreError) -> [UInt8] {
        lies.told.envelope(try await store.envelope(message, range), range)
    }
    package func addUpload(_ upload: NewUpload, room: PartyRoom) async throws(StoreError) {
        try await store.addUpload(upload, room: room)
    }
    package func upload(_ id: UploadID) async throws(StoreError) -> StoredUpload? { try await store.upload(id) }
    package func appendUpload(_ id: UploadID, _ bytes: [UInt8], at offset: UInt64) async throws(StoreError) {
        try await store.appendUpload(id, bytes, at: offset)
    }
    package func syncUpload(_ id: UploadID, to offset: UInt64, expires: Timestamp) async throws(StoreError) {
        try await store.syncUpload(id, to: offset, expires: expires)
    }
    package func uploadBytes(_ id: UploadID, _ range: Range<UInt64>) async throws(StoreError) -> [UInt8] {
        try await store.uploadBytes(id, range)
    }
    package func stageUpload(_ id: UploadID) async throws(StoreError) -> StagedEnvelope {
        try await store.stageUpload(id)
    }
    package func removeUpload(_ id: UploadID) async throws(StoreError) { try await store.removeUpload(id) }
    package func uploads(expiredAt time: Timestamp) async throws(StoreError) -> [UploadID] {
        try await store.uploads(expiredAt: time)
    }
    package func addDraft(
        _ draft: StoredDraft, file: StagedEnvelope, room: PartyRoom
    ) async throws(StoreError) -> Bool {
        try await store.addDraft(draft, file: file, room: room)
    }
    package func draft(_ id: StatementID) async throws(StoreError) -> StoredDraft? { try await store.draft(id) }
    package func drafts(of party: PartyID) async throws(StoreError) -> [StoredDraft] {
        try await store.drafts(of: party)
    }
    package func draftBytes(_ id: StatementID, _ range: Range<UInt64>) async throws(StoreError) -> [UInt8] {
        try await store.draftBytes(id, range)
    }
    package func signDraft(_ id: StatementID, _ signature: OpenSignature) async throws(StoreError) {
        try await store.signDraft(id, signature)
    }
    package func rejectDraft(
        _ id: StatementID, _ rejection: StoredDraft.Rejection, note: [UInt8]
    ) async throws(StoreError) { try await store.rejectDraft(id, rejection, note: note) }
    package func draftNote(_ id: StatementID) async throws(StoreError) -> [UInt8]? { try await store.draftNote(id) }
    package func removeDraft(_ id: StatementID) async throws(StoreError) { try await store.removeDraft(id) }
    package func settledDrafts(at time: Timestamp) async throws(StoreError) -> [StatementID] {
        try await store.settledDrafts(at: time)
    }
    package func note(_ slot: NoteSlot) async throws(StoreError) -> [UInt8]? { try await store.note(slot) }
    package func keep(_ note: [UInt8], in slot: NoteSlot) async throws(StoreError) {
        counts.withLock { $0.kept += 1 }
        switch noteFault.withLock({ $0 }) {
        case .fail: throw StoreError(.unavailable, "the disk is full by the script of a test")
        case .wait(let gate): await gate.pass()
        case nil: break
        }
        try await store.keep(note, in: slot)
    }
    package func figures() async throws(StoreError) -> StoreFigures { try await store.figures() }
    package func close() async throws(StoreError) { try await store.close() }
}
