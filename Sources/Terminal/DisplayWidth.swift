import Wording

/// How many columns of a terminal a text takes, after Unicode Standard Annex 11 (East Asian Width).
///
/// Terminals differ for rare sequences; a wrong guess moves a table's edge by one column and nothing more.
package enum DisplayWidth {
    /// Columns of the whole text. Control characters count nothing: pass text through `SafeText` first.
    package static func columns(of text: String) -> Int {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text.utf8.count }
        return text.reduce(0) { $0 + columns(of: $1) }
    }

    /// The longest beginning that fits in `limit` columns, with `…` in its last column if something was cut.
    package static func cut(_ text: String, to limit: Int) -> String {
        if columns(of: text) <= limit { return text }
        guard limit > 0 else { return "" }
        var result = ""
        var used = 1
        for character in text {
            used += columns(of: character)
            if used > limit { break }
            result.append(character)
        }
        return result + "…"
    }

    private static func columns(of character: Character) -> Int {
        var sum = 0
        var widest = 0
        var joined = false
        for scalar in character.unicodeScalars {
            // U+FE0F asks for the emoji form of the character before it, which is wide.
            let own = scalar.value == 0xFE0F ? 2 * widest : columns(of: scalar)
            joined = joined || isDrawnInto(scalar)
            widest = max(widest, own)
            sum += scalar.value == 0xFE0F ? 0 : own
        }
        // What terminals draw as one sign, emoji sequences and Hangul, is as wide as its widest part. In other clusters
        // (a number under U+0600, an Indic conjunct) each letter has its own columns.
        return joined ? min(widest, 2) : sum
    }

    /// Whether a scalar melts into the sign before it.
    private static func isDrawnInto(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x200D, 0xFE0F, 0x1160...0x11FF, 0xD7B0...0xD7FF, 0x1F1E6...0x1F1FF, 0x1F3FB...0x1F3FF: true
        default: false
        }
    }

    private static func columns(of scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) { return 0 }
        if scalar.value < 0x300 { return scalar.value == 0xAD ? 0 : 1 }
        if SafeText.isCombining(scalar) { return 0 }
        // The visible signs of that category, such as U+0600, are no unsafe ones.
        if scalar.properties.generalCategory == .format, scalar.isUnsafe { return 0 }
        return wide.contains { $0.contains(scalar.value) } ? 2 : 1
    }

    /// Blocks of width W and F, rounded to whole blocks, with the regional indicators that make flags.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x231A...0x231B, 0x23E9...0x23EC, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF,
        0x4E00...0x9FFF, 0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
        0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1B000...0x1B2FF, 0x1F1E6...0x1F1FF, 0x1F300...0x1F64F, 0x1F680...0x1F6FF,
        0x1F7E0...0x1F7EB, 0x1F900...0x1FAFF, 0x20000...0x3FFFD,
    ]
}
