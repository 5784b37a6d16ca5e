import Ledger
import Synchronization
import TestKit
import Watch

/// A witness's folder whose writes fail by a script, as a disk makes them fail.
final class FaultyStore: WitnessStore {
    enum Step: Sendable {
        case work
        /// It fails before anything is written.
        case notPersisted
        /// It is written, and reported as failed.
        case persistedButReportedFailed
        /// It is reported as failed, and cannot be read afterwards.
        case losesTrack
    }
    struct Failed: Error {}

    private let store: any WitnessStore
    private let script: Mutex<[Step]>
    private let failingReads = Mutex(0)

    /// - Parameter script: one step for each write; later ones work.
    init(_ store: any WitnessStore, _ script: [Step] = []) {
        self.store = store
        self.script = Mutex(script)
    }

    func records() throws -> [WitnessRecord] { try store.records() }

    func record(_ origin: Hash) throws -> WitnessRecord? {
        let fails = failingReads.withLock { count in
            defer { count = max(0, count - 1) }
            return count > 0
        }
        if fails { throw Failed() }
        return try store.record(origin)
    }

    func keep(_ record: WitnessRecord) throws {
        switch script.withLock({ $0.isEmpty ? .work : $0.removeFirst() }) {
        case .work: try store.keep(record)
        case .notPersisted: throw Failed()
        case .persistedButReportedFailed:
            try store.keep(record)
            throw Failed()
        case .losesTrack:
            failingReads.withLock { $0 = 1 }
            throw Failed()
        }
    }

    func keepEvidence(_ note: SignedNote, of checkpoint: Checkpoint) throws -> Bool {
        try store.keepEvidence(note, of: checkpoint)
    }
}

/// Seconds that stand still until a test moves them.
final class StandingClock: Sendable {
    private let seconds: Mutex<UInt64>
    init(_ seconds: UInt64) { self.seconds = Mutex(seconds) }
    @Sendable func now() -> UInt64 { seconds.withLock { $0 } }
    func set(_ value: UInt64) { seconds.withLock { $0 = value } }
    func pass(_ span: UInt64) { seconds.withLock { $0 += span } }
}
