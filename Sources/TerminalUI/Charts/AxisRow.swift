package import ChartScale

/// A horizontal axis in a row of its own, for a chart or for several ones that stand above it.
package struct AxisRow: Hashable, Sendable {
    /// The axis.
    package var axis: Axis
    /// Whether a vertical axis ends left of the row.
    package var hasCorner: Bool

    package init(axis: Axis, hasCorner: Bool = false) {
        (self.axis, self.hasCorner) = (axis, hasCorner)
    }

    /// Draws the axis over the width of `row`, and its corner left of that.
    package func draw(into grid: inout CellGrid, in row: Rect, glyphs: GlyphSet) {
        guard !row.isEmpty else { return }
        for column in row.x..<row.endX {
            grid.put(glyphs.box.horizontal, x: column, y: row.y, style: Style(.axis), in: row)
        }
        if hasCorner {
            let corner = Rect(x: row.x - 1, y: row.y, width: 1, height: 1)
            grid.put(glyphs.box.bottomLeft, x: corner.x, y: row.y, style: Style(.axis), in: corner)
        }
        var free = row.x
        for tick in axis.ticks(count: max(2, row.width / 10)) {
            guard let position = axis.position(tick.value), position > -1e-9, position < 1 + 1e-9 else {
                continue
            }
            let column = row.x + Int((position * Double(row.width - 1)).rounded())
            let width = cellWidth(tick.label)
            let start = min(max(row.x, column - width / 2), row.endX - width)
            guard start >= free else { continue }
            grid.write(tick.label, x: start, y: row.y, style: Style(.axis), in: row)
            free = start + width + 1
        }
    }
}
