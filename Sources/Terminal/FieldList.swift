/// Names and values under each other, for one thing that is shown in full: `from     us-envoy`.
///
/// Every value passes through `SafeText.display`. On a terminal a value that is too long goes on under itself;
/// elsewhere a line is a line, with the same spacing. No word is broken, so that an identifier can be copied whole.
package struct FieldList: Sendable {
    private var fields: [(name: String, value: String, note: String, style: Style?)] = []

    package init() {}

    package var isEmpty: Bool { fields.isEmpty }

    /// Adds a line; an empty name continues the field above.
    /// - Parameter note: own words after a value that may be in another direction: `(5 B), not saved`.
    package mutating func add(_ name: String, _ value: String, note: String = "", style: Style? = nil) {
        fields.append((name, SafeText.display(value), SafeText.display(note), style))
    }

    /// Adds a line where there is a value.
    package mutating func add(_ name: String, ifAny value: String?) {
        if let value { add(name, value) }
    }

    /// What belongs on this output. Ends in a line feed unless it is empty.
    package func text(on output: Output) -> String {
        lines(width: output.isTerminal ? output.width : nil, value: output.styled) { output.styled($0, .quiet) }
    }

    /// - Parameter width: columns; nil for no limit.
    package func lines(
        width: Int?, value emphasised: (String, Style) -> String = { text, _ in text },
        name styled: (String) -> String = { $0 }
    ) -> String {
        let indent = (fields.map { DisplayWidth.columns(of: $0.name) }.max() ?? 0) + 2
        let room = width.map { max(16, $0 - indent) }
        var text = ""
        for (name, value, note, style) in fields {
            let padding = String(repeating: " ", count: indent - DisplayWidth.columns(of: name))
            for (position, piece) in pieces(value, note, room: room).enumerated() {
                text += position == 0 ? styled(name) + padding : String(repeating: " ", count: indent)
                text += style.map { emphasised(piece, $0) } ?? piece
                text.trimSpaces()
                text += "\n"
            }
        }
        return text
    }

    /// The lines of one field; `room` is nil where no terminal shows them.
    private func pieces(_ value: String, _ note: String, room: Int?) -> [String] {
        guard let room else { return [note.isEmpty ? value : "\(value) \(note)"] }
        guard note.isEmpty else { return Prose.wrap("\(Bidi.isolated(value)) \(note)", to: room) }
        return Prose.wrap(value, to: room).map { Bidi.isolated($0) }
    }
}

extension Output {
    /// Writes names and values under each other.
    package func fields(_ list: FieldList) { write(list.text(on: self)) }
}

extension String {
    /// Takes spaces away from the end.
    mutating func trimSpaces() {
        while last == " " { removeLast() }
    }
}
