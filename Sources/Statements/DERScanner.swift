import Ledger

/// Reads DER values from the front of lent bytes, without a tree of nodes: for entries, of which an auditor reads
/// millions.
///
/// Each tag, length and number is taken in its only spelling, and nothing is skipped. Whatever else comes is
/// ``Unscannable``, which says nothing about the bytes: ``DERFormat/init(der:limit:)`` does.
struct DERScanner {
    private var rest: UnsafeRawBufferPointer

    /// - Parameter bytes: they must stay valid as long as the scanner is used.
    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    var isAtEnd: Bool { rest.isEmpty }

    /// The tag of the next value.
    var next: UInt8? { rest.first }

    func isNext(_ tag: UInt8) -> Bool { next == tag }

    func end() throws(Unscannable) {
        guard rest.isEmpty else { throw Unscannable() }
    }

    /// The next value, tag and length included, and what it contains.
    mutating func value(_ tag: UInt8) throws(Unscannable) -> (
        whole: UnsafeRawBufferPointer, content: UnsafeRawBufferPointer
    ) {
        guard rest.count >= 2, rest[0] == tag else { throw Unscannable() }
        var header = 2
        var length = Int(rest[1])
        if length >= 0x80 {
            let digits = length - 0x80
            guard (1...3).contains(digits), rest.count >= 2 + digits, rest[2] != 0 else { throw Unscannable() }
            length = rest[2..<2 + digits].reduce(0) { $0 << 8 | Int($1) }
            guard length >= 0x80 else { throw Unscannable() }
            header += digits
        }
        guard rest.count - header >= length else { throw Unscannable() }
        let whole = UnsafeRawBufferPointer(rebasing: rest[..<(header + length)])
        rest = UnsafeRawBufferPointer(rebasing: rest[(header + length)...])
        return (whole, UnsafeRawBufferPointer(rebasing: whole[header...]))
    }

    mutating func content(_ tag: UInt8) throws(Unscannable) -> UnsafeRawBufferPointer { try value(tag).content }

    /// A scanner over the content of the next value.
    mutating func inside(_ tag: UInt8 = Tag.sequence) throws(Unscannable) -> DERScanner {
        DERScanner(try value(tag).content)
    }

    mutating func uint(_ tag: UInt8 = Tag.integer, max: UInt64 = Bounds.count) throws(Unscannable) -> UInt64 {
        let digits = try content(tag)
        guard (1...8).contains(digits.count), digits[0] < 0x80,
            digits.count == 1 || digits[0] != 0 || digits[1] >= 0x80
        else { throw Unscannable() }
        let value = digits.reduce(0) { $0 << 8 | UInt64($1) }
        guard value <= max else { throw Unscannable() }
        return value
    }

    mutating func version() throws(Unscannable) {
        guard try uint() == 1 else { throw Unscannable() }
    }

    mutating func time() throws(Unscannable) -> Timestamp {
        Timestamp(milliseconds: Int64(try uint(max: UInt64(Timestamp.range.upperBound))))
    }

    mutating func choice<E: RawRepresentable<Int>>(_ tag: UInt8 = Tag.enumerated) throws(Unscannable) -> E {
        guard let choice = E(rawValue: Int(try uint(tag))) else { throw Unscannable() }
        return choice
    }

    mutating func bytes(_ count: Int) throws(Unscannable) -> [UInt8] {
        let content = try content(Tag.octets)
        guard content.count == count else { throw Unscannable() }
        return [UInt8](content)
    }

    mutating func hash() throws(Unscannable) -> Hash {
        guard let hash = Hash(raw: try content(Tag.octets)) else { throw Unscannable() }
        return hash
    }

    mutating func slug() throws(Unscannable) -> Slug {
        guard let slug = Slug(ascii: try content(Tag.ia5)) else { throw Unscannable() }
        return slug
    }

    /// The items of the next value.
    mutating func list<T>(
        _ count: ClosedRange<Int>, _ read: (inout DERScanner) throws(Unscannable) -> T
    ) throws(Unscannable) -> [T] {
        var inside = try inside()
        var items: [T] = []
        while !inside.isAtEnd {
            guard items.count < count.upperBound else { throw Unscannable() }
            items.append(try read(&inside))
        }
        guard items.count >= count.lowerBound else { throw Unscannable() }
        return items
    }

    enum Tag {
        static let integer: UInt8 = 0x02
        static let octets: UInt8 = 0x04
        static let enumerated: UInt8 = 0x0a
        static let ia5: UInt8 = 0x16
        static let sequence: UInt8 = 0x30
        /// A primitive value under an implicit context tag below 31.
        static func primitive(_ number: UInt8) -> UInt8 { 0x80 | number }
        static func constructed(_ number: UInt8) -> UInt8 { 0xa0 | number }
    }
}

/// The bytes are not what a scanner reads; nothing more is known of them.
struct Unscannable: Error {}

extension Slug {
    /// The same as for a text, from its bytes.
    fileprivate init?(ascii bytes: UnsafeRawBufferPointer) {
        guard (1...63).contains(bytes.count), bytes.first != UInt8(ascii: "-"), bytes.last != UInt8(ascii: "-") else {
            return nil
        }
        var afterHyphen = false
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): afterHyphen = false
            case UInt8(ascii: "-") where !afterHyphen: afterHyphen = true
            default: return nil
            }
        }
        text = String(decoding: bytes, as: UTF8.self)
    }
}
