/// Breaks sentences between words for a terminal.
///
/// No word is broken, and nothing that is copied in one piece: a command of these programs with what follows it, a time
/// with its date. What is wider than the line stands on a line of its own, for the terminal to deal with. Scripts
/// without spaces are broken between their wide characters (UAX 14, class ID).
package enum Prose {
    /// The lines of one text without line feeds, at least one.
    ///
    /// - Parameters:
    ///   - limit: columns of a line.
    ///   - hanging: by how many columns the lines after the first are moved in, besides the spaces that the text
    ///     begins with.
    package static func wrap(_ text: String, to limit: Int, hanging: Int = 0) -> [String] {
        let margin = String(text.prefix { $0 == " " }.prefix(limit / 2))
        let next = margin + String(repeating: " ", count: hanging)
        var lines = [margin]
        var used = margin.count
        var isFresh = true
        for piece in pieces(of: text.dropFirst(margin.count), longest: limit - next.count) {
            let width = DisplayWidth.columns(of: piece.text)
            if !isFresh, used + piece.gap + width > limit {
                lines.append(next)
                used = next.count
                isFresh = true
            }
            let gap = isFresh ? 0 : piece.gap
            lines[lines.count - 1] += String(repeating: " ", count: gap) + piece.text
            used += gap + width
            isFresh = false
        }
        return lines
    }

    /// What is not broken, and the spaces before it.
    fileprivate struct Piece {
        let gap: Int
        var text: String
    }

    private static func pieces(of text: Substring, longest: Int) -> [Piece] {
        let words = words(of: text)
        var pieces: [Piece] = []
        var start = 0
        while start < words.count {
            if let end = Command.end(words, from: start) {
                pieces.append(join(words[start..<end]))
                start = end
                continue
            }
            var piece = words[start]
            var end = start + 1
            if let wished = Group.end(words, from: start) {
                let whole = join(words[start..<wished])
                if DisplayWidth.columns(of: whole.text) <= longest { (piece, end) = (whole, wished) }
            }
            pieces += DisplayWidth.columns(of: piece.text) > longest ? splitWide(piece) : [piece]
            start = end
        }
        return pieces
    }

    private static func words(of text: Substring) -> [Piece] {
        var words: [Piece] = []
        var gap = 0
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            if word.isEmpty {
                gap += 1
            } else {
                words.append(Piece(gap: gap, text: String(word)))
                gap = 1
            }
        }
        return words
    }

    private static func join(_ words: ArraySlice<Piece>) -> Piece {
        var whole = Piece(gap: words.first?.gap ?? 0, text: words.first?.text ?? "")
        for word in words.dropFirst() { whole.text += String(repeating: " ", count: word.gap) + word.text }
        return whole
    }

    /// Between wide characters.
    private static func splitWide(_ piece: Piece) -> [Piece] {
        var parts: [Piece] = []
        var wasWide = false
        for character in piece.text {
            let isWide = DisplayWidth.columns(of: String(character)) == 2
            if parts.isEmpty || isWide || wasWide {
                parts.append(Piece(gap: parts.isEmpty ? piece.gap : 0, text: String(character)))
            } else {
                parts[parts.count - 1].text.append(character)
            }
            wasWide = isWide
        }
        return parts
    }
}

/// A command inside a sentence, such as `valise track kq4d7m2x follows it`.
private enum Command {
    private static let programs: Set<String> = ["valise", "valise-relay", "valise-audit", "chmod"]

    /// The word after the command that begins here; nil if none does.
    ///
    /// Two words always belong to it, then options with their values and what does not look like a word of prose; and
    /// the one word that is left before the end of the clause, since it may be a file's name.
    static func end(_ words: [Prose.Piece], from start: Int) -> Int? {
        guard programs.contains(String(words[start].text.drop { "(\"'`".contains($0) })) else { return nil }
        var end = start + 1
        while end < words.count, !endsClause(words[end - 1].text) {
            let follows = end <= start + 2 || words[end - 1].text.hasPrefix("-") || isTyped(words[end].text)
            guard follows, words[end].text.first != "[", words[end].text.first != "(" else { break }
            end += 1
        }
        guard end < words.count, !endsClause(words[end - 1].text) else { return end }
        return end + 1 == words.count || endsClause(words[end].text) ? end + 1 : end
    }

    private static func endsClause(_ word: String) -> Bool {
        guard let last = word.last, !word.hasSuffix("...") else { return false }
        return ",;:.)`".contains(last)
    }

    /// Whether a word is rather typed than read: an option, a placeholder, a path, an identifier.
    private static func isTyped(_ word: String) -> Bool {
        let core = word.trimmingEnd { ",;:.)`".contains($0) && !word.hasSuffix("...") }
        return core.count == 12 || core.hasPrefix("-") || core.contains { !$0.isLowercase && $0 != "-" }
    }
}

/// What stays together as long as it fits on a line: a date with its time, a number with its unit, what stands in
/// quotes or brackets.
private enum Group {
    private static let units: Set<String> = ["ms", "s", "min", "h", "d", "B", "KiB", "MiB", "GiB", "TiB"]

    static func end(_ words: [Prose.Piece], from start: Int) -> Int? {
        let word = words[start].text
        if isTime(word.drop { $0 == "(" }) {
            let more = words[(start + 1)...].prefix(3).prefix { isTime($0.text[...]) || isPlace($0.text) }
            return more.isEmpty ? nil : more.endIndex
        }
        if word.last?.isNumber == true, start + 1 < words.count,
            units.contains(words[start + 1].text.filter { $0.isLetter })
        {
            return start + 2
        }
        guard let first = word.first(where: { $0 != "(" }), let close = ["'": "'", "\"": "\"", "[": "]"][first],
            !word.dropFirst().contains(close)
        else { return nil }
        return words[start...].prefix(12).firstIndex { $0.text.dropFirst($0.text == word ? 1 : 0).contains(close) }
            .map { $0 + 1 }
    }

    /// What says whose time it is, after `TimeText`.
    private static func isPlace(_ word: String) -> Bool { word.hasPrefix("UTC") || word.hasPrefix("here") }

    /// A date, a time of day, or a difference to UTC.
    private static func isTime(_ word: Substring) -> Bool {
        let core = word.drop { "+-".contains($0) }.prefix { !",.)".contains($0) }
        guard let first = core.first, first.isNumber else { return false }
        return core.contains { $0 == ":" || $0 == "-" } && core.allSatisfy { $0.isNumber || $0 == ":" || $0 == "-" }
    }
}

extension String {
    /// Without the characters at the end that are not wanted.
    fileprivate func trimmingEnd(_ isUnwanted: (Character) -> Bool) -> Substring {
        var rest = self[...]
        while let last = rest.last, isUnwanted(last) { rest.removeLast() }
        return rest
    }
}
