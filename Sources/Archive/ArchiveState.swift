import Keyring
import Statements

/// What one program knows of an archive: the index's blocks, and the records after them. Used under the folder's lock.
struct ArchiveState {
    /// So many records are kept out of the index at most.
    static let tailLimit = 128
    /// A block of the index has about so many bytes of words at most.
    static let wordsLimit = 4 << 20

    let folder: String
    let key: ArchiveKey
    let keys: SegmentKeys
    var index: IndexFile?
    var indexEnd: UInt64 = 0
    var blocks: [IndexFile.Block] = []
    var tail: [(entry: IndexBlock.Entry, summary: [UInt8])] = []
    /// How far the segments are in the index, and how far they were read.
    var covered = ArchivePosition.start
    var scanned = ArchivePosition.start
    var known: [ArchiveDamage] = []
    var lost: [ArchiveDamage] = []
    var segments: [UInt32: SegmentFile] = [:]
    var decoded: [MessageSummary]?

    init(folder: String, key: ArchiveKey) {
        self.folder = folder
        self.key = key
        keys = SegmentKeys(key)
    }

    var damage: [ArchiveDamage] { blocks.flatMap(\.content.damage) + known + lost }

    var count: Int { blocks.reduce(tail.count) { $0 + $1.content.entries.count } }

    /// One record: in a block, or after all of them.
    struct Entry: Sendable {
        let entry: IndexBlock.Entry
        /// Nil in the tail.
        let block: Int?
        let number: Int
    }

    var identifiers: [MessageID] {
        blocks.flatMap { $0.content.entries.map(\.identity.id) } + tail.map(\.entry.identity.id)
    }

    // MARK: Reading

    func find(_ id: MessageID) -> Entry? { entry(id, .sent) ?? entry(id, .received) }

    private func entry(_ id: MessageID, _ direction: ArchivedMessage.Direction) -> Entry? {
        let identity = RecordIdentity(id: id, direction: direction)
        for (block, content) in blocks.enumerated() {
            if let number = content.content.entries.firstIndex(where: { $0.identity == identity }) {
                return Entry(entry: content.content.entries[number], block: block, number: number)
            }
        }
        guard let number = tail.firstIndex(where: { $0.entry.identity == identity }) else { return nil }
        return Entry(entry: tail[number].entry, block: nil, number: number)
    }

    func summary(_ found: Entry) throws(ArchiveError) -> MessageSummary {
        var names = NameMemory()
        return try summary(found, &names)
    }

    private func summary(_ found: Entry, _ names: inout NameMemory) throws(ArchiveError) -> MessageSummary {
        let bytes = found.block.map { blocks[$0].bytes } ?? tail[found.number].summary
        let range = found.entry.summary
        let summary = bytes.withUnsafeBytes { bytes in
            try? SummaryFormat.decode(UnsafeRawBufferPointer(rebasing: bytes[range]), &names)
        }
        guard let summary else { throw unreadable(found.entry.place) }
        return summary
    }

    mutating func summaries() throws(ArchiveError) -> [MessageSummary] {
        if let decoded { return decoded }
        var all: [MessageSummary] = []
        all.reserveCapacity(count)
        var names = NameMemory()
        for (block, content) in blocks.enumerated() {
            for (number, entry) in content.content.entries.enumerated() {
                all.append(try summary(Entry(entry: entry, block: block, number: number), &names))
            }
        }
        for (number, item) in tail.enumerated() {
            all.append(try summary(Entry(entry: item.entry, block: nil, number: number), &names))
        }
        // Most are in order; a stable sort moves the few that two programs wrote past each other.
        if zip(all, all.dropFirst()).contains(where: { $0.at > $1.at }) { all.sort { $0.at < $1.at } }
        decoded = all
        return all
    }

    mutating func load(_ found: Entry) throws(ArchiveError) -> ArchivedMessage {
        let place = found.entry.place
        guard let segment = try segment(place.segment), let record = try segment.record(at: place),
            let message = try? record.withUnsafeBytes({ record throws(FormatFault) in try RecordFormat.decode(record) }
            ), message.id == found.entry.identity.id
        else { throw unreadable(place) }
        return message
    }

    private func unreadable(_ place: RecordPlace) -> ArchiveError {
        let damage = ArchiveDamage(
            segment: place.segment, offset: place.offset, length: place.end.offset - place.offset)
        return ArchiveError(
            .damaged, "A message in \(folder) does not open: \(damage).",
            hint: "Fetch that file from a backup; all other messages stay readable.")
    }

    mutating func segment(_ number: UInt32) throws(ArchiveError) -> SegmentFile? {
        if let open = segments[number] { return open }
        guard let fresh = try SegmentFile.open(number, in: folder, keys) else { return nil }
        segments[number] = fresh
        return fresh
    }

    mutating func byteCount() throws(ArchiveError) -> UInt64 {
        var bytes = try index?.file.size() ?? 0
        for number in SegmentFile.numbers(in: folder) { bytes += try segment(number)?.file.size() ?? 0 }
        return bytes
    }

    mutating func check() throws(ArchiveError) -> [ArchiveDamage] {
        let numbers = SegmentFile.numbers(in: folder)
        var damage = missing(numbers)
        for number in numbers {
            guard let segment = try segment(number) else { continue }
            if try !segment.readHeader().isWhole {
                damage.append(ArchiveDamage(segment: number, offset: 0, length: UInt64(SegmentFile.headerByteCount)))
            }
            let found = try SegmentScan(segment: segment).run(from: UInt64(SegmentFile.headerByteCount)) {
                _, _ throws(ArchiveError) in
            }
            damage += found.damage
            if found.end < found.size {
                damage.append(
                    ArchiveDamage(segment: number, offset: found.end, length: found.size - found.end))
            }
        }
        return damage
    }

    func missing(_ numbers: [UInt32]) -> [ArchiveDamage] {
        guard let last = numbers.last else { return [] }
        let there = Set(numbers)
        return (1...last).filter { !there.contains($0) }.map { ArchiveDamage(segment: $0, offset: 0, length: 0) }
    }

    // MARK: Searching

    mutating func search(_ query: SearchQuery, limit: Int) throws(ArchiveError) -> [SearchHit] {
        if let hits = try hits(query, limit) { return hits }
        // The index was damaged, and is made again.
        try refresh()
        return try hits(query, limit) ?? []
    }

    /// Nil when a part of the index did not open, which is then cut off.
    private mutating func hits(_ query: SearchQuery, _ limit: Int) throws(ArchiveError) -> [SearchHit]? {
        var hits: [SearchHit] = []
        for (number, item) in tail.enumerated().reversed() where hits.count < limit {
            let found = Entry(entry: item.entry, block: nil, number: number)
            let summary = try summary(found)
            guard let message = try? load(found) else { continue }
            let matches = WordsFormat.words(message, summary).withUnsafeBytes { query.matches($0) }
            if matches { hits.append(query.hit(message, summary)) }
        }
        for (number, block) in blocks.enumerated().reversed() where hits.count < limit {
            guard let positions = try matching(query, block, limit - hits.count) else {
                try index?.file.truncate(to: block.words.block)
                return nil
            }
            for position in positions {
                let found = Entry(entry: block.content.entries[position], block: number, number: position)
                let summary = try summary(found)
                // Of a damaged record the index still has the words, but there is no text to show.
                hits.append(query.hit(try? load(found), summary))
            }
        }
        return hits.sorted { $0.summary.at > $1.summary.at }
    }

    /// The newest entries of a block that match; nil when its words do not open.
    private func matching(
        _ query: SearchQuery, _ block: IndexFile.Block, _ limit: Int
    ) throws(ArchiveError) -> [Int]? {
        guard let bytes = try index?.words(block.words) else { return nil }
        return bytes.withUnsafeBytes { bytes in
            guard let ranges = try? WordsFormat.ranges(bytes), ranges.count == block.content.entries.count else {
                return nil
            }
            return Array(
                ranges.indices.reversed().lazy.filter {
                    query.matches(UnsafeRawBufferPointer(rebasing: bytes[ranges[$0]]))
                }.prefix(limit))
        }
    }

    // MARK: Adding

    mutating func add(_ message: ArchivedMessage) throws(ArchiveError) {
        let (record, summary) = try RecordFormat.encode(message)
        if entry(message.id, message.direction) != nil { return }
        let segment = try target(record.count)
        let offset = scanned.offset
        guard let sealed = segment.sealed(record, at: offset) else { throw OpenFile.unwritable(segment.file.path, 5) }
        do throws(ArchiveError) {
            try segment.file.write(sealed, at: offset)
            try segment.file.sync()
        } catch {
            try? segment.file.truncate(to: offset)
            throw error
        }
        let length = UInt32(sealed.count - SegmentFile.recordHeaderByteCount)
        keep(RecordPlace(segment: segment.number, offset: offset, length: length), summary)
        try fillIndex()
    }

    mutating func keep(_ place: RecordPlace, _ summary: [UInt8]) {
        guard
            let identity = try? summary.withUnsafeBytes({ bytes throws(FormatFault) in
                try SummaryFormat.identity(bytes)
            })
        else { return }
        let entry = IndexBlock.Entry(identity: identity, place: place, summary: 0..<summary.count)
        tail.append((entry, summary))
        scanned = place.end
        decoded = nil
    }

    /// The segment that takes the next record, which goes to the place that ``scanned`` says.
    private mutating func target(_ size: Int) throws(ArchiveError) -> SegmentFile {
        let last = SegmentFile.numbers(in: folder).last ?? 0
        if last == scanned.segment, let segment = try segment(last), try segment.file.size() == scanned.offset,
            scanned.offset + UInt64(size) <= SegmentFile.sizeLimit
                || scanned.offset == UInt64(SegmentFile.headerByteCount),
            try segment.readHeader() != .earlier
        {
            return segment
        }
        let number = last == 0 && scanned == .start ? 1 : max(last, scanned.segment) + 1
        let fresh = try SegmentFile.make(number, in: folder, keys)
        segments[fresh.number] = fresh
        scanned = ArchivePosition(segment: fresh.number, offset: UInt64(SegmentFile.headerByteCount))
        return fresh
    }
}
