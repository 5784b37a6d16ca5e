import Keyring

/// Following the files: what other programs added, what a crash left, and the index that is made of it.
extension ArchiveState {
    /// Reads what has come since the last time.
    mutating func refresh() throws(ArchiveError) {
        let numbers = SegmentFile.numbers(in: folder)
        try refreshIndex(first: numbers.first)
        try findLost(numbers)
        for number in numbers where number >= scanned.segment {
            try scan(number, isLast: number == numbers.last)
        }
        try fillIndex()
    }

    private mutating func refreshIndex(first: UInt32?) throws(ArchiveError) {
        let changed: Bool
        if let index {
            let size = try index.file.size()
            changed = !index.file.isCurrent() || size < indexEnd
        } else {
            changed = true
        }
        if changed {
            // No file is touched under a key that is not the archive's.
            if let first, let segment = try segment(first) { try checkHeader(segment, isLast: false) }
            forget()
            index = try IndexFile.open(in: folder, key)
            indexEnd = IndexFile.start
        }
        guard let index else { return }
        let size = try index.file.size()
        while indexEnd < size {
            guard let block = try index.block(at: indexEnd), block.content.from == covered else {
                // Torn or damaged: the segments have it all.
                try index.file.truncate(to: indexEnd)
                break
            }
            blocks.append(block)
            indexEnd = block.end
            covered = block.content.to
            tail.removeAll { $0.entry.place.end <= covered }
            known.removeAll { ArchivePosition(segment: $0.segment, offset: $0.offset) < covered }
            decoded = nil
        }
        if scanned < covered { scanned = covered }
    }

    /// Nothing is known any more.
    private mutating func forget() {
        blocks = []
        tail = []
        known = []
        lost = []
        segments = [:]
        decoded = nil
        covered = .start
        scanned = .start
    }

    /// Segments that are gone, or shorter than the index knows them.
    private mutating func findLost(_ numbers: [UInt32]) throws(ArchiveError) {
        lost = missing(numbers)
        guard numbers.contains(covered.segment), let segment = try segment(covered.segment) else { return }
        let size = try segment.file.size()
        if size < covered.offset, covered != .start {
            lost.append(ArchiveDamage(segment: covered.segment, offset: size, length: covered.offset - size))
        }
    }

    private mutating func scan(_ number: UInt32, isLast: Bool) throws(ArchiveError) {
        guard let segment = try segment(number) else { return }
        let header = UInt64(SegmentFile.headerByteCount)
        if number > scanned.segment { scanned = ArchivePosition(segment: number, offset: header) }
        if scanned.offset == header { try checkHeader(segment, isLast: isLast) }
        guard try segment.file.size() > scanned.offset else { return }
        let found = try SegmentScan(segment: segment).run(from: scanned.offset) {
            place, record throws(ArchiveError) in
            let summary = try? record.withUnsafeBytes { record throws(FormatFault) in
                Array(try RecordFormat.summary(record))
            }
            if let summary { keep(place, summary) }
        }
        known += found.damage
        scanned = ArchivePosition(segment: number, offset: found.end)
        guard found.end < found.size else { return }
        if isLast {
            try segment.file.truncate(to: found.end)
        } else {
            known.append(ArchiveDamage(segment: number, offset: found.end, length: found.size - found.end))
            scanned = ArchivePosition(segment: number, offset: found.size)
        }
    }

    private mutating func checkHeader(_ segment: SegmentFile, isLast: Bool) throws(ArchiveError) {
        switch try segment.readHeader() {
        case .good, .earlier: return
        case .newer:
            throw ArchiveError(
                .newerVersion, "\(segment.file.path) was written by a newer version of this program.",
                hint: "Use that version.")
        case .short:
            // It was being made when the program or the machine stopped.
            if isLast { try segment.rewriteHeader() }
        case .damaged:
            let header = UInt64(SegmentFile.headerByteCount)
            var isOurs = segment.number > 1
            if !isOurs { isOurs = try SegmentScan(segment: segment).hasRecord(from: header) }
            guard isOurs else {
                throw ArchiveError(
                    .otherKey, "\(segment.file.path) was written with another archive key.",
                    hint: "Put back keys/archive.pem that belongs to this archive.")
            }
            let damage = ArchiveDamage(segment: segment.number, offset: 0, length: header)
            if !known.contains(damage) { known.append(damage) }
        }
    }

    /// Writes blocks of the index while the tail is long. A failure leaves the tail as it is: the next one tries again.
    mutating func fillIndex() throws(ArchiveError) {
        while tail.count >= Self.tailLimit, let index {
            var words: [[UInt8]] = []
            var size = 0
            for item in tail.prefix(Self.tailLimit) {
                guard size < Self.wordsLimit else { break }
                let found = Entry(entry: item.entry, block: nil, number: words.count)
                var folded: [UInt8] = []
                if let message = try? load(found) { folded = WordsFormat.words(message, try summary(found)) }
                words.append(folded)
                size += folded.count
            }
            let items = tail.prefix(words.count)
            guard let to = items.last?.entry.place.end else { return }
            let damage = known.filter { ArchivePosition(segment: $0.segment, offset: $0.offset) < to }
            let summaries = IndexBlock.encode(
                from: covered, to: to, damage: damage, entries: items.map { ($0.entry.place, $0.summary) })
            do throws(ArchiveError) {
                try index.append(summaries: summaries, words: WordsFormat.encode(words), at: indexEnd)
                guard let block = try index.block(at: indexEnd) else { return }
                blocks.append(block)
                indexEnd = block.end
            } catch {
                try? index.file.truncate(to: indexEnd)
                return
            }
            covered = to
            tail.removeFirst(words.count)
            known.removeAll { damage.contains($0) }
        }
    }
}
