import Wording

/// Names of files that strangers gave, as names under which they can be saved.
enum SafeFileName {
    /// The longest result, in bytes: file systems take 255, and a number is still to be added.
    static let limit = 200
    private static let refused: Set<Unicode.Scalar> = ["<", ">", ":", "\"", "|", "?", "*", "/", "\\"]

    /// One path component: no separator, no control, invisible or bidirectional character, none that common file
    /// systems refuse, neither dot, hyphen nor space at its beginning. A short extension survives the cut.
    static func make(_ name: String) -> String {
        var scalars = name.unicodeScalars.map { isUnsafe($0) ? "_" : $0 }
        scalars.removeSubrange(
            ..<(scalars.firstIndex { $0 != "." && $0 != "-" && $0 != " " && $0 != "~" } ?? scalars.endIndex))
        while let last = scalars.last, last == "." || last == " " { scalars.removeLast() }
        let cut = shortened(scalars)
        return cut.isEmpty ? "attachment" : cut
    }

    /// `annex (2).pdf`.
    static func numbered(_ name: String, _ number: Int) -> String {
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex,
            name.distance(from: dot, to: name.endIndex) <= 12
        else { return "\(name) (\(number))" }
        return "\(name[..<dot]) (\(number))\(name[dot...])"
    }

    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        if refused.contains(scalar) { return true }
        // Zero-width joiners belong to Persian and Indic names.
        if scalar.isJoiner { return false }
        switch scalar.properties.generalCategory {
        case .privateUse, .unassigned: return true
        default: return scalar.isUnsafe
        }
    }

    private static func shortened(_ scalars: [Unicode.Scalar]) -> String {
        var tail: ArraySlice<Unicode.Scalar> = []
        if bytes(scalars[...]) > limit, let dot = scalars.lastIndex(of: "."), scalars.count - dot <= 12 {
            tail = scalars[dot...]
        }
        var left = limit - bytes(tail)
        var result = String.UnicodeScalarView()
        for scalar in scalars.dropLast(tail.count) {
            left -= UTF8.width(scalar)
            if left < 0 { break }
            result.append(scalar)
        }
        result.append(contentsOf: tail)
        return String(result)
    }

    private static func bytes(_ scalars: ArraySlice<Unicode.Scalar>) -> Int {
        scalars.reduce(0) { $0 + UTF8.width($1) }
    }
}
