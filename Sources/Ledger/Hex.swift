/// Hexadecimal text: lower case when written, and only lower case when read.
public enum Hex {
    private static let digits: StaticString = "0123456789abcdef"

    /// Two lower-case digits a byte.
    public static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
        String(unsafeUninitializedCapacity: bytes.count * 2) { text in
            let table = digits.utf8Start
            var position = 0
            for byte in bytes {
                text[position] = table[Int(byte >> 4)]
                text[position + 1] = table[Int(byte & 15)]
                position += 2
            }
            return position
        }
    }

    /// Two lower-case digits a byte.
    public static func encode(_ bytes: [UInt8]) -> String {
        bytes.withUnsafeBytes { encode($0) }
    }

    /// The bytes of lower-case hexadecimal text; `nil` for an odd count or any other character.
    public static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2)
        var high: UInt8?
        for character in text {
            guard let digit = value(of: character) else { return nil }
            if let upper = high {
                bytes.append(upper << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return bytes
    }

    /// The bytes of lower-case hexadecimal text; `nil` for an odd count or any other character.
    public static func decode(_ text: String) -> [UInt8]? {
        decode(text.utf8)
    }

    private static func value(of character: UInt8) -> UInt8? {
        switch character {
        case 0x30...0x39: character - 0x30
        case 0x61...0x66: character - 0x61 + 10
        default: nil
        }
    }
}
