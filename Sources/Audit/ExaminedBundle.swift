import Ledger
import Rules
import Statements

/// An entry that was read strictly, with its signatures checked.
struct ExaminedEntry: Sendable {
    let entry: Entry
    let leaf: Hash
    /// Nil for a charter.
    let statement: ExaminedStatement?
}

/// A bundle and its level-0 tile as the mirror has them: what costs most and can be found out without the entries
/// before. That is hashes and signatures; an entry is read when its turn comes, so that what it is made of lives and
/// dies on one core.
struct ExaminedBundle: Sendable {
    let id: EntryBundleID
    /// The place of the first entry whose signatures were checked.
    let offset: Int
    /// The hashes of the entries, as far as they are whole.
    private(set) var leaves: [Hash] = []
    /// The hashes that the tile has.
    private(set) var stored: [Hash] = []
    /// Missing files, wrong lengths.
    private(set) var findings: [Finding] = []
    /// Bytes of the bundle, and with those of its tile.
    private(set) var bundleByteCount = 0
    private(set) var byteCount = 0
    private var slices: [ArraySlice<UInt8>] = []
    /// For each entry from ``offset`` on; nil where it could not be told simply. Empty when nothing was checked.
    private var checks: [[ExaminedStatement.SignatureCheck]?] = []

    /// Whether every entry of the bundle is there.
    var isWhole: Bool { leaves.count == id.width }

    /// The first entry whose hash is not the one in the tile.
    var firstDifference: LogIndex? {
        let position = zip(leaves, stored).enumerated().first { $1.0 != $1.1 }?.offset
        return position.map { LogIndex(id.firstEntry.rawValue + UInt64($0)) }
    }

    /// The entries whose signatures were checked; none when they are not those of the tile.
    var examined: Range<Int> { offset..<offset + checks.count }

    /// - Parameters:
    ///   - offset: how many entries need only be hashed.
    ///   - charter: whose keys check the signatures; nil to look at hashes alone.
    init(
        _ id: EntryBundleID, in folder: MirrorFolder, from offset: Int = 0, charter: CharterInForce?
    ) throws(AuditError) {
        self.id = id
        self.offset = offset
        try readTile(folder)
        guard let bytes = try folder.read(id.path, limit: id.byteLimit) else {
            findings.append(Finding(.missingFile, index: id.firstEntry, path: id.path, "\(id) is missing"))
            return
        }
        bundleByteCount = bytes.count
        byteCount += bytes.count
        slices = Self.wholeEntries(of: bytes, count: id.width)
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
        var keys = PreparedKeys(charter)
        checks.reserveCapacity(slices.count - offset)
        for bytes in slices.dropFirst(offset) {
            checks.append(EntrySignatures(scanning: bytes).map { keys.check($0) })
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
        entries.reserveCapacity(count)
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

    /// Reads one of the ``examined`` entries strictly.
    /// - Parameter charter: the one in force, for signatures that were not checked yet.
    /// - Throws: ``Finding`` when the bytes are no entry.
    func entry(_ position: Int, _ charter: CharterInForce) throws(Finding) -> ExaminedEntry {
        let bytes = slices[position]
        if let checks = checks[position - offset], let entry = Entry(scanning: bytes), let signed = entry.signed,
            signed.statement.signers.count == checks.count
        {
            return ExaminedEntry(
                entry: entry, leaf: leaves[position], statement: ExaminedStatement(signed: signed, checks: checks))
        }
        let index = LogIndex(id.firstEntry.rawValue + UInt64(position))
        do {
            let entry = try Entry(der: bytes, limit: Bounds.entry)
            guard try Self.isCanonical(entry, bytes) else {
                let message = "Entry \(index) has other bytes than the canonical ones of what it says"
                throw Finding(.entryNotCanonical, index: index, message)
            }
            let statement = entry.signed.map { ExaminedStatement($0) { charter.key($0) } }
            return ExaminedEntry(entry: entry, leaf: leaves[position], statement: statement)
        } catch let finding as Finding {
            throw finding
        } catch {
            throw Finding(.entryMalformed, index: index, "Entry \(index) is no entry: \(error)")
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

/// The charter's signing keys, each looked up and imported once for all the entries of a bundle.
private struct PreparedKeys {
    private let charter: CharterInForce
    private var known: [DelegateID: (key: [UInt8]?, prepared: PinnedEd25519.PreparedKey?)] = [:]
    private var message: [UInt8] = []

    init(_ charter: CharterInForce) { self.charter = charter }

    /// The checks that ``Statements/ExaminedStatement/init(_:key:)`` makes.
    mutating func check(_ entry: EntrySignatures) -> [ExaminedStatement.SignatureCheck] {
        SignedStatement.write(messageOf: entry.statement, to: &message)
        var checks: [ExaminedStatement.SignatureCheck] = []
        checks.reserveCapacity(entry.signers.count)
        for (signer, signature) in zip(entry.signers, entry.signatures) {
            let (key, prepared) = known[signer] ?? look(up: signer)
            let isValid = prepared?.verify(signature: Array(signature), message: message) ?? false
            checks.append(ExaminedStatement.SignatureCheck(key: key, isValid: isValid))
        }
        return checks
    }

    private mutating func look(up signer: DelegateID) -> (key: [UInt8]?, prepared: PinnedEd25519.PreparedKey?) {
        let key = charter.key(signer)
        let found = (key: key, prepared: key.flatMap { PinnedEd25519.PreparedKey($0) })
        // Strangers' names are the log's to choose; those of the charter are few.
        if key != nil { known[signer] = found }
        return found
    }
}
