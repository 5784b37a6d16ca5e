/// Keeps a right-to-left text from moving what stands beside it on the line (Unicode Standard Annex 9).
package enum Bidi {
    /// The text between FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE if it holds a right-to-left letter: its own
    /// order is right, and the cells around it stay where they are. Both marks take no column.
    ///
    /// The text must have passed through `SafeText`, so that it holds no such marks of its own. `when` is whether a
    /// terminal will show it: programs get the text alone.
    package static func isolated(_ text: String, when shown: Bool = true) -> String {
        guard shown, holdsRightToLeft(text) else { return text }
        return "\u{2068}\(text)\u{2069}"
    }

    /// Whether a letter or number of a right-to-left script occurs (blocks after UAX 9 section 3.2, class R and AL).
    package static func holdsRightToLeft(_ text: String) -> Bool {
        if text.utf8.allSatisfy({ $0 < 0xD6 }) { return false }  // the first byte of U+0590 is D6
        return text.unicodeScalars.contains { isRightToLeft($0.value) }
    }

    private static func isRightToLeft(_ value: UInt32) -> Bool { rightToLeft.contains { $0.contains(value) } }

    private static let rightToLeft: [ClosedRange<UInt32>] = [
        0x0590...0x08FF, 0xFB1D...0xFDFF, 0xFE70...0xFEFF, 0x10800...0x10FFF, 0x1E800...0x1EFFF,
    ]
}
