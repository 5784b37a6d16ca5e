package import Ledger

/// One way in which a mirror differs from the log that its checkpoint signs, and where that has to be noticed.
///
/// Everything that is drawn here changes what the mirror says: a corruption that would give the same bytes, or another
/// whole and honest mirror, is not drawn.
package struct LogCorruption: Sendable, CustomStringConvertible {
    package let description: String
    /// New contents by path; nil takes a file away.
    package let changes: [String: [UInt8]?]
    /// The files of which one has to be named.
    package let places: Set<String>
    /// The entry that has to be named first, where one alone was altered.
    package let entry: LogIndex?

    package init(
        _ description: String, _ changes: [String: [UInt8]?], at places: Set<String>? = nil, entry: LogIndex? = nil
    ) {
        self.description = description
        self.changes = changes
        self.places = places ?? Set(changes.keys)
        self.entry = entry
    }
}

/// Draws corruptions of one log's mirror.
package struct LogCorruptions: Sendable {
    private let entries: [[UInt8]]
    private let files: [String: [UInt8]]
    private let paths: [String]
    /// A checkpoint of the same size by the same log key, over another history.
    private let otherNote: [UInt8]
    private let size: TreeSize

    /// - Parameters:
    ///   - files: those of the entries' mirror.
    ///   - otherNote: signed by the same key, over other entries.
    package init(entries: [[UInt8]], files: [String: [UInt8]], otherNote: [UInt8]) {
        self.entries = entries
        self.files = files
        self.otherNote = otherNote
        paths = files.keys.sorted()
        size = TreeSize(UInt64(entries.count))
    }

    package func draw(_ random: inout LogNumbers) throws -> LogCorruption {
        let ways: [(inout LogNumbers) throws -> LogCorruption?] = [
            bit, bit, bit, overwritten, cut, longer, without, with, missing, exchanged, hashes, note, note, reordered,
            reordered, refitted, doubled, beginning, misnamed,
        ]
        while true {
            if let drawn = try ways[Int(random.next() % UInt64(ways.count))](&random) { return drawn }
        }
    }

    private func path(_ random: inout LogNumbers) -> String { paths[below(paths.count, &random)] }
    private func below(_ count: Int, _ random: inout LogNumbers) -> Int { Int(random.next() % UInt64(count)) }

    /// The entry whose bytes, and not its length, are at a place of a bundle.
    private func entry(_ path: String, _ place: Int) -> LogIndex? {
        guard let bundle = EntryBundleID(path: path) else { return nil }
        var start = 0
        for offset in 0..<bundle.width {
            let index = bundle.firstEntry.rawValue + UInt64(offset)
            let end = start + 2 + entries[Int(index)].count
            if place < end { return place < start + 2 ? nil : LogIndex(index) }
            start = end
        }
        return nil
    }

    private func replaced(_ what: String, _ path: String, _ bytes: [UInt8], entry: LogIndex? = nil) -> LogCorruption? {
        guard bytes != files[path] else { return nil }
        return LogCorruption("\(what) in \(path)", [path: bytes], entry: entry)
    }
}

/// Bits, bytes and lengths of one file.
extension LogCorruptions {
    private func bit(_ random: inout LogNumbers) -> LogCorruption? {
        let path = path(&random)
        var bytes = files[path] ?? []
        let bit = below(bytes.count * 8, &random)
        bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        return replaced("bit \(bit)", path, bytes, entry: entry(path, bit / 8))
    }

    private func overwritten(_ random: inout LogNumbers) -> LogCorruption? {
        let path = path(&random)
        var bytes = files[path] ?? []
        let start = below(bytes.count, &random)
        let end = min(bytes.count, start + 1 + below(64, &random))
        for place in start..<end { bytes[place] = UInt8(truncatingIfNeeded: random.next()) }
        return replaced("bytes \(start)..<\(end) overwritten", path, bytes)
    }

    private func cut(_ random: inout LogNumbers) -> LogCorruption? {
        let path = path(&random)
        let bytes = files[path] ?? []
        let left = random.happens(50) ? below(bytes.count, &random) : max(0, bytes.count - 1 - below(40, &random))
        return replaced("\(left) bytes are left", path, Array(bytes.prefix(left)))
    }

    private func longer(_ random: inout LogNumbers) -> LogCorruption? {
        let path = path(&random)
        // A line that a note may end in, a stranger's signature, is no alteration: no text is appended.
        let more = [0xff] + random.bytes(below(64, &random))
        return replaced("\(more.count) bytes more", path, (files[path] ?? []) + more)
    }

    private func without(_ random: inout LogNumbers) -> LogCorruption? {
        let path = path(&random)
        var bytes = files[path] ?? []
        let start = below(bytes.count, &random)
        let end = min(bytes.count, start + 1 + below(40, &random))
        bytes.removeSubrange(start..<end)
        return replaced("bytes \(start)..<\(end) taken out", path, bytes)
    }

    private func with(_ random: inout LogNumbers) -> LogCorruption? {
        let path = path(&random)
        var bytes = files[path] ?? []
        let start = below(bytes.count, &random)
        bytes.insert(contentsOf: random.bytes(1 + below(40, &random)), at: start)
        return replaced("bytes put in at \(start)", path, bytes)
    }
}

/// Whole files, hashes of a tile, and the checkpoint.
extension LogCorruptions {
    private func missing(_ random: inout LogNumbers) -> LogCorruption? {
        let path = path(&random)
        return LogCorruption("\(path) is missing", [path: nil])
    }

    private func exchanged(_ random: inout LogNumbers) -> LogCorruption? {
        let (one, two) = (path(&random), path(&random))
        guard files[one] != files[two] else { return nil }
        return LogCorruption("\(one) and \(two) exchanged", [one: files[two], two: files[one]])
    }

    private func hashes(_ random: inout LogNumbers) -> LogCorruption? {
        let path = path(&random)
        guard let tile = TileID(path: path), tile.width > 1, var bytes = files[path] else { return nil }
        let (one, two) = (below(tile.width, &random) * 32, below(tile.width, &random) * 32)
        for place in 0..<32 { bytes.swapAt(one + place, two + place) }
        return replaced("hashes \(one / 32) and \(two / 32) exchanged", path, bytes)
    }

    /// Headers of the note: its lines, their numbers and their ends.
    private func note(_ random: inout LogNumbers) -> LogCorruption? {
        let path = "checkpoint"
        let text = String(decoding: files[path] ?? [], as: UTF8.self)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let line = below(lines.count - 1, &random)
        switch random.next() % 8 {
        case 0: lines[1] = String(random.next() % (2 * size.rawValue))
        case 1: lines[1] = "0" + lines[1]
        case 2: lines.remove(at: line)
        // The signature twice says nothing else than once.
        case 3 where line < lines.count - 2: lines.insert(lines[line], at: line)
        case 3: return nil
        case 4: lines.swapAt(line, below(lines.count - 1, &random))
        case 5: lines[line] += random.happens(50) ? "\r" : " "
        case 6: lines[2] = Base64.encode(random.bytes(32))
        default: return replaced("another history's note", path, otherNote)
        }
        return replaced("line \(line) altered", path, Array(lines.joined(separator: "\n").utf8))
    }

    /// What an older, smaller tree had here may stay, but not altered.
    private func beginning(_ random: inout LogNumbers) -> LogCorruption? {
        let path = path(&random)
        let narrow: (path: String, bytes: [UInt8])
        if let tile = TileID(path: path), tile.width > 1 {
            let width = 1 + below(tile.width - 1, &random)
            guard let id = TileID(level: tile.level, index: tile.index, width: width) else { return nil }
            narrow = (id.path, Array((files[path] ?? []).prefix(id.byteCount)))
        } else if let bundle = EntryBundleID(path: path), bundle.width > 1 {
            let width = 1 + below(bundle.width - 1, &random)
            guard let id = EntryBundleID(index: bundle.index, width: width) else { return nil }
            let first = Int(bundle.firstEntry.rawValue)
            guard let bytes = try? EntryBundle.encode(Array(entries[first..<first + width])) else { return nil }
            narrow = (id.path, bytes)
        } else {
            return nil
        }
        var bytes = narrow.bytes
        switch random.next() % 3 {
        case 0: bytes[below(bytes.count, &random)] ^= 1 << UInt8(random.next() % 8)
        case 1: bytes.removeLast(1 + below(bytes.count, &random))
        default: bytes += random.bytes(1 + below(8, &random))
        }
        return LogCorruption("an altered beginning at \(narrow.path)", [narrow.path: bytes])
    }

    /// A partial tile under the name of another width.
    private func misnamed(_ random: inout LogNumbers) -> LogCorruption? {
        let path = path(&random)
        guard let tile = TileID(path: path), tile.isPartial,
            let other = TileID(level: tile.level, index: tile.index, width: 1 + below(255, &random)),
            other.path != path
        else { return nil }
        return LogCorruption("\(path) is called \(other.path)", [path: nil, other.path: files[path]], at: [path])
    }
}

/// The order of entries.
extension LogCorruptions {
    private func bundlePath(of index: Int) -> String? {
        EntryBundleID(index: UInt64(index >> TileID.height), size: size)?.path
    }

    private func bundles(of changed: [[UInt8]], at indices: [Int]) throws -> [String: [UInt8]?] {
        var files: [String: [UInt8]?] = [:]
        for index in indices {
            guard let path = bundlePath(of: index) else { continue }
            let first = index & ~255
            files[path] = try EntryBundle.encode(Array(changed[first..<min(first + 256, changed.count)]))
        }
        return files
    }

    /// Two entries changed places, in one bundle or across; the tiles are honest.
    private func reordered(_ random: inout LogNumbers) throws -> LogCorruption? {
        let (one, two) = (below(entries.count, &random), below(entries.count, &random))
        guard entries[one] != entries[two] else { return nil }
        var changed = entries
        changed.swapAt(one, two)
        return LogCorruption(
            "entries \(one) and \(two) exchanged", try bundles(of: changed, at: [one, two]),
            entry: LogIndex(UInt64(min(one, two))))
    }

    /// An entry stands in the place of another one as well; the tiles are honest.
    private func doubled(_ random: inout LogNumbers) throws -> LogCorruption? {
        let (one, two) = (below(entries.count, &random), below(entries.count, &random))
        guard entries[one] != entries[two] else { return nil }
        var changed = entries
        changed[one] = entries[two]
        return LogCorruption(
            "entry \(two) also as \(one)", try bundles(of: changed, at: [one]), entry: LogIndex(UInt64(one)))
    }

    /// Two entries changed places, and so did their hashes, up to a level; what is above is honest, the checkpoint at
    /// least.
    private func refitted(_ random: inout LogNumbers) throws -> LogCorruption? {
        let (one, two) = (below(entries.count, &random), below(entries.count, &random))
        guard entries[one] != entries[two] else { return nil }
        var changed = entries
        changed.swapAt(one, two)
        var refitted = try LogForge.files(of: changed, note: files["checkpoint"] ?? [])
        let isWhole = random.happens(50)
        if !isWhole { for path in paths where path.hasPrefix("tile/1/") { refitted[path] = files[path] } }
        let changes = refitted.filter { $0.value != files[$0.key] }
        return LogCorruption(
            "entries \(one) and \(two) exchanged, with tiles to fit\(isWhole ? "" : " below level 1")",
            changes.mapValues { .some($0) }, at: Set(changes.keys).union(["checkpoint"]))
    }
}
