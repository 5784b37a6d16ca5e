/// The name of a key in signed notes, and the origin of a log. Names are equal when their bytes are.
public struct NoteName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The longest name, in bytes.
    public static let maximumByteCount = 255

    /// The name in UTF-8.
    public let bytes: [UInt8]

    /// Takes over UTF-8 bytes; `nil` when empty, longer than 255 bytes, not UTF-8, or with `+`, white space or control
    /// characters.
    public init?(_ bytes: some Collection<UInt8>) {
        guard (1...NoteName.maximumByteCount).contains(bytes.count) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        let allowed = text.unicodeScalars.allSatisfy { scalar in
            scalar != "+" && !scalar.properties.isWhitespace && scalar.properties.generalCategory != .control
        }
        guard allowed else { return nil }
        self.bytes = Array(bytes)
    }

    /// Takes over a text; refuses what its UTF-8 bytes would be refused for.
    public init?(_ text: String) {
        self.init(text.utf8)
    }

    public var description: String { String(decoding: bytes, as: UTF8.self) }

    public static func < (left: NoteName, right: NoteName) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}
