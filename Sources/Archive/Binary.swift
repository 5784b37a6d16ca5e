/// The bytes are not what this format has.
struct FormatFault: Error {}

/// Reads big-endian numbers and counted texts; every length is checked against what is left.
struct BinaryReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var at = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var left: Int { bytes.count - at }

    mutating func u8() throws(FormatFault) -> Int {
        guard left >= 1 else { throw FormatFault() }
        defer { at += 1 }
        return Int(bytes[at])
    }

    mutating func u16() throws(FormatFault) -> Int { Int(try number(UInt16.self)) }
    mutating func u32() throws(FormatFault) -> UInt32 { try number(UInt32.self) }
    mutating func u64() throws(FormatFault) -> UInt64 { try number(UInt64.self) }

    private mutating func number<Number: FixedWidthInteger>(_: Number.Type) throws(FormatFault) -> Number {
        let size = MemoryLayout<Number>.size
        guard left >= size else { throw FormatFault() }
        defer { at += size }
        return Number(bigEndian: bytes.loadUnaligned(fromByteOffset: at, as: Number.self))
    }

    mutating func raw(_ count: Int) throws(FormatFault) -> UnsafeRawBufferPointer {
        guard count >= 0, left >= count else { throw FormatFault() }
        defer { at += count }
        return UnsafeRawBufferPointer(rebasing: bytes[at..<at + count])
    }

    mutating func text(_ count: Int) throws(FormatFault) -> String {
        let raw = try raw(count)
        guard let text = String(validating: raw, as: UTF8.self) else { throw FormatFault() }
        return text
    }

    mutating func array(_ count: Int) throws(FormatFault) -> [UInt8] { Array(try raw(count)) }

    /// A count of bytes (u32), and the bytes.
    mutating func blob(limit: Int) throws(FormatFault) -> [UInt8] {
        let count = Int(try u32())
        guard count <= limit else { throw FormatFault() }
        return try array(count)
    }

    /// Nothing may follow.
    func end() throws(FormatFault) {
        guard left == 0 else { throw FormatFault() }
    }
}

/// Writes what ``BinaryReader`` reads.
struct BinaryWriter {
    private(set) var bytes: [UInt8] = []

    mutating func u8(_ value: Int) { bytes.append(UInt8(truncatingIfNeeded: value)) }
    mutating func u16(_ value: Int) { number(UInt16(truncatingIfNeeded: value)) }
    mutating func u32(_ value: UInt32) { number(value) }
    mutating func u64(_ value: UInt64) { number(value) }

    private mutating func number(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func raw(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    /// At most 255 bytes of text, counted by one byte.
    mutating func short(_ text: String) {
        u8(text.utf8.count)
        raw(text.utf8)
    }

    mutating func blob(_ more: [UInt8]) {
        u32(UInt32(truncatingIfNeeded: more.count))
        raw(more)
    }
}
