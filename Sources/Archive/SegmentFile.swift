import Glibc
import Keyring

/// One segment: records one after the other, only ever added to.
///
///     segment = "valise-archive/v2\n", number (u32), check (8), record*
///     record  = "vrec", length (u32: bytes of the seal), check (8), seal (AES-256-GCM: nonce, ciphertext, tag)
///
/// The checks are HMAC-SHA256, cut to 8 bytes, over number, place and length. Each seal is bound to its segment and
/// its place in it.
///
/// Segments of version 1, whose records have no content keys, are read and not added to.
struct SegmentFile: Sendable {
    static let magic = Array("valise-archive/v2\n".utf8)
    static let earlierMagic = Array("valise-archive/v1\n".utf8)
    static let mark = Array("vrec".utf8)
    static let headerByteCount = magic.count + 4 + HeaderTag.byteCount
    static let recordHeaderByteCount = 8 + HeaderTag.byteCount
    /// A record that would go beyond it begins a new segment.
    static let sizeLimit: UInt64 = 64 << 20

    let number: UInt32
    let file: OpenFile
    private let keys: SegmentKeys

    static func name(_ number: UInt32) -> String {
        let digits = String(number)
        return "segment-\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits)"
    }

    /// The numbers of the segments in a folder, ascending.
    static func numbers(in folder: String) -> [UInt32] {
        guard let listing = opendir(folder) else { return [] }
        defer { closedir(listing) }
        var numbers: [UInt32] = []
        while let item = readdir(listing) {
            let name = withUnsafeBytes(of: &item.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasPrefix("segment-"), let number = UInt32(name.dropFirst(8)), Self.name(number) == name {
                numbers.append(number)
            }
        }
        return numbers.sorted()
    }

    /// Nil when there is no such file.
    static func open(_ number: UInt32, in folder: String, _ keys: SegmentKeys) throws(ArchiveError) -> SegmentFile? {
        guard let file = try OpenFile.open("\(folder)/\(name(number))", create: false) else { return nil }
        return SegmentFile(number: number, file: file, keys: keys)
    }

    /// Makes an empty one, durably.
    static func make(_ number: UInt32, in folder: String, _ keys: SegmentKeys) throws(ArchiveError) -> SegmentFile {
        guard let file = try OpenFile.open("\(folder)/\(name(number))", create: true) else {
            throw OpenFile.unwritable(folder, ENOENT)
        }
        let segment = SegmentFile(number: number, file: file, keys: keys)
        try segment.file.write(segment.header, at: 0)
        try segment.file.sync()
        try OpenFile.sync(folder: folder)
        return segment
    }

    private var header: [UInt8] { header(Self.magic) }

    private func header(_ magic: [UInt8]) -> [UInt8] {
        var out = BinaryWriter()
        out.raw(magic)
        out.u32(number)
        out.raw(keys.headers.tag(out.bytes))
        return out.bytes
    }

    /// What the beginning of the file says.
    enum Header {
        case good, earlier, short, damaged, newer
        /// Whether records can be relied on to follow.
        var isWhole: Bool { self == .good || self == .earlier }
    }

    func readHeader() throws(ArchiveError) -> Header {
        let bytes = try file.read(Self.headerByteCount, at: 0)
        let common = Self.magic.count - 2
        let isKnown = bytes.starts(with: Self.magic) || bytes.starts(with: Self.earlierMagic)
        if bytes.count >= Self.magic.count, bytes.starts(with: Self.magic[..<common]), !isKnown { return .newer }
        guard bytes.count == Self.headerByteCount else { return .short }
        if bytes == header(Self.earlierMagic) { return .earlier }
        return bytes == header ? .good : .damaged
    }

    /// Writes the header of a segment whose making was interrupted.
    func rewriteHeader() throws(ArchiveError) {
        try file.truncate(to: 0)
        try file.write(header, at: 0)
        try file.sync()
    }

    // MARK: Records

    /// The header of a record of this many sealed bytes at this place.
    func recordHeader(at offset: UInt64, length: UInt32) -> [UInt8] {
        var out = BinaryWriter()
        out.raw(Self.mark)
        out.u32(length)
        out.raw(keys.headers.tag(out.bytes + context(offset)))
        return out.bytes
    }

    /// The sealed length that a record header at this place gives; nil when there is none.
    func recordLength(at offset: UInt64, _ bytes: ArraySlice<UInt8>) -> UInt32? {
        guard bytes.count >= Self.recordHeaderByteCount, bytes.starts(with: Self.mark) else { return nil }
        let start = bytes.startIndex
        let length = bytes[(start + 4)..<(start + 8)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard length >= Seal.overhead, length <= RecordFormat.limit + Seal.overhead,
            bytes.prefix(Self.recordHeaderByteCount).elementsEqual(recordHeader(at: offset, length: length))
        else { return nil }
        return length
    }

    /// A record ready to be written at this place.
    func sealed(_ record: [UInt8], at offset: UInt64) -> [UInt8]? {
        guard let seal = keys.records.seal(record, context(offset)) else { return nil }
        return recordHeader(at: offset, length: UInt32(seal.count)) + seal
    }

    /// The plaintext of the record at this place.
    /// - Returns: nil when it does not open.
    func record(at place: RecordPlace) throws(ArchiveError) -> [UInt8]? {
        let bytes = try file.read(Int(place.length), at: place.offset + UInt64(Self.recordHeaderByteCount))
        return keys.records.open(bytes[...], context(place.offset))
    }

    private func context(_ offset: UInt64) -> [UInt8] {
        var out = BinaryWriter()
        out.u32(number)
        out.u64(offset)
        return out.bytes
    }
}

/// The keys of an archive's segments.
struct SegmentKeys: Sendable {
    let headers: HeaderTag
    let records: Seal

    init(_ key: ArchiveKey) {
        headers = HeaderTag(key, purpose: "archive-headers")
        records = Seal(key, purpose: "archive-records")
    }
}

/// Where a record is.
struct RecordPlace: Hashable, Sendable {
    let segment: UInt32
    /// Of its header.
    let offset: UInt64
    /// Of its seal.
    let length: UInt32

    /// Where the next record begins.
    var end: ArchivePosition {
        ArchivePosition(
            segment: segment, offset: offset + UInt64(SegmentFile.recordHeaderByteCount) + UInt64(length))
    }
}

/// How far an archive was read.
struct ArchivePosition: Hashable, Comparable, Sendable {
    let segment: UInt32
    let offset: UInt64

    static let start = ArchivePosition(segment: 1, offset: UInt64(SegmentFile.headerByteCount))

    static func < (a: ArchivePosition, b: ArchivePosition) -> Bool { (a.segment, a.offset) < (b.segment, b.offset) }
}
