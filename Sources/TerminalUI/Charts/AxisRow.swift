package import ChartScale

/// A horizontal axis in a row of its own, for a chart or for several ones that stand above it.
package struct AxisRow: Hashable, Sendable {
    /// The axis.
    package var axis: Axis
    /// Whether a vertical axis ends left of the row.
    package var hasCorner: Bool

    /// The names of 1, 2 and so on, which are written in place of numbers: every one, or every second, third and so on as
    /// far as they fit.
    package var names: [String]

    package init(axis: Axis, hasCorner: Bool = false, names: [String] = []) {
        (self.axis, self.hasCorner, self.names) = (axis, hasCorner, names)
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
        let ticks = axis.ticks(count: max(2, row.width / 10)).map { ($0.value, $0.label) }
        var free = row.x
        for label in labels(names.isEmpty ? ticks : namedTicks(row), in: row) where label.x >= free {
            grid.write(label.text, x: label.x, y: row.y, style: Style(.axis), in: row)
            free = label.x + cellWidth(label.text) + 1
        }
    }

    /// The places of texts below their values, inside the row.
    private func labels(_ ticks: [(value: Double, text: String)], in row: Rect) -> [(x: Int, text: String)] {
        ticks.compactMap { value, text in
            guard let position = axis.position(value), position > -1e-9, position < 1 + 1e-9 else {
                return nil
            }
            let column = row.x + Int((position * Double(row.width - 1)).rounded())
            let width = cellWidth(text)
            return (min(max(row.x, column - width / 2), row.endX - width), text)
        }
    }

    /// As many of the names, at equal distances, as fit beside one another.
    private func namedTicks(_ row: Rect) -> [(value: Double, text: String)] {
        let all = names.enumerated().map { (value: Double($0.offset + 1), text: $0.element) }
        for step in 1..<max(2, all.count) {
            let some = all.enumerated().filter { $0.offset % step == 0 }.map(\.element)
            let places = labels(some, in: row)
            let fits = zip(places, places.dropFirst()).allSatisfy { $0.x + cellWidth($0.text) < $1.x }
            if fits { return some }
        }
        return Array(all.prefix(1))
    }
}
