import Ledger
import Rules
import Statements

/// Recomputes a mirrored log from its entries, and decides every entry again.
///
/// Bundles are read and their signatures checked on several cores, a few bundles ahead; hashing into the tree and the
/// replay go in order. Memory holds those bundles, the right edge of the tree, and what ``Replay`` keeps.
///
/// With an ``AuditMemory`` it goes on from what an earlier run has kept, if the log still begins with those entries;
/// of the files below, only those are looked at that the rest refers to. What it finds is the same.
package struct Verification {
    /// A checkpoint that someone kept, to be held against the log.
    package struct KeptCheckpoint: Sendable {
        /// What it is called in findings.
        package let name: String
        package let note: [UInt8]
        package init(name: String, note: [UInt8]) {
            self.name = name
            self.note = note
        }
    }

    let folder: MirrorFolder
    let charter: TrustedCharter
    private let against: [KeptCheckpoint]
    private let workers: Int
    private let memory: AuditMemory?
    private let observer: (any EntryObserver)?
    private let progress: @Sendable (_ done: UInt64, _ of: UInt64) -> Void

    /// - Parameters:
    ///   - against: older or newer checkpoints of this log; those in the mirror's `evidence/` are added.
    ///   - workers: bundles that are examined at a time.
    ///   - memory: where the replay goes on and what it keeps at its end; nil to begin at entry 0 and keep nothing.
    ///   - observer: is shown every entry that was found right.
    package init(
        folder: MirrorFolder, charter: TrustedCharter, against: [KeptCheckpoint] = [], workers: Int,
        memory: AuditMemory? = nil, observer: (any EntryObserver)? = nil,
        progress: @escaping @Sendable (_ done: UInt64, _ of: UInt64) -> Void = { _, _ in }
    ) {
        self.folder = folder
        self.charter = charter
        self.against = against
        self.workers = max(1, workers)
        self.memory = memory
        self.observer = observer
        self.progress = progress
    }

    /// Everything that is found is in the report.
    /// - Throws: ``AuditError`` when the mirror cannot be read.
    package func run() async throws -> AuditReport {
        var report = AuditReport(charter)
        guard let opened = try openCheckpoint(&report) else { return report }
        report.checkpoint = opened.checkpoint
        report.remarks += opened.unknownSigners.map { name in
            Finding(
                .unexpectedSignature, path: MirrorFolder.checkpoint,
                "The checkpoint has a signature line by \(name), whose key the charter does not name")
        }
        let resumption = try resume(opened.checkpoint, &report)
        var pass = AuditPass(opened.checkpoint, folder, charter, from: resumption, observer: observer)
        report.resumedFrom = resumption?.state.size
        if opened.checkpoint.size == 0 {
            pass.findings.append(
                Finding(.charterMismatch, "The log is empty; its entry 0 was expected to be the charter"))
        }
        try await examine(&pass, &report)
        try pass.conclude()
        remember(pass, &report)
        report.findings = pass.findings + pass.tree.findings
        report.isSigned = pass.tree.isSigned
        report.entries = pass.tree.size.rawValue
        report.bundles = pass.bundleCount
        report.tiles = pass.tree.tileCount
        report.bytes = pass.byteCount + pass.tree.byteCount
        report.take(pass.replay, charter)
        var kept = against
        try lookAround(opened.checkpoint.size, &report, &kept)
        try hold(kept, against: &pass, &report)
        report.sortFindings()
        return report
    }

    private func openCheckpoint(_ report: inout AuditReport) throws(AuditError) -> TrustedCharter.Opened? {
        guard let note = try folder.read(MirrorFolder.checkpoint, limit: 65_536) else {
            try folder.forEachFile { _ throws(AuditError) in }
            report.findings = [Finding(.missingFile, path: MirrorFolder.checkpoint, "The mirror has no checkpoint")]
            return nil
        }
        do {
            return try charter.open(note, path: MirrorFolder.checkpoint)
        } catch {
            report.findings = [error]
            return nil
        }
    }

    private func resume(_ checkpoint: Checkpoint, _ report: inout AuditReport) throws -> Resumption? {
        do {
            guard let state = try memory?.kept(upTo: checkpoint.size) else { return nil }
            return try Resumption(state, checkpoint, folder, charter)
        } catch let unusable as Finding {
            report.remarks.append(unusable)
            return nil
        }
    }

    /// Keeps what the pass knows, if that is more than before and all of it is right.
    private func remember(_ pass: AuditPass, _ report: inout AuditReport) {
        guard let memory, pass.tree.size > pass.start, let state = pass.state else { return }
        do throws(AuditError) {
            try memory.keep(state)
        } catch {
            let message = "What was verified could not be kept for the next time: \(error.message)"
            report.remarks.append(Finding(.unusableState, path: AuditMemory.file, message))
        }
    }

    /// Reads the bundles ahead and takes them in their order, until one is not whole.
    private func examine(_ pass: inout AuditPass, _ report: inout AuditReport) async throws {
        let count = (pass.checkpoint.size.rawValue + 255) >> TileID.height
        let first = pass.start.rawValue >> TileID.height
        let folder = folder
        try await withThrowingTaskGroup(of: ExaminedBundle.self) { group in
            var waiting: [UInt64: ExaminedBundle] = [:]
            var next = first
            for due in first..<count {
                try Task.checkCancellation()
                while next < count, next <= due + 8 * UInt64(workers) {
                    guard let id = EntryBundleID(index: next, size: pass.checkpoint.size) else { break }
                    let charter = pass.isReplaying ? pass.replay.charterInForce : nil
                    let offset = next == first ? Int(pass.start.rawValue & 255) : 0
                    group.addTask { try ExaminedBundle(id, in: folder, from: offset, charter: charter) }
                    next += 1
                }
                while waiting[due] == nil, let done = try await group.next() { waiting[done.id.index] = done }
                guard let bundle = waiting.removeValue(forKey: due) else { break }
                guard bundle.id.firstEntry.rawValue < Mirror.largestSize.rawValue else { throw Self.tooLarge }
                guard try pass.take(bundle) else { break }
                if (due + 1).isMultiple(of: Self.keepInterval) { remember(pass, &report) }
                progress(due + 1, count)
            }
            group.cancelAll()
        }
    }

    /// How many bundles lie between two moments at which a long run keeps what it knows.
    private static let keepInterval: UInt64 = 1_024

    private static let tooLarge = AuditError(
        .logTooLarge, "The log has more than \(Mirror.largestSize) entries, which is the most that is replayed.",
        hint: "ask the operator whether the log can be that large")
}
