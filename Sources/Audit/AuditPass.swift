import Ledger
import Rules
import Statements

/// One way through the entries, in their order.
struct AuditPass {
    let checkpoint: Checkpoint
    /// Where it began.
    let start: TreeSize
    var tree: RecomputedTree
    private(set) var replay: Replay
    var findings: [Finding] = []
    private(set) var bundleCount: UInt64
    private(set) var byteCount: UInt64
    /// Bytes of the full bundles.
    private var fullBundleBytes: UInt64
    private let observer: (any EntryObserver)?

    /// - Parameter resumption: what an earlier pass has left; nil to begin at entry 0.
    init(
        _ checkpoint: Checkpoint, _ folder: MirrorFolder, _ charter: TrustedCharter, from resumption: Resumption?,
        observer: (any EntryObserver)?
    ) {
        self.checkpoint = checkpoint
        self.observer = observer
        tree = resumption?.tree ?? RecomputedTree(checkpoint, folder)
        replay = resumption?.replay ?? Replay(charter)
        start = tree.size
        bundleCount = start.rawValue >> TileID.height
        fullBundleBytes = resumption?.state.bundleBytes ?? 0
        byteCount = fullBundleBytes + bundleCount * UInt64(TileID.fullWidth * Hash.byteCount)
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
        if !bundle.id.isPartial { fullBundleBytes += UInt64(bundle.bundleByteCount) }
        do {
            try tree.append(bundle)
            if isReplaying { try decide(bundle) }
        } catch let finding as Finding {
            findings.append(finding)
        }
        try tree.compareFullTiles()
        return true
    }

    /// What can be said only when every entry was there.
    mutating func conclude() throws {
        guard tree.size == checkpoint.size else { return }
        try tree.compareEdge()
        findings += tree.conclusion()
    }

    /// What a later pass needs to go on after the entries so far; nil unless all of them are right.
    var state: AuditState? {
        guard isReplaying, replay.tally.entries == tree.size.rawValue else { return nil }
        return replay.state(root: tree.root, bundleBytes: fullBundleBytes)
    }

    private mutating func decide(_ bundle: ExaminedBundle) throws {
        for position in bundle.examined {
            let index = LogIndex(bundle.id.firstEntry.rawValue + UInt64(position))
            let examined = try bundle.entry(position, replay.charterInForce)
            if let finding = try replay.take(examined, at: index, in: &tree) { throw finding }
            observer?.see(examined.entry, at: index)
        }
    }
}
