import Keyring

/// The index: what lists and searches read, in blocks. It holds nothing that the segments do not say, so that a
/// damaged or missing one is made again.
///
///     index = "valise-index/v1\n", block*
///     block = "vidx", length of the summaries (u32), length of the words (u32), check (8), two seals
struct IndexFile: Sendable {
    static let magic = Array("valise-index/v1\n".utf8)
    static let mark = Array("vidx".utf8)
    static let headerByteCount = 12 + HeaderTag.byteCount
    /// The most that a block's seal has.
    static let sealLimit = 64 << 20

    let file: OpenFile
    private let headers: HeaderTag
    private let seal: Seal

    /// Opens it; a missing or alien one is begun anew.
    static func open(in folder: String, _ key: ArchiveKey) throws(ArchiveError) -> IndexFile {
        guard let file = try OpenFile.open("\(folder)/index", create: true) else {
            throw OpenFile.unwritable(folder, 2)
        }
        if try file.read(magic.count, at: 0) != magic {
            try file.truncate(to: 0)
            try file.write(magic, at: 0)
        }
        return IndexFile(
            file: file, headers: HeaderTag(key, purpose: "archive-headers"), seal: Seal(key, purpose: "archive-index"))
    }

    static let start = UInt64(magic.count)

    /// A block's summaries, and where its words are.
    struct Block {
        let content: IndexBlock
        /// The bytes that the entries' summaries are in.
        let bytes: [UInt8]
        let words: WordsPlace
        /// Where the next block begins.
        let end: UInt64
    }

    struct WordsPlace: Sendable {
        /// Of the block.
        let block: UInt64
        let offset: UInt64
        let length: Int
    }

    /// The block at this place; nil when there is none that is whole.
    func block(at offset: UInt64) throws(ArchiveError) -> Block? {
        let header = try file.read(Self.headerByteCount, at: offset)
        guard header.count == Self.headerByteCount else { return nil }
        let (summaries, words) = header.withUnsafeBytes { bytes in
            (
                UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)),
                UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
            )
        }
        guard header == self.header(offset, summaries, words), Int(summaries) <= Self.sealLimit,
            Int(words) <= Self.sealLimit
        else { return nil }
        let begin = offset + UInt64(Self.headerByteCount)
        let end = begin + UInt64(summaries) + UInt64(words)
        guard end <= (try file.size()) else { return nil }
        let sealed = try file.read(Int(summaries), at: begin)
        guard let bytes = seal.open(sealed[...], context(offset, 1)),
            let content = try? bytes.withUnsafeBytes({ bytes throws(FormatFault) in try IndexBlock(bytes) })
        else { return nil }
        let place = WordsPlace(block: offset, offset: begin + UInt64(summaries), length: Int(words))
        return Block(content: content, bytes: bytes, words: place, end: end)
    }

    /// A block's words, as ``WordsFormat`` has them; nil when they do not open.
    func words(_ place: WordsPlace) throws(ArchiveError) -> [UInt8]? {
        let sealed = try file.read(place.length, at: place.offset)
        return seal.open(sealed[...], context(place.block, 2))
    }

    /// Writes a block at this place, which is the end. It is not forced to the disk: the segments are.
    func append(summaries: [UInt8], words: [UInt8], at offset: UInt64) throws(ArchiveError) {
        guard let first = seal.seal(summaries, context(offset, 1)), let second = seal.seal(words, context(offset, 2))
        else { throw OpenFile.unwritable(file.path, 5) }
        let header = header(offset, UInt32(first.count), UInt32(second.count))
        try file.write(header + first + second, at: offset)
    }

    private func header(_ offset: UInt64, _ summaries: UInt32, _ words: UInt32) -> [UInt8] {
        var out = BinaryWriter()
        out.raw(Self.mark)
        out.u32(summaries)
        out.u32(words)
        out.raw(headers.tag(out.bytes + context(offset, 0)))
        return out.bytes
    }

    private func context(_ offset: UInt64, _ kind: Int) -> [UInt8] {
        var out = BinaryWriter()
        out.u8(kind)
        out.u64(offset)
        return out.bytes
    }
}

/// What a block of the index says of one stretch of the segments.
///
///     from and to (segment (u32), offset (u64)), damage (u16; segment (u32), offset (u64), length (u64)),
///     entries (u32; segment (u32), offset (u64), length (u32), summary (u32, bytes))
struct IndexBlock: Equatable {
    let from: ArchivePosition
    let to: ArchivePosition
    let damage: [ArchiveDamage]
    let entries: [Entry]

    struct Entry: Hashable, Sendable {
        let identity: RecordIdentity
        let place: RecordPlace
        /// Where the summary is in the block's bytes.
        let summary: Range<Int>
    }

    init(_ bytes: UnsafeRawBufferPointer) throws(FormatFault) {
        var input = BinaryReader(bytes)
        from = ArchivePosition(segment: try input.u32(), offset: try input.u64())
        to = ArchivePosition(segment: try input.u32(), offset: try input.u64())
        guard from <= to else { throw FormatFault() }
        var damage: [ArchiveDamage] = []
        for _ in 0..<(try input.u16()) {
            damage.append(
                ArchiveDamage(segment: try input.u32(), offset: try input.u64(), length: try input.u64()))
        }
        self.damage = damage
        let count = Int(try input.u32())
        // An entry has more than sixty bytes: a count that the bytes cannot hold allocates nothing.
        guard count <= input.left / 60 else { throw FormatFault() }
        var entries: [Entry] = []
        entries.reserveCapacity(count)
        for _ in 0..<count {
            let place = RecordPlace(segment: try input.u32(), offset: try input.u64(), length: try input.u32())
            let length = Int(try input.u32())
            let start = input.at
            let identity = try SummaryFormat.identity(input.raw(length))
            entries.append(Entry(identity: identity, place: place, summary: start..<start + length))
        }
        try input.end()
        self.entries = entries
    }

    static func encode(
        from: ArchivePosition, to: ArchivePosition, damage: [ArchiveDamage], entries: [(RecordPlace, summary: [UInt8])]
    ) -> [UInt8] {
        var out = BinaryWriter()
        for position in [from, to] {
            out.u32(position.segment)
            out.u64(position.offset)
        }
        let named = damage.prefix(Int(UInt16.max))
        out.u16(named.count)
        for item in named {
            out.u32(item.segment)
            out.u64(item.offset)
            out.u64(item.length)
        }
        out.u32(UInt32(entries.count))
        for (place, summary) in entries {
            out.u32(place.segment)
            out.u64(place.offset)
            out.u32(place.length)
            out.blob(summary)
        }
        return out.bytes
    }
}
