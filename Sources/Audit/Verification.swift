import Ledger
import Rules
import Statements

/// Recomputes a mirrored log from its entries, and decides every entry again.
///
/// Bundles are read and their signatures checked on several cores, a few bundles ahead; hashing into the tree and the
/// replay go in order. Memory holds those bundles, the right edge of the tree, and what ``Replay`` keeps.
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

    private let folder: MirrorFolder
    private let charter: TrustedCharter
    private let against: [KeptCheckpoint]
    private let workers: Int
    private let progress: @Sendable (_ done: UInt64, _ of: UInt64) -> Void

    /// - Parameters:
    ///   - against: older or newer checkpoints of this log; those in the mirror's `evidence/` are added.
    ///   - workers: bundles that are examined at a time.
    package init(
        folder: MirrorFolder, charter: TrustedCharter, against: [KeptCheckpoint] = [], workers: Int,
        progress: @escaping @Sendable (_ done: UInt64, _ of: UInt64) -> Void = { _, _ in }
    ) {
        self.folder = folder
        self.charter = charter
        self.against = against
        self.workers = max(1, workers)
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
        var pass = AuditPass(opened.checkpoint, folder, charter)
        if opened.checkpoint.size == 0 {
            pass.findings.append(
                Finding(.charterMismatch, "The log is empty; its entry 0 was expected to be the charter"))
        }
        try await examine(&pass)
        try pass.conclude()
        report.findings = pass.findings + pass.tree.findings
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

    /// Reads the bundles ahead and takes them in their order, until one is not whole.
    private func examine(_ pass: inout AuditPass) async throws {
        let count = (pass.checkpoint.size.rawValue + 255) >> TileID.height
        let folder = folder
        try await withThrowingTaskGroup(of: ExaminedBundle.self) { group in
            var waiting: [UInt64: ExaminedBundle] = [:]
            var next: UInt64 = 0
            for due in 0..<count {
                try Task.checkCancellation()
                while next < count, next < due + UInt64(workers) + 1 {
                    guard let id = EntryBundleID(index: next, size: pass.checkpoint.size) else { break }
                    let charter = pass.isReplaying ? pass.replay.charterInForce : nil
                    group.addTask { try ExaminedBundle(id, in: folder, charter: charter) }
                    next += 1
                }
                while waiting[due] == nil, let done = try await group.next() { waiting[done.id.index] = done }
                guard let bundle = waiting.removeValue(forKey: due), try pass.take(bundle) else { break }
                progress(due + 1, count)
            }
            group.cancelAll()
        }
    }

    /// Looks at the files that the pass did not read: beginnings of tiles that grew must be that; evidence is held
    /// against the log; everything else is remarked on.
    private func lookAround(
        _ size: TreeSize, _ report: inout AuditReport, _ kept: inout [KeptCheckpoint]
    ) throws(AuditError) {
        var names: [String] = []
        var evidence: [String] = []
        try folder.forEachFile { name throws(AuditError) in
            if name == MirrorFolder.checkpoint { return }
            if name.hasPrefix(MirrorFolder.evidence + "/") { return evidence.append(name) }
            if let file = MirrorFile(path: name, size: size), file.isInTree { return }
            names.append(name)
        }
        for name in names {
            if let file = MirrorFile(path: name, size: size), file.isBeginning {
                guard try !isBeginning(name, file) else { continue }
                report.findings.append(
                    Finding(.tileMismatch, path: name, "\(name) is not the beginning of what the log has there"))
            } else {
                report.remarks.append(Finding(.unexpectedFile, path: name, "\(name) belongs to no tree of this size"))
            }
        }
        for name in evidence {
            guard let note = try folder.read(name, limit: 65_536) else { continue }
            kept.append(KeptCheckpoint(name: name, note: note))
        }
    }

    private func isBeginning(_ name: String, _ file: MirrorFile) throws(AuditError) -> Bool {
        guard let tile = file.tileInTree else { return false }
        switch file {
        case .tile(let id, _):
            let bytes = try folder.read(name, limit: id.byteCount)
            guard let whole = try folder.read(tile.path, limit: tile.byteCount) else { return false }
            return bytes?.count == id.byteCount && whole.prefix(id.byteCount) == bytes?[...]
        case .bundle(let id, _):
            guard let whole = EntryBundleID(tile: tile), let long = try folder.read(whole.path, limit: whole.byteLimit)
            else { return false }
            let bytes = try folder.read(name, limit: id.byteLimit)
            return bytes.map { (try? EntryBundle.prefix(of: long, count: id.width)) == $0[...] } ?? false
        }
    }

    /// Holds other checkpoints against the tree; nothing can be said unless the tree is the signed one.
    private func hold(
        _ kept: [KeptCheckpoint], against pass: inout AuditPass, _ report: inout AuditReport
    ) throws {
        for other in kept {
            do {
                let opened = try charter.open(other.note, path: other.name).checkpoint
                guard opened.size <= pass.checkpoint.size else {
                    throw Finding(
                        .rolledBackLog, path: other.name,
                        "\(other.name) signs \(opened.size) entries, and this log has only \(pass.checkpoint.size)")
                }
                guard pass.isSound else { continue }
                let root = opened.size == 0 ? Merkle.emptyRoot : try pass.tree.root(at: opened.size)
                guard root == opened.root else {
                    throw Finding(
                        .forkedLog, path: other.name,
                        "\(other.name) signs another history of the first \(opened.size) entries than this log's")
                }
                report.compared += 1
            } catch let finding as Finding {
                report.findings.append(finding)
            }
        }
    }
}

/// One way through the entries, in their order.
private struct AuditPass {
    let checkpoint: Checkpoint
    var tree: RecomputedTree
    private(set) var replay: Replay
    var findings: [Finding] = []
    private(set) var bundleCount: UInt64 = 0
    private(set) var byteCount: UInt64 = 0

    init(_ checkpoint: Checkpoint, _ folder: MirrorFolder, _ charter: TrustedCharter) {
        self.checkpoint = checkpoint
        tree = RecomputedTree(checkpoint, folder)
        replay = Replay(charter)
    }

    /// The rules say nothing of entries that are not those of the signed tree.
    var isReplaying: Bool { findings.isEmpty && tree.isIntact }
    /// Whether tiles and entries are those that the checkpoint signs.
    var isSound: Bool { tree.isIntact && tree.isSigned }

    /// - Returns: false when nothing that follows can be placed in the tree.
    mutating func take(_ bundle: ExaminedBundle) throws -> Bool {
        findings += bundle.findings
        guard bundle.isWhole else { return false }
        bundleCount += 1
        byteCount += UInt64(bundle.byteCount)
        tree.append(bundle)
        if isReplaying { try decide(bundle) }
        try tree.compareFullTiles()
        return true
    }

    /// What can be said only when every entry was there.
    mutating func conclude() throws {
        guard tree.size == checkpoint.size else { return }
        try tree.compareEdge()
        findings += tree.conclusion()
    }

    private mutating func decide(_ bundle: ExaminedBundle) throws {
        for (offset, item) in bundle.entries.enumerated() {
            let index = LogIndex(bundle.id.firstEntry.rawValue + UInt64(offset))
            switch item {
            case .failure(let finding): return findings.append(finding)
            case .success(let examined):
                let seen = examined.entry.signed?.statement.seen.size ?? 0
                let root = seen.rawValue <= index.rawValue ? try tree.root(at: seen) : nil
                if let finding = replay.take(examined, at: index, seenRoot: root) { return findings.append(finding) }
            }
        }
    }
}
