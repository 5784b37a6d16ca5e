/// Rows under named columns: an aligned table for a person, tab-separated values for a program.
///
/// Every cell passes through `SafeText.display`, so a cell can hold a stranger's text.
package struct Table: Sendable {
    /// One column: its title, its side, and whether it may be cut when the terminal is narrow.
    package struct Column: Sendable {
        package enum Alignment: Sendable { case leading, trailing }

        package let title: String
        package let alignment: Alignment
        package let mayShrink: Bool

        /// `mayShrink` is for free text such as subjects; identifiers and times are never cut.
        package init(_ title: String, _ alignment: Alignment = .leading, mayShrink: Bool = false) {
            self.title = title
            self.alignment = alignment
            self.mayShrink = mayShrink
        }
    }

    package let columns: [Column]
    private var rows: [[String]] = []

    package init(_ columns: [Column]) { self.columns = columns }

    package var isEmpty: Bool { rows.isEmpty }

    /// Adds a row. Missing cells are empty; surplus cells are dropped.
    package mutating func add(_ cells: [String]) {
        var row = cells.prefix(columns.count).map { SafeText.display($0) }
        row += Array(repeating: "", count: columns.count - row.count)
        rows.append(row)
    }

    /// What belongs on this output: `aligned` on a terminal, `tabSeparated` elsewhere.
    package func text(on output: Output) -> String {
        guard output.isTerminal else { return tabSeparated }
        return aligned(width: output.width) { output.styled($0, .heading) }
    }

    /// One line a row, no header, whole values, cells parted by a tab (a tab in a cell is shown as `<U+0009>`).
    package var tabSeparated: String {
        rows.map { $0.joined(separator: "\t") + "\n" }.joined()
    }

    /// A header and the rows, two spaces between columns, cut to `width` columns as far as shrinking columns allow.
    package func aligned(width: Int, heading: (String) -> String = { $0 }) -> String {
        let widths = fittedWidths(width)
        return heading(line(columns.map(\.title), widths)) + "\n" + rows.map { line($0, widths) + "\n" }.joined()
    }

    private func fittedWidths(_ width: Int) -> [Int] {
        var widths = columns.indices.map { column in
            rows.reduce(DisplayWidth.columns(of: columns[column].title)) {
                max($0, DisplayWidth.columns(of: $1[column]))
            }
        }
        var excess = widths.reduce(2 * (columns.count - 1), +) - width
        while excess > 0 {
            // Take from the widest column that may shrink, down to eight columns.
            let candidates = columns.indices.filter { columns[$0].mayShrink && widths[$0] > 8 }
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
            let next = candidates.map { widths[$0] }.filter { $0 < widths[widest] }.max() ?? 8
            let taken = max(1, min(excess, widths[widest] - next))
            widths[widest] -= taken
            excess -= taken
        }
        return widths
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        var line = ""
        for (column, cell) in cells.enumerated() {
            let text = DisplayWidth.cut(cell, to: widths[column])
            let padding = String(repeating: " ", count: max(0, widths[column] - DisplayWidth.columns(of: text)))
            let isLast = column == cells.count - 1
            switch columns[column].alignment {
            case .leading: line += text + (isLast ? "" : padding + "  ")
            case .trailing: line += padding + text + (isLast ? "" : "  ")
            }
        }
        while line.last == " " { line.removeLast() }
        return line
    }
}
