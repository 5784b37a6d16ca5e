/// Rows under named columns: an aligned table for a person, tab-separated values for a program.
///
/// Every cell passes through `SafeText.display`, so a cell can hold a stranger's text. Where a terminal is too narrow
/// for the columns that must not be cut, each row becomes a block of `name  value` lines, and nothing is lost.
///
/// What is too wide is first cut where it is free text, down to 24 columns; then titles and cells with a shorter form
/// take it, from the left; then free text is cut down to 8.
package struct Table: Sendable {
    /// One column: its title, its side, and whether it may be cut when the terminal is narrow.
    package struct Column: Sendable {
        package enum Alignment: Sendable { case leading, trailing }

        package let title: String
        /// The title where the terminal is narrow.
        package let short: String
        package let alignment: Alignment
        package let mayShrink: Bool

        /// `mayShrink` is for free text such as subjects; identifiers, times and names are never cut.
        package init(
            _ title: String, _ alignment: Alignment = .leading, mayShrink: Bool = false, short: String? = nil
        ) {
            self.title = title
            self.short = short ?? title
            self.alignment = alignment
            self.mayShrink = mayShrink
        }
    }

    package let columns: [Column]
    private var rows: [[String]] = []
    /// The same rows in their shorter forms.
    private var shortRows: [[String]] = []

    package init(_ columns: [Column]) { self.columns = columns }

    package var isEmpty: Bool { rows.isEmpty }

    /// Adds a row. Missing cells are empty; surplus cells are dropped.
    /// - Parameter short: the cells with a shorter form, by their columns' titles.
    package mutating func add(_ cells: [String], short: [String: String] = [:]) {
        var row = cells.prefix(columns.count).map { SafeText.display($0) }
        row += Array(repeating: "", count: columns.count - row.count)
        rows.append(row)
        shortRows.append(zip(columns, row).map { column, cell in short[column.title].map(SafeText.display) ?? cell })
    }

    /// What belongs on this output: `aligned` or `stacked` on a terminal, `tabSeparated` elsewhere.
    package func text(on output: Output) -> String {
        guard output.isTerminal else { return tabSeparated }
        let heading = { output.styled($0, .heading) }
        return isStacked(on: output)
            ? stacked(width: output.width, heading: heading) : aligned(width: output.width, heading: heading)
    }

    /// Whether each row is a block of lines there.
    package func isStacked(on output: Output) -> Bool { output.isTerminal && !fits(output.width) }

    /// A header and one line a row, whole values, cells parted by a tab (a tab in a cell is shown as `<U+0009>`).
    package var tabSeparated: String {
        ([columns.map(\.title)] + rows).map { $0.joined(separator: "\t") + "\n" }.joined()
    }

    /// Whether `aligned` keeps to this width.
    package func fits(_ width: Int) -> Bool { layout(width).total <= width }

    /// A block of lines for each row, parted by empty lines: the column's title and the cell, which goes on under
    /// itself. Empty cells are left out.
    package func stacked(width: Int, heading: (String) -> String = { $0 }) -> String {
        rows.map { row in
            var list = FieldList()
            for (column, cell) in zip(columns, row) where !cell.isEmpty { list.add(column.title, cell) }
            return list.lines(width: width, name: heading)
        }.joined(separator: "\n")
    }

    /// A header and the rows, two spaces between columns, cut to `width` columns as far as shrinking columns allow; nil
    /// is for what is no terminal, where nothing is cut and right-to-left texts get no marks.
    package func aligned(width: Int?, heading: (String) -> String = { $0 }) -> String {
        let layout = layout(width ?? Int.max / 2)
        let isolating = width != nil
        return heading(line(layout.titles, layout.widths, isolating)) + "\n"
            + layout.rows.map { line($0, layout.widths, isolating) + "\n" }.joined()
    }

    /// What is shown in a width, and how wide each column is.
    private struct Layout {
        var titles: [String]
        var rows: [[String]]
        var widths: [Int] = []

        var total: Int { widths.reduce(2 * (widths.count - 1), +) }

        mutating func measure(_ column: Int) {
            widths[column] = rows.reduce(DisplayWidth.columns(of: titles[column])) {
                max($0, DisplayWidth.columns(of: $1[column]))
            }
        }
    }

    private func layout(_ width: Int) -> Layout {
        var layout = Layout(titles: columns.map(\.title), rows: rows)
        layout.widths = columns.map { _ in 0 }
        for column in columns.indices { layout.measure(column) }
        shrink(&layout, to: width, least: 24)
        for column in columns.indices where layout.total > width {
            layout.titles[column] = columns[column].short
            for row in rows.indices { layout.rows[row][column] = shortRows[row][column] }
            if !columns[column].mayShrink { layout.measure(column) }
        }
        shrink(&layout, to: width, least: 8)
        return layout
    }

    /// Takes from the widest column that may shrink.
    private func shrink(_ layout: inout Layout, to width: Int, least: Int) {
        var excess = layout.total - width
        while excess > 0 {
            let candidates = columns.indices.filter { columns[$0].mayShrink && layout.widths[$0] > least }
            guard let widest = candidates.max(by: { layout.widths[$0] < layout.widths[$1] }) else { break }
            let next = candidates.map { layout.widths[$0] }.filter { $0 < layout.widths[widest] }.max() ?? least
            let taken = max(1, min(excess, layout.widths[widest] - next))
            layout.widths[widest] -= taken
            excess -= taken
        }
    }

    private func line(_ cells: [String], _ widths: [Int], _ isolating: Bool) -> String {
        var line = ""
        for (column, cell) in cells.enumerated() {
            let cut = DisplayWidth.cut(cell, to: widths[column])
            let padding = String(repeating: " ", count: max(0, widths[column] - DisplayWidth.columns(of: cut)))
            let text = Bidi.isolated(cut, when: isolating)
            let isLast = column == cells.count - 1
            switch columns[column].alignment {
            case .leading: line += text + (isLast ? "" : padding + "  ")
            case .trailing: line += padding + text + (isLast ? "" : "  ")
            }
        }
        line.trimSpaces()
        return line
    }
}
