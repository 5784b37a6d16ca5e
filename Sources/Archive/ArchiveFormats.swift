/// The archive's formats as any bytes meet them, for fuzzing: what is accepted has one spelling.
package enum ArchiveFormats {
    /// A record's plaintext, read and written again; nil when it is refused.
    package static func record(_ bytes: [UInt8]) -> [UInt8]? {
        (try? bytes.withUnsafeBytes { try RecordFormat.decode($0) }).flatMap { try? RecordFormat.encode($0).record }
    }

    /// A summary, read and written again; nil when it is refused.
    package static func summary(_ bytes: [UInt8]) -> [UInt8]? {
        (try? bytes.withUnsafeBytes { try SummaryFormat.decode($0) }).map { SummaryFormat.encode($0) }
    }

    /// A block of the index, read and written again; nil when it is refused.
    package static func indexBlock(_ bytes: [UInt8]) -> [UInt8]? {
        guard let block = try? bytes.withUnsafeBytes({ try IndexBlock($0) }) else { return nil }
        return IndexBlock.encode(
            from: block.from, to: block.to, damage: block.damage,
            entries: block.entries.map { ($0.place, Array(bytes[$0.summary])) })
    }

    /// The words of a block, read and written again; nil when they are refused.
    package static func words(_ bytes: [UInt8]) -> [UInt8]? {
        guard let ranges = try? bytes.withUnsafeBytes({ try WordsFormat.ranges($0) }) else { return nil }
        return WordsFormat.encode(ranges.map { Array(bytes[$0]) })
    }

    /// A text folded for searches, and folded again.
    package static func folded(_ text: String) -> (once: [UInt8], twice: [UInt8]) {
        let (once, origins) = Folding.traced(text)
        return (origins.count == once.count ? once : [], Folding.fold(String(decoding: once, as: UTF8.self)))
    }

    /// A first corpus: a record, its summary, a block with it, its words.
    package static func seeds(_ message: ArchivedMessage) throws -> [(format: String, bytes: [UInt8])] {
        let (record, summary) = try RecordFormat.encode(message)
        let place = RecordPlace(segment: 1, offset: 38, length: UInt32(record.count))
        let decoded = try summary.withUnsafeBytes { try SummaryFormat.decode($0) }
        let block = IndexBlock.encode(
            from: .start, to: place.end, damage: [ArchiveDamage(segment: 1, offset: 9, length: 3)],
            entries: [(place, summary)])
        return [
            ("archive-record", record), ("archive-summary", summary), ("archive-index", block),
            ("archive-words", WordsFormat.encode([WordsFormat.words(message, decoded), []])),
        ]
    }
}
