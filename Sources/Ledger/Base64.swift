/// Base64 with padding and the standard alphabet (RFC 4648 section 4), in exactly one spelling.
public enum Base64 {
    private static let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

    /// The text of the bytes.
    public static func encode(_ bytes: [UInt8]) -> String {
        let table = alphabet.utf8Start
        return String(unsafeUninitializedCapacity: (bytes.count + 2) / 3 * 4) { text in
            var written = 0
            var position = 0
            while position < bytes.count {
                let left = min(3, bytes.count - position)
                let second = left > 1 ? bytes[position + 1] : 0
                let third = left > 2 ? bytes[position + 2] : 0
                let group = UInt32(bytes[position]) << 16 | UInt32(second) << 8 | UInt32(third)
                text[written] = table[Int(group >> 18)]
                text[written + 1] = table[Int(group >> 12 & 63)]
                text[written + 2] = left > 1 ? table[Int(group >> 6 & 63)] : 0x3d
                text[written + 3] = left > 2 ? table[Int(group & 63)] : 0x3d
                written += 4
                position += 3
            }
            return written
        }
    }

    /// The bytes of canonical text; `nil` for white space, missing padding, other characters or padding bits that
    /// are not zero, so that two texts never stand for the same bytes.
    public static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        let total = text.count
        guard total.isMultiple(of: 4) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(total / 4 * 3)
        var group: UInt32 = 0
        var padding = 0
        var position = 0
        for character in text {
            if character == 0x3d, position >= total - 2 {
                padding += 1
                group <<= 6
            } else {
                guard padding == 0, let value = value(of: character) else { return nil }
                group = group << 6 | value
            }
            position += 1
            guard position.isMultiple(of: 4) else { continue }
            bytes.append(UInt8(truncatingIfNeeded: group >> 16))
            if padding < 2 { bytes.append(UInt8(truncatingIfNeeded: group >> 8)) }
            if padding < 1 { bytes.append(UInt8(truncatingIfNeeded: group)) }
            let unused: UInt32 = padding == 2 ? 0xffff : padding == 1 ? 0xff : 0
            guard group & unused == 0 else { return nil }
            group = 0
        }
        return bytes
    }

    /// The bytes of canonical text; `nil` for anything else.
    public static func decode(_ text: String) -> [UInt8]? {
        decode(text.utf8)
    }

    private static func value(of character: UInt8) -> UInt32? {
        switch character {
        case 0x41...0x5a: UInt32(character - 0x41)
        case 0x61...0x7a: UInt32(character - 0x61 + 26)
        case 0x30...0x39: UInt32(character - 0x30 + 52)
        case 0x2b: 62
        case 0x2f: 63
        default: nil
        }
    }
}
