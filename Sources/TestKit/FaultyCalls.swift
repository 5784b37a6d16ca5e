import Ledger
import Rules
import Statements
import Store

/// A store whose single calls fail as ``StoreFaults`` has them; its commits pass.
struct FaultyCalls: Store {
    let store: any Store
    let faults: StoreFaults

    func commit(_ batch: CommitBatch) async throws(StoreError) { try await store.commit(batch) }
    func close() async throws(StoreError) { try await store.close() }
    func stageEnvelope() async throws(StoreError) -> any StagedEnvelopeWriter {
        try faults.before(.stageEnvelope)
        let writer = try await store.stageEnvelope()
        do { try faults.after(.stageEnvelope) } catch {
            await writer.discard()
            throw error
        }
        return FaultyEnvelope(writer: writer, faults: faults)
    }
}

/// What is read.
extension FaultyCalls {
    func load() async throws(StoreError) -> LoadedLog? {
        try faults.before(.load)
        return try await store.load()
    }
    func facts(_ wanted: Facts.Wanted, standing: StandingFacts) async throws(StoreError) -> Facts {
        try faults.before(.facts)
        return try await store.facts(wanted, standing: standing)
    }
    func tile(level: UInt8, index: UInt64) async throws(StoreError) -> [UInt8]? {
        try faults.before(.tile)
        return try await store.tile(level: level, index: index)
    }
    func entries(_ range: Range<UInt64>) async throws(StoreError) -> [[UInt8]] {
        try faults.before(.entries)
        return try await store.entries(range)
    }
    func inbox(_ party: PartyID, after: ArrivalNumber, limit: Int) async throws(StoreError) -> [Arrival] {
        try faults.before(.inbox)
        return try await store.inbox(party, after: after, limit: limit)
    }
    func submissions(of party: PartyID, after: LogIndex, limit: Int) async throws(StoreError) -> [MessageID] {
        try faults.before(.submissions)
        return try await store.submissions(of: party, after: after, limit: limit)
    }
    func scope(of party: PartyID, after: LogIndex, limit: Int) async throws(StoreError) -> [StoredEntry] {
        try faults.before(.scope)
        return try await store.scope(of: party, after: after, limit: limit)
    }
    func chain(_ message: MessageID) async throws(StoreError) -> [StoredEntry] {
        try faults.before(.chain)
        return try await store.chain(message)
    }
    func publications(_ party: PartyID, at time: Timestamp) async throws(StoreError) -> [StoredEntry] {
        try faults.before(.publications)
        return try await store.publications(party, at: time)
    }
    func keys(before index: LogIndex, at time: Timestamp) async throws(StoreError) -> [SealingKeyRecord] {
        try faults.before(.keys)
        return try await store.keys(before: index, at: time)
    }
    func latestTick(_ party: PartyID) async throws(StoreError) -> StoredEntry? {
        try faults.before(.latestTick)
        return try await store.latestTick(party)
    }
    func due(at time: Timestamp, limit: Int) async throws(StoreError) -> [MessageID] {
        try faults.before(.due)
        return try await store.due(at: time, limit: limit)
    }
    func settled(before time: Timestamp, limit: Int) async throws(StoreError) -> [MessageID] {
        try faults.before(.settled)
        return try await store.settled(before: time, limit: limit)
    }
    func erasure(_ message: MessageID) async throws(StoreError) -> StoredEntry? {
        try faults.before(.erasure)
        return try await store.erasure(message)
    }
    func envelopeSize(_ message: MessageID) async throws(StoreError) -> UInt64? {
        try faults.before(.envelopeSize)
        return try await store.envelopeSize(message)
    }
    func envelope(_ message: MessageID, _ range: Range<UInt64>) async throws(StoreError) -> [UInt8] {
        try faults.before(.envelope)
        return try await store.envelope(message, range)
    }
    func upload(_ id: UploadID) async throws(StoreError) -> StoredUpload? {
        try faults.before(.upload)
        return try await store.upload(id)
    }
    func uploadBytes(_ id: UploadID, _ range: Range<UInt64>) async throws(StoreError) -> [UInt8] {
        try faults.before(.uploadBytes)
        return try await store.uploadBytes(id, range)
    }
    func uploads(expiredAt time: Timestamp) async throws(StoreError) -> [UploadID] {
        try faults.before(.expiredUploads)
        return try await store.uploads(expiredAt: time)
    }
    func draft(_ id: StatementID) async throws(StoreError) -> StoredDraft? {
        try faults.before(.draft)
        return try await store.draft(id)
    }
    func drafts(of party: PartyID) async throws(StoreError) -> [StoredDraft] {
        try faults.before(.drafts)
        return try await store.drafts(of: party)
    }
    func draftBytes(_ id: StatementID, _ range: Range<UInt64>) async throws(StoreError) -> [UInt8] {
        try faults.before(.draftBytes)
        return try await store.draftBytes(id, range)
    }
    func draftNote(_ id: StatementID) async throws(StoreError) -> [UInt8]? {
        try faults.before(.draftNote)
        return try await store.draftNote(id)
    }
    func settledDrafts(at time: Timestamp) async throws(StoreError) -> [StatementID] {
        try faults.before(.settledDrafts)
        return try await store.settledDrafts(at: time)
    }
    func note(_ slot: NoteSlot) async throws(StoreError) -> [UInt8]? {
        try faults.before(.note)
        return try await store.note(slot)
    }
    func figures() async throws(StoreError) -> StoreFigures {
        try faults.before(.figures)
        return try await store.figures()
    }
}

/// What is written.
extension FaultyCalls {
    func finishErasures() async throws(StoreError) -> Bool {
        try faults.before(.finishErasures)
        let answer = try await store.finishErasures()
        try faults.after(.finishErasures)
        return answer
    }
    func addUpload(_ upload: NewUpload, room: PartyRoom) async throws(StoreError) {
        try faults.before(.addUpload)
        try await store.addUpload(upload, room: room)
        try faults.after(.addUpload)
    }
    func appendUpload(_ id: UploadID, _ bytes: [UInt8], at offset: UInt64) async throws(StoreError) {
        try faults.before(.appendUpload)
        try await store.appendUpload(id, bytes, at: offset)
        try faults.after(.appendUpload)
    }
    func syncUpload(_ id: UploadID, to offset: UInt64, expires: Timestamp) async throws(StoreError) {
        try faults.before(.syncUpload)
        try await store.syncUpload(id, to: offset, expires: expires)
        try faults.after(.syncUpload)
    }
    func stageUpload(_ id: UploadID) async throws(StoreError) -> StagedEnvelope {
        try faults.before(.stageUpload)
        let answer = try await store.stageUpload(id)
        try faults.after(.stageUpload)
        return answer
    }
    func removeUpload(_ id: UploadID) async throws(StoreError) {
        try faults.before(.removeUpload)
        try await store.removeUpload(id)
        try faults.after(.removeUpload)
    }
    func addDraft(_ draft: StoredDraft, file: StagedEnvelope, room: PartyRoom) async throws(StoreError) -> Bool {
        try faults.before(.addDraft)
        let answer = try await store.addDraft(draft, file: file, room: room)
        try faults.after(.addDraft)
        return answer
    }
    func signDraft(_ id: StatementID, _ signature: OpenSignature) async throws(StoreError) {
        try faults.before(.signDraft)
        try await store.signDraft(id, signature)
        try faults.after(.signDraft)
    }
    func rejectDraft(_ id: StatementID, _ rejection: StoredDraft.Rejection, note: [UInt8]) async throws(StoreError) {
        try faults.before(.rejectDraft)
        try await store.rejectDraft(id, rejection, note: note)
        try faults.after(.rejectDraft)
    }
    func removeDraft(_ id: StatementID) async throws(StoreError) {
        try faults.before(.removeDraft)
        try await store.removeDraft(id)
        try faults.after(.removeDraft)
    }
    func keep(_ note: [UInt8], in slot: NoteSlot) async throws(StoreError) {
        try faults.before(.keep)
        try await store.keep(note, in: slot)
        try faults.after(.keep)
    }
}
