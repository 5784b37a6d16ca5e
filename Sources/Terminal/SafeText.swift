/// Makes text that strangers wrote safe to show on a terminal and to use as a file name.
///
/// A sender must not be able to move the cursor, rewrite a line above, reverse the reading order, or hide
/// characters. Text in any script stays readable, including the joiners that Persian and emoji need.
package enum SafeText {
    /// One line of text: every control, bidirectional and invisible character is shown as `<U+202E>`.
    ///
    /// Zero-width joiner and non-joiner stay where they follow a character outside ASCII: their use in Persian, Arabic
    /// and Indic scripts and in emoji. The seventh combining mark in a row and those after it are shown as numbers.
    package static func display(_ text: String) -> String {
        scan(text, keepingLines: false) { "<U+" + number($0) + ">" }
    }

    /// As `display`, but line feed and tab stay, and a carriage return before a line feed goes: for message bodies.
    package static func displayLines(_ text: String) -> String {
        scan(text, keepingLines: true) { "<U+" + number($0) + ">" }
    }

    /// A name under which an attachment may be stored, made from the name that its sender gave.
    ///
    /// The result is one path component of at most 200 bytes, is not empty, begins with neither dot, hyphen nor space,
    /// and holds no separator, control, invisible or bidirectional character and none that common file systems refuse.
    /// A short extension survives the cut. Two names may become one: the caller never overwrites.
    package static func fileName(_ name: String) -> String {
        let component = name.unicodeScalars.split(omittingEmptySubsequences: true) { $0 == "/" || $0 == "\\" }.last
        let hidden = scan(component.map { String($0) } ?? "", keepingLines: false) { _ in "_" }
        var scalars = hidden.unicodeScalars.map { refusedInNames.contains($0) ? "_" : $0 }
        let start = scalars.firstIndex { $0 != "." && $0 != "-" && $0 != " " } ?? scalars.endIndex
        scalars.removeSubrange(..<start)
        while let last = scalars.last, last == "." || last == " " { scalars.removeLast() }
        let cleaned = shortened(scalars, toBytes: 200)
        return cleaned.isEmpty ? "unnamed" : cleaned
    }

    /// Whether a character may change, hide or reorder what stands around it, whatever stands before it.
    static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x7F { return scalar.value < 0x20 }
        switch scalar.value {
        case 0x0600...0x0605, 0x06DD, 0x070F, 0x0890...0x0891, 0x08E2, 0x110BD, 0x110CD:
            return false  // format by category, but visible signs that enclose Arabic, Syriac and Kaithi numbers
        case 0x034F, 0x115F...0x1160, 0x17B4...0x17B5, 0x180B...0x180F, 0x3164, 0xFFA0, 0xE0000...0xE0FFF:
            return true  // fillers, Mongolian selectors, tags and supplementary selectors: all invisible
        default: break
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: return true
        default: return scalar.properties.isNoncharacterCodePoint
        }
    }

    static func isJoiner(_ scalar: Unicode.Scalar) -> Bool { scalar.value == 0x200C || scalar.value == 0x200D }

    static func isCombining(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x300 { return false }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return true
        default: return false
        }
    }

    private static let refusedInNames: Set<Unicode.Scalar> = ["<", ">", ":", "\"", "|", "?", "*", "/", "\\"]

    private static func scan(
        _ text: String, keepingLines: Bool, replacement: (Unicode.Scalar) -> String
    ) -> String {
        var result = String.UnicodeScalarView()
        var previous: Unicode.Scalar = " "
        var marks = 0
        let scalars = text.unicodeScalars
        var index = scalars.startIndex
        while index < scalars.endIndex {
            let scalar = scalars[index]
            index = scalars.index(after: index)
            marks = isCombining(scalar) ? marks + 1 : 0
            let keep: Bool
            if keepingLines, scalar == "\n" || scalar == "\t" {
                keep = true
            } else if keepingLines, scalar == "\r", index < scalars.endIndex, scalars[index] == "\n" {
                continue
            } else if isJoiner(scalar) {
                keep = previous.value > 0x7F && !isJoiner(previous) && !isUnsafe(previous)
            } else {
                keep = !isUnsafe(scalar) && marks <= 6
            }
            if keep { result.append(scalar) } else { result.append(contentsOf: replacement(scalar).unicodeScalars) }
            previous = scalar
        }
        return String(result)
    }

    private static func number(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    private static func shortened(_ scalars: [Unicode.Scalar], toBytes limit: Int) -> String {
        let whole = scalars.reduce(0) { $0 + UTF8.width($1) }
        var tail: ArraySlice<Unicode.Scalar> = []
        if whole > limit, let dot = scalars.lastIndex(of: "."), scalars.count - dot <= 12 { tail = scalars[dot...] }
        var left = limit - tail.reduce(0) { $0 + UTF8.width($1) }
        var result = String.UnicodeScalarView()
        for scalar in scalars.dropLast(tail.count) {
            left -= UTF8.width(scalar)
            if left < 0 { break }
            result.append(scalar)
        }
        result.append(contentsOf: tail)
        return String(result)
    }
}
