import Ledger

/// What lies in the mirror besides the tree, and checkpoints that came from elsewhere.
extension Verification {
    /// Looks at the files that the pass did not read: beginnings of tiles that grew must be that; evidence is held
    /// against the log; everything else is remarked on.
    func lookAround(
        _ size: TreeSize, _ report: inout AuditReport, _ kept: inout [KeptCheckpoint]
    ) throws(AuditError) {
        var names: [String] = []
        var evidence: [String] = []
        try folder.forEachFile { name throws(AuditError) in
            if name == MirrorFolder.checkpoint || Self.ownFiles.contains(name) { return }
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

    /// What the auditor keeps in the mirror's folder: where a replay goes on, and where a follower does.
    private static let ownFiles = [AuditMemory.file, "follow.state"]

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
    func hold(
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
