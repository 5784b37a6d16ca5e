import Store
import Synchronization

/// Faults of a store's calls other than its commit, each armed by name and taken by the next such call.
package final class StoreFaults: Sendable {
    /// What becomes of a call. Both faults tell the caller the same.
    package enum Way: Sendable, CaseIterable {
        /// It fails before SQLite is touched: what the caller does then is what is tried, and not what SQLite does when
        /// it fails; that is for a disk that does (`Tests/Scripts/faults.sh`).
        case notPersisted
        /// It is written, and reported as failed.
        case persistedButReportedFailed
    }

    /// A call of the contract, by its name there.
    package enum Call: String, Sendable, CaseIterable {
        case writeEnvelope, finishEnvelope, stageEnvelope, addUpload, appendUpload, syncUpload, stageUpload,
            removeUpload
        case addDraft, signDraft, rejectDraft, removeDraft, keep, finishErasures
        case load, facts, tile, entries, inbox, submissions, scope, chain, publications, keys, latestTick, due, settled
        case erasure, envelopeSize, envelope, upload, uploadBytes, expiredUploads, draft, drafts, draftBytes
        case draftNote, settledDrafts, note, figures

        /// Whether it writes, so that it can fail in both ways.
        package var writes: Bool {
            switch self {
            case .writeEnvelope, .finishEnvelope, .stageEnvelope, .addUpload, .appendUpload, .syncUpload, .stageUpload,
                .removeUpload, .addDraft, .signDraft, .rejectDraft, .removeDraft, .keep, .finishErasures:
                true
            default: false
            }
        }
    }

    private struct State {
        var armed: [Call: Way] = [:]
        var taken: Set<Call> = []
    }

    private let state = Mutex(State())

    package init() {}

    /// Lets the next call of that name fail.
    package func arm(_ call: Call, _ way: Way) { state.withLock { $0.armed[call] = way } }

    /// The calls that have failed.
    package var taken: Set<Call> { state.withLock { $0.taken } }

    func before(_ call: Call) throws(StoreError) { try take(call, .notPersisted) }
    func after(_ call: Call) throws(StoreError) { try take(call, .persistedButReportedFailed) }

    private func take(_ call: Call, _ way: Way) throws(StoreError) {
        let fails = state.withLock { state in
            guard state.armed[call] == way else { return false }
            state.armed[call] = nil
            state.taken.insert(call)
            return true
        }
        if fails { throw StoreError(.unavailable, "\(call.rawValue) failed by the script of a test") }
    }
}

/// An envelope on its way whose writing may fail.
struct FaultyEnvelope: StagedEnvelopeWriter {
    let writer: any StagedEnvelopeWriter
    let faults: StoreFaults

    func write(_ bytes: [UInt8]) async throws(StoreError) {
        try faults.before(.writeEnvelope)
        try await writer.write(bytes)
        try faults.after(.writeEnvelope)
    }
    func finish() async throws(StoreError) -> StagedEnvelope {
        try faults.before(.finishEnvelope)
        let file = try await writer.finish()
        try faults.after(.finishEnvelope)
        return file
    }
    func discard() async { await writer.discard() }
}
