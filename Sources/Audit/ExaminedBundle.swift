import Ledger
import Rules
import Statements

/// An entry that was read strictly, with its signatures checked.
struct ExaminedEntry: Sendable {
    let entry: Entry
    /// Nil for a charter.
    let statement: ExaminedStatement?
}

/// A bundle and its level-0 tile as the mirror has them: all that can be found out without the entries before.
struct ExaminedBundle: Sendable {
    let id: EntryBundleID
    /// The hashes of the entries, as far as they are whole.
    private(set) var leaves: [Hash] = []
    /// The hashes that the tile has.
    private(set) var stored: [Hash] = []
    /// Missing files, wrong lengths.
    private(set) var findings: [Finding] = []
    /// The entries, up to the first one that is none; empty when they are not those of the tile.
    private(set) var entries: [Result<ExaminedEntry, Finding>] = []
    private(set) var byteCount = 0

    /// Whether every entry of the bundle is there.
    var isWhole: Bool { leaves.count == id.width }

    /// The first entry whose hash is not the one in the tile.
    var firstDifference: LogIndex? {
        let position = zip(leaves, stored).enumerated().first { $1.0 != $1.1 }?.offset
        return position.map { LogIndex(id.firstEntry.rawValue + UInt64($0)) }
    }

    /// - Parameter charter: whose keys check the signatures; nil to look at hashes alone.
    init(_ id: EntryBundleID, in folder: MirrorFolder, charter: CharterInForce?) throws(AuditError) {
        self.id = id
        try readTile(folder)
        guard let bytes = try folder.read(id.path, limit: id.byteLimit) else {
            findings.append(Finding(.missingFile, index: id.firstEntry, path: id.path, "\(id) is missing"))
            return
        }
        byteCount += bytes.count
        let slices = Self.wholeEntries(of: bytes, count: id.width)
        leaves = slices.map { Merkle.leafHash($0) }
        let used = slices.last?.endIndex ?? 0
        guard isWhole, used == bytes.count else {
            let index = firstDifference ?? LogIndex(id.firstEntry.rawValue + UInt64(leaves.count))
            leaves = isWhole ? [] : leaves
            let wanted = "\(id.width) whole entries were expected"
            findings.append(Finding(.bundleMalformed, index: index, path: id.path, "\(id) is cut or longer: \(wanted)"))
            return
        }
        guard let charter, findings.isEmpty, firstDifference == nil else { return }
        for (offset, bytes) in slices.enumerated() {
            let index = LogIndex(id.firstEntry.rawValue + UInt64(offset))
            entries.append(Self.examine(bytes, at: index, charter))
            if case .failure = entries[offset] { return }
        }
    }

    private mutating func readTile(_ folder: MirrorFolder) throws(AuditError) {
        guard let tile = TileID(level: 0, index: id.index, width: id.width) else { return }
        guard let bytes = try folder.read(tile.path, limit: tile.byteCount) else {
            return findings.append(Finding(.missingFile, path: tile.path, "\(tile) is missing"))
        }
        byteCount += bytes.count
        stored = Array(TileHashes(bytes))
        guard bytes.count != tile.byteCount else { return }
        let message = "\(tile) has \(bytes.count) bytes where \(tile.byteCount) were expected"
        findings.append(Finding(.tileMismatch, path: tile.path, message))
    }

    /// Up to `count` entries that lie wholly in the bytes.
    private static func wholeEntries(of bytes: [UInt8], count: Int) -> [ArraySlice<UInt8>] {
        var entries: [ArraySlice<UInt8>] = []
        var position = 0
        while entries.count < count, bytes.count - position >= 2 {
            let start = position + 2
            let length = Int(bytes[position]) << 8 | Int(bytes[position + 1])
            guard bytes.count - start >= length else { break }
            position = start + length
            entries.append(bytes[start..<position])
        }
        return entries
    }

    /// Reads an entry strictly and checks its signatures, each under the key that its signer has in the charter.
    private static func examine(
        _ bytes: ArraySlice<UInt8>, at index: LogIndex, _ charter: CharterInForce
    ) -> Result<ExaminedEntry, Finding> {
        do {
            let entry = try Entry(der: bytes, limit: Bounds.entry)
            guard try isCanonical(entry, bytes) else {
                let message = "Entry \(index) has other bytes than the canonical ones of what it says"
                return .failure(Finding(.entryNotCanonical, index: index, message))
            }
            let statement = entry.signed.map { ExaminedStatement($0) { charter.key($0) } }
            return .success(ExaminedEntry(entry: entry, statement: statement))
        } catch {
            return .failure(Finding(.entryMalformed, index: index, "Entry \(index) is no entry: \(error)"))
        }
    }

    /// Whether writing the entry again gives the same bytes, those of the signed part included.
    private static func isCanonical(_ entry: Entry, _ bytes: ArraySlice<UInt8>) throws(FormError) -> Bool {
        guard try entry.derBytes()[...] == bytes else { return false }
        switch entry.body {
        case .charter(let signed): return try signed.charter.derBytes() == signed.charterBytes
        case .statement(let signed): return try signed.statement.derBytes() == signed.statementBytes
        }
    }
}
