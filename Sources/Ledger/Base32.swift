/// Base32 (RFC 4648 section 6) in lower case and without padding, in exactly one spelling.
public enum Base32 {
    private static let alphabet: StaticString = "abcdefghijklmnopqrstuvwxyz234567"

    /// The text of the bytes: eight characters for every five bytes, the last group shortened.
    public static func encode(_ bytes: [UInt8]) -> String {
        let table = alphabet.utf8Start
        return String(unsafeUninitializedCapacity: (bytes.count * 8 + 4) / 5) { text in
            var written = 0
            var held: UInt32 = 0
            var bits: UInt32 = 0
            for byte in bytes {
                held = held << 8 | UInt32(byte)
                bits += 8
                while bits >= 5 {
                    bits -= 5
                    text[written] = table[Int(held >> bits & 31)]
                    written += 1
                }
                held &= (1 << bits) - 1
            }
            if bits > 0 {
                text[written] = table[Int(held << (5 - bits) & 31)]
                written += 1
            }
            return written
        }
    }

    /// The bytes of canonical text; `nil` for upper case, padding, other characters, impossible lengths or left-over
    /// bits that are not zero.
    public static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard [0, 2, 4, 5, 7].contains(text.count % 8) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count * 5 / 8)
        var held: UInt32 = 0
        var bits: UInt32 = 0
        for character in text {
            guard let value = value(of: character) else { return nil }
            held = held << 5 | value
            bits += 5
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: held >> bits))
            }
            held &= (1 << bits) - 1
        }
        return held == 0 ? bytes : nil
    }

    /// The bytes of canonical text; `nil` for anything else.
    public static func decode(_ text: String) -> [UInt8]? {
        decode(text.utf8)
    }

    private static func value(of character: UInt8) -> UInt32? {
        switch character {
        case 0x61...0x7a: UInt32(character - 0x61)
        case 0x32...0x37: UInt32(character - 0x32 + 26)
        default: nil
        }
    }
}
