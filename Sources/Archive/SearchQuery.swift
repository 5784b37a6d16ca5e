import Sealing

/// Words to be found, folded.
struct SearchQuery: Sendable {
    static let wordLimit = 16
    static let byteLimit = 1_024
    /// Characters of an excerpt, and those before the first hit.
    static let excerptLimit = 160
    static let before = 40

    private let words: [WordFinder]

    /// Nil without a word.
    init?(_ text: String) {
        let folded = Folding.fold(String(decoding: text.utf8.prefix(Self.byteLimit), as: UTF8.self))
        let separators: Set<UInt8> = [9, 10, 11, 12, 13, 32]
        words = folded.split { separators.contains($0) }.prefix(Self.wordLimit).map { WordFinder(Array($0)) }
        if words.isEmpty { return nil }
    }

    /// Whether every word is in these folded bytes.
    func matches(_ folded: UnsafeRawBufferPointer) -> Bool {
        words.allSatisfy { $0.firstPosition(in: folded) != nil }
    }

    /// - Parameter message: nil when its record is damaged.
    func hit(_ message: ArchivedMessage?, _ summary: MessageSummary) -> SearchHit {
        let text = message?.text.map { String(decoding: $0.prefix(WordsFormat.textLimit), as: UTF8.self) }
        let places = (text.map { [$0] } ?? []) + WordsFormat.lines(summary)
        return SearchHit(
            summary: summary, excerpt: places.lazy.compactMap { excerpt($0) }.first ?? "",
            attachments: summary.attachmentNames.filter { excerpt($0) != nil })
    }

    /// One line around the first word that is in the text; nil when none is.
    private func excerpt(_ text: String) -> String? {
        let (folded, origins) = Folding.traced(text)
        let position = folded.withUnsafeBytes { bytes in
            words.lazy.compactMap { $0.firstPosition(in: bytes) }.first
        }
        guard let position else { return nil }
        let hit = text.utf8.index(text.startIndex, offsetBy: origins[position])
        let from = text.index(hit, offsetBy: -Self.before, limitedBy: text.startIndex) ?? text.startIndex
        let to = text.index(from, offsetBy: Self.excerptLimit - 2, limitedBy: text.endIndex) ?? text.endIndex
        let line = text[from..<to].split { $0.isWhitespace || $0.isNewline }.joined(separator: " ")
        return (from > text.startIndex ? "…" : "") + line + (to < text.endIndex ? "…" : "")
    }
}
