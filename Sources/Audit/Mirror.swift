package import Ledger
import Statements

/// Keeps a local copy of a log in C2SP tlog-tiles layout.
///
/// Everything is checked against the newest checkpoint's root as it arrives. Full tiles and bundles are kept at once,
/// so a run that was stopped goes on where it was; the checkpoint is replaced last, in one step, so that the folder
/// holds a whole log at every moment after the first run. What the kept checkpoint covers is not fetched or read
/// again: a file that was damaged since is found by ``Verification`` and fetched again once it was moved away.
package struct Mirror {
    /// The most entries that a mirror takes: a log key in bad hands could sign any size.
    package static let largestSize = TreeSize(1 << 33)

    /// What a run has done.
    package struct Outcome: Hashable, Sendable {
        package let previous: TreeSize?
        package let checkpoint: Checkpoint
        /// When each of the charter's witnesses that have cosigned it did so.
        package let cosigned: [CosignatureTime]
        /// Files that came from the source, the checkpoint not counted.
        package let fetched: Int
    }

    let folder: MirrorFolder
    private let charter: TrustedCharter
    private let source: any LogSource
    private let progress: @Sendable (_ done: TreeSize, _ of: TreeSize) -> Void

    /// - Parameter progress: told after each bundle.
    package init(
        folder: MirrorFolder, charter: TrustedCharter, source: any LogSource,
        progress: @escaping @Sendable (_ done: TreeSize, _ of: TreeSize) -> Void = { _, _ in }
    ) {
        self.folder = folder
        self.charter = charter
        self.source = source
        self.progress = progress
    }

    /// Brings the folder up to the source's checkpoint.
    ///
    /// - Throws: ``Finding``: `rolled-back-log` and `forked-log` with both notes kept in `evidence/`, the checkpoint's
    ///   and tiles' codes when the source gives something else than the log; ``AuditError``.
    package func run() async throws -> Outcome {
        try folder.makeFolders()
        let lock = try MirrorLock(folder)
        defer { withExtendedLifetime(lock) {} }
        let kept = try self.kept()
        let shown = try charter.open(
            try await source.fetch(path: MirrorFolder.checkpoint, limit: SignedNote.maximumByteCount),
            path: MirrorFolder.checkpoint)
        let size = shown.checkpoint.size
        guard size <= Self.largestSize else {
            throw AuditError(
                .logTooLarge, "The checkpoint speaks of \(size) entries; at most \(Self.largestSize) are mirrored.",
                hint: "ask the operator whether the log can be that large")
        }
        if let kept { try refuseOlder(shown, than: kept) }
        let ledger = FetchCount()
        var tiles = try await provenTiles(shown.checkpoint, ledger)
        if let kept, kept.checkpoint.size > 0 { try await refuseOther(shown, than: kept, &tiles) }
        let settled = kept.map { $0.checkpoint.size } ?? 0
        try await copyFull(&tiles, settled: settled, ledger)
        try await copyEdge(tiles, ledger)
        try folder.write(MirrorFolder.checkpoint, shown.note)
        try folder.settle()
        try removeSuperseded(size)
        return Outcome(
            previous: kept?.checkpoint.size, checkpoint: shown.checkpoint,
            cosigned: shown.cosigners.compactMap(\.time), fetched: ledger.count)
    }

    private func kept() throws -> TrustedCharter.Opened? {
        guard let note = try folder.read(MirrorFolder.checkpoint, limit: SignedNote.maximumByteCount) else {
            return nil
        }
        return try charter.open(note, path: "\(folder.path)/\(MirrorFolder.checkpoint)")
    }

    private func provenTiles(_ checkpoint: Checkpoint, _ ledger: FetchCount) async throws -> ProvenTiles {
        let (folder, source) = (folder, source)
        return try await ProvenTiles(checkpoint: checkpoint) { id, origin in
            switch origin {
            case .kept:
                let bytes = try folder.read(id.path, limit: id.byteCount)
                return bytes?.count == id.byteCount ? bytes : nil
            case .source:
                ledger.count += 1
                return try await source.tile(id)
            }
        } keep: { id, bytes in
            try folder.write(id.path, bytes)
        }
    }

    /// Every full tile and bundle, in the order of the entries.
    private func copyFull(_ tiles: inout ProvenTiles, settled: TreeSize, _ ledger: FetchCount) async throws {
        var level: UInt8 = 0
        var before = settled.rawValue
        var full = tiles.size.rawValue >> TileID.height
        while full > 0 {
            before >>= TileID.height
            for index in 0..<full {
                try Task.checkCancellation()
                guard let id = TileID(level: level, index: index) else { continue }
                let settled = index < before
                if !settled || folder.size(id.path) != id.byteCount {
                    _ = try await tiles.tile(level: level, index: index)
                }
                guard level == 0, let bundle = EntryBundleID(tile: id) else { continue }
                if !settled || (folder.size(bundle.path) ?? 0) == 0 {
                    try await copy(bundle, tile: try await tiles.tile(level: level, index: index), ledger)
                }
                progress(TreeSize((index + 1) << TileID.height), tiles.size)
            }
            level += 1
            full >>= TileID.height
        }
    }

    /// The right edge: what the next checkpoint will replace.
    private func copyEdge(_ tiles: ProvenTiles, _ ledger: FetchCount) async throws {
        for (id, bytes) in tiles.partialTiles {
            if id.level == 0, let bundle = EntryBundleID(tile: id) { try await copy(bundle, tile: bytes, ledger) }
            try folder.write(id.path, bytes)
        }
        progress(tiles.size, tiles.size)
    }

    /// A bundle whose entries are those of its tile.
    private func copy(_ id: EntryBundleID, tile: [UInt8], _ ledger: FetchCount) async throws {
        if let kept = try folder.read(id.path, limit: id.byteLimit), Self.matches(kept, tile, id) { return }
        ledger.count += 1
        let bytes = try await source.bundle(id)
        guard Self.matches(bytes, tile, id) else {
            throw Finding(
                .bundleMalformed, index: id.firstEntry, path: id.path,
                "\(id) does not hold the entries whose hashes are in the log's tile")
        }
        try folder.write(id.path, bytes)
    }

    private static func matches(_ bundle: [UInt8], _ tile: [UInt8], _ id: EntryBundleID) -> Bool {
        guard let entries = try? EntryBundle.slices(of: bundle, count: id.width) else { return false }
        return entries.elementsEqual(TileHashes(tile)) { Merkle.leafHash($0) == $1 }
    }

    /// Removes what no tree of this size has: partial tiles that grew, and files that were being written.
    private func removeSuperseded(_ size: TreeSize) throws {
        let folder = folder
        try folder.forEachFile { name throws(AuditError) in
            guard name.hasPrefix("tile/") || name == MirrorFolder.checkpoint + MirrorFolder.temporarySuffix else {
                return
            }
            let superseded = MirrorFile(path: name, size: size).map { $0.isPartial && !$0.isInTree } ?? false
            guard superseded || name.hasSuffix(MirrorFolder.temporarySuffix) else { return }
            folder.remove(name)
            if let slash = name.lastIndex(of: "/"), name[..<slash].hasSuffix(".p") {
                folder.removeEmptyFolder(String(name[..<slash]))
            }
        }
    }
}

/// How many files came from the source in one run.
private final class FetchCount {
    var count = 0
}
