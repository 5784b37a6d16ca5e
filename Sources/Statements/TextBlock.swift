import Ledger

/// A short public text that people paste and read to each other: named lines between two marks, with a checksum.
///
///     -----BEGIN VALISE CARD-----
///     delegate: us-envoy/lead
///     ...
///     checksum: 8 letters
///     -----END VALISE CARD-----
///
/// The checksum finds a mistyped letter and nothing more.
package struct TextBlock: Hashable, Sendable {
    /// The longest text that is looked at, in bytes.
    package static let byteLimit = 16 * 1024

    /// What stands between BEGIN and END, for example `VALISE CARD`.
    package let title: String
    private let lines: [String]

    /// - Parameter values: without line ends.
    package init(title: String, _ values: KeyValuePairs<String, String>) {
        self.title = title
        lines = values.map { "\($0.key): \($0.value)" }
    }

    package var text: String {
        ([Self.mark("BEGIN", title)] + lines + ["checksum: \(Self.checksum(lines))", Self.mark("END", title)])
            .joined(separator: "\n") + "\n"
    }

    /// The values of the first such block in a text, in the order of `names`.
    ///
    /// What stands before the opening mark and after the closing one is left aside, and so are spaces around lines.
    /// - Parameters:
    ///   - field: what errors call the block, for example `card`.
    ///   - names: the names that the lines must have, in their order, without the checksum.
    package static func values(
        in text: String, title: String, field: String, names: [String]
    ) throws(FormError) -> [String] {
        guard text.utf8.count <= byteLimit else {
            throw FormError(field, expected: "at most \(byteLimit / 1024) KiB", code: .oversized)
        }
        let all = text.split(whereSeparator: \.isNewline).map { trimmed($0) }
        guard let start = all.firstIndex(of: mark("BEGIN", title)),
            let end = all[start...].firstIndex(of: mark("END", title)), end - start == names.count + 2
        else { throw FormError(field, expected: "\(names.count + 1) lines between the marks of a \(title)") }
        let lines = Array(all[(start + 1)..<(end - 1)])
        var values: [String] = []
        for (name, line) in zip(names, lines) {
            guard line.hasPrefix("\(name): ") else { throw FormError(field, expected: "the line \(name)") }
            values.append(String(line.dropFirst(name.utf8.count + 2)))
        }
        guard all[end - 1] == "checksum: \(checksum(lines))" else {
            throw FormError("\(field).checksum", expected: "the checksum of the lines above; was a letter mistyped?")
        }
        return values
    }

    private static func mark(_ side: String, _ title: String) -> String { "-----\(side) \(title)-----" }

    private static func checksum(_ lines: [String]) -> String {
        String(Base32.encode(Hash.sha256(Array(lines.joined(separator: "\n").utf8)).bytes).prefix(8))
    }

    private static func trimmed(_ line: Substring) -> String {
        var line = line
        while line.first == " " || line.first == "\t" { line.removeFirst() }
        while line.last == " " || line.last == "\t" { line.removeLast() }
        return String(line)
    }
}
