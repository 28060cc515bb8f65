/// A column of a table.
package struct TableColumn: Hashable, Sendable {
    /// Its heading.
    package var title: String
    /// Its extent.
    package var width: Length
    /// Where its texts go.
    package var alignment: TextAlignment
    /// Which end of texts that are too long is left out.
    package var cut: TextCut

    package init(
        _ title: String, width: Length, alignment: TextAlignment = .leading, cut: TextCut = .end
    ) {
        self.title = title
        self.width = width
        self.alignment = alignment
        self.cut = cut
    }
}

/// Rows of text in columns, with headings, a selected row and a part that is in view.
///
/// A list is a table of one column without heading.
package struct Table: Hashable, Sendable {
    /// The columns.
    package var columns: [TableColumn]
    /// The rows: one piece of text per column; missing ones are empty.
    package var rows: [[TextSpan]]
    /// The row that is selected.
    package var selected: Int?
    /// The first row in view; ``draw(into:in:glyphs:)`` moves it so that the selected row is visible.
    package var offset: Int
    /// Whether the headings are drawn.
    package var hasHeading: Bool
    /// Whether the selection has the focus; without, it is marked by its pointer only.
    package var isFocused: Bool

    package init(
        columns: [TableColumn], rows: [[TextSpan]], selected: Int? = nil, offset: Int = 0,
        hasHeading: Bool = true, isFocused: Bool = true
    ) {
        self.columns = columns
        self.rows = rows
        self.selected = selected
        self.offset = offset
        self.hasHeading = hasHeading
        self.isFocused = isFocused
    }

    package init(list: [TextSpan], selected: Int? = nil, offset: Int = 0, isFocused: Bool = true) {
        self.init(
            columns: [TableColumn("", width: .share(1))], rows: list.map { [$0] }, selected: selected,
            offset: offset, hasHeading: false, isFocused: isFocused)
    }

    /// The offset nearest to `offset` at which the selected row is in view.
    ///
    /// - Parameters:
    ///   - offset: The first row in view until now.
    ///   - selected: The row that must be in view, if any.
    ///   - visible: The number of rows that fit.
    ///   - count: The number of rows there are.
    /// - Returns: A first row at which the view is full as far as there are rows.
    package static func offset(_ offset: Int, selected: Int?, visible: Int, count: Int) -> Int {
        guard visible > 0 else { return 0 }
        var result = offset
        if let selected, selected >= 0, selected < count {
            result = min(max(result, selected - visible + 1), selected)
        }
        return max(0, min(result, count - visible))
    }

    /// Draws the table and says how each row of the screen maps to a row of the table.
    ///
    /// - Parameters:
    ///   - grid: The frame.
    ///   - area: Where to draw. Two columns are taken for the pointer, one for the marks of hidden rows.
    ///   - glyphs: The glyphs to draw with.
    /// - Returns: The first row of the table in view and the area of the rows, for clicks.
    @discardableResult
    package func draw(
        into grid: inout CellGrid, in area: Rect, glyphs: GlyphSet
    ) -> (offset: Int, rows: Rect) {
        let heading = hasHeading && area.height >= 2 ? 1 : 0
        let body = Rect(x: area.x, y: area.y + heading, width: area.width, height: area.height - heading)
        let first = Self.offset(offset, selected: selected, visible: body.height, count: rows.count)
        let margin = selected == nil ? 0 : min(2, area.width)
        let extents = self.extents(
            Rect(x: area.x + margin, y: area.y, width: area.width - margin - 1, height: 1))
        if heading == 1 {
            for (column, extent) in zip(columns, extents) {
                let text = fitted(column.title, width: extent.width, alignment: column.alignment)
                grid.write(text, x: extent.x, y: area.y, style: Style(.heading), in: area)
            }
        }
        for line in 0..<max(0, min(body.height, rows.count - first)) {
            drawRow(first + line, at: body.row(line), extents, &grid, glyphs)
        }
        drawMarks(first, body, &grid, glyphs)
        return (first, body)
    }

    private func drawRow(
        _ index: Int, at row: Rect, _ extents: [Rect], _ grid: inout CellGrid, _ glyphs: GlyphSet
    ) {
        let isSelected = index == selected
        let highlights = isSelected && isFocused
        if highlights { grid.fill(row, style: Style(.selection)) }
        if isSelected {
            let style = highlights ? Style(.selection) : Style(.muted)
            grid.put(glyphs.symbol(.pointer), x: row.x, y: row.y, style: style, in: row)
        }
        for (position, extent) in extents.enumerated() where position < rows[index].count {
            let span = rows[index][position]
            let text = fitted(
                span.text, width: extent.width, alignment: columns[position].alignment,
                cut: columns[position].cut, ellipsis: glyphs.ellipsis)
            let style = highlights ? Style(.selection, span.style.attributes) : span.style
            grid.write(text, x: extent.x, y: row.y, style: style, in: row)
        }
    }

    private func drawMarks(_ first: Int, _ body: Rect, _ grid: inout CellGrid, _ glyphs: GlyphSet) {
        guard body.width >= 4, body.height >= 1 else { return }
        if first > 0 {
            grid.put(glyphs.symbol(.moreAbove), x: body.endX - 1, y: body.y, style: .muted, in: body)
        }
        if first + body.height < rows.count {
            grid.put(
                glyphs.symbol(.moreBelow), x: body.endX - 1, y: body.endY - 1, style: .muted, in: body)
        }
    }

    /// The columns' places, with one empty column between neighbours.
    private func extents(_ area: Rect) -> [Rect] {
        let gaps = max(0, columns.count - 1)
        let inner = Rect(x: area.x, y: area.y, width: area.width - gaps, height: area.height)
        return inner.columns(columns.map(\.width)).enumerated().map { index, extent in
            let x = extent.x + index
            return Rect(x: x, y: extent.y, width: min(extent.width, area.endX - x), height: extent.height)
        }
    }
}
