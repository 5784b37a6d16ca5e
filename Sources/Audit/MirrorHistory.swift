import Ledger
import Statements
import Transport

/// What a mirror refuses: a checkpoint that takes something back of the one it kept.
extension Mirror {
    /// A smaller tree, or another one of the same size.
    func refuseOlder(_ shown: TrustedCharter.Opened, than kept: TrustedCharter.Opened) throws {
        let (old, new) = (kept.checkpoint, shown.checkpoint)
        guard new.size <= old.size, new.root != old.root else { return }
        guard new.size < old.size else {
            throw try evidence(.forkedLog, shown, kept, "two different roots for \(new.size) entries")
        }
        let folder = folder
        let reader = TileReader(size: old.size) { try folder.read($0.path, limit: $0.byteCount) ?? [] }
        let before = try? Merkle.root(size: new.size, from: reader)
        guard before == nil || before == new.root else {
            throw try evidence(
                .forkedLog, shown, kept,
                "a log of \(new.size) entries that the kept one of \(old.size) did not begin with")
        }
        throw try evidence(
            .rolledBackLog, shown, kept, "only \(new.size) entries, and \(old.size) were signed before")
    }

    /// A larger tree that does not begin with the kept one.
    func refuseOther(
        _ shown: TrustedCharter.Opened, than kept: TrustedCharter.Opened, _ tiles: inout ProvenTiles
    ) async throws {
        guard try await tiles.root(at: kept.checkpoint.size) != kept.checkpoint.root else { return }
        throw try evidence(
            .forkedLog, shown, kept,
            "a log of \(shown.checkpoint.size) entries that does not begin with the \(kept.checkpoint.size) kept ones")
    }

    /// Keeps both notes, and says what they show.
    private func evidence(
        _ code: Finding.Code, _ shown: TrustedCharter.Opened, _ kept: TrustedCharter.Opened, _ what: String
    ) throws -> Finding {
        let (known, other) = (kept.remembered, shown.remembered)
        // No relay was asked for a proof: the mirror's own tiles give the other root.
        try folder.keep(ForkEvidence(remembered: known, presented: other, failedProof: nil))
        return Finding(
            code, path: MirrorFolder.evidence,
            "The relay shows \(what); both checkpoints are kept in \(folder.path)/\(MirrorFolder.evidence)")
    }
}

extension TrustedCharter.Opened {
    fileprivate var remembered: RememberedCheckpoint {
        RememberedCheckpoint(head: LogHead(size: checkpoint.size, root: checkpoint.root), note: note)
    }
}
