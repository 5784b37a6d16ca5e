/// The word before a sentence that says what it is: `caution: ...`.
package struct Label: Sendable {
    /// Without its colon.
    package let word: String
    package let style: Style

    package init(_ word: String, _ style: Style) {
        self.word = word
        self.style = style
    }

    package static let error = Label("error", .bad)
    package static let caution = Label("caution", .caution)
    package static let hint = Label("hint", .heading)
    package static let next = Label("Next", .heading)
}

extension Output {
    /// Sentences, broken between words where a terminal is narrower; without a line feed at their end. A line feed in
    /// the text begins a new line.
    package func prose(_ text: String, hanging: Int = 0) -> String {
        guard isTerminal else { return text }
        return text.split(separator: "\n", omittingEmptySubsequences: false)
            .flatMap { Prose.wrap(String($0), to: width, hanging: hanging) }.joined(separator: "\n")
    }

    /// The same after a label; further lines stand two columns in.
    package func prose(_ label: Label, _ text: String) -> String {
        let whole = prose("\(label.word): \(text)", hanging: 2)
        return styled("\(label.word):", label.style) + whole.dropFirst(label.word.count + 1)
    }
}
