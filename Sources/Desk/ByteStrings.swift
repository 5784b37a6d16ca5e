/// Byte strings behind one another, each after its length in four bytes, big-endian: how this desk's own encrypted
/// files hold several values.
enum ByteStrings {
    static func pack(_ strings: [[UInt8]]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(strings.reduce(0) { $0 + $1.count + 4 })
        for string in strings {
            bytes += number(UInt64(string.count)).suffix(4)
            bytes += string
        }
        return bytes
    }

    /// Nil unless there are exactly so many strings and nothing else.
    static func unpack(_ bytes: [UInt8], count: Int) -> [[UInt8]]? {
        var strings: [[UInt8]] = []
        var rest = bytes[...]
        for _ in 0..<count {
            guard rest.count >= 4, let length = number(rest.prefix(4)), length <= UInt64(rest.count - 4) else {
                return nil
            }
            strings.append(Array(rest.dropFirst(4).prefix(Int(length))))
            rest = rest.dropFirst(4 + Int(length))
        }
        return rest.isEmpty ? strings : nil
    }

    /// Eight bytes, big-endian.
    static func number(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }

    static func number(_ value: Int64) -> [UInt8] { number(UInt64(bitPattern: value)) }

    /// Nil for more than eight bytes.
    static func number(_ bytes: some Sequence<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        var count = 0
        for byte in bytes {
            value = value << 8 | UInt64(byte)
            count += 1
        }
        return count <= 8 ? value : nil
    }
}
