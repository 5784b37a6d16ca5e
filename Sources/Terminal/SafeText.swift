import Wording

/// Makes text that strangers wrote safe to show on a terminal.
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

    static func isCombining(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x300 { return false }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return true
        default: return false
        }
    }

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
            } else if scalar.isJoiner {
                keep = previous.value > 0x7F && !previous.isJoiner && !previous.isUnsafe
            } else {
                keep = !scalar.isUnsafe && marks <= 6
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
}
