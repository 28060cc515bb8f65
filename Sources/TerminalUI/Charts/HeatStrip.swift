internal import ChartScale

/// Values as glyphs and colours of rising weight, one cell or more each, in one row.
package struct HeatStrip: Hashable, Sendable {
    /// The values; one that is not finite is a gap.
    package var values: [Double]
    /// The values that take the lightest and the heaviest glyph.
    package var range: ClosedRange<Double>
    /// The index of the selected value.
    package var selected: Int?

    package init(values: [Double], range: ClosedRange<Double>, selected: Int? = nil) {
        (self.values, self.range, self.selected) = (values, range, selected)
    }

    /// Draws the strip into the first row of `area`, over its whole width.
    ///
    /// With fewer columns than values, a column shows the largest of its values.
    package func draw(into grid: inout CellGrid, in area: Rect, glyphs: GlyphSet) {
        guard !area.isEmpty, !values.isEmpty else { return }
        let ramp = glyphs.ramp
        let axis = Axis(range)
        for column in 0..<area.width {
            let first = column * values.count / area.width
            let last = max(first, (column + 1) * values.count / area.width - 1)
            let finite = values[first...last].filter(\.isFinite)
            guard let value = finite.max(), let position = axis.position(value) else { continue }
            let fraction = min(1, max(0, position))
            let step = 1 + min(ramp.count - 2, Int(fraction * Double(ramp.count - 1)))
            let style = Style(Role.heat(fraction))
            let isSelected = selected.map { (first...last).contains($0) } ?? false
            grid.put(
                ramp[step], x: area.x + column, y: area.y, style: isSelected ? style.reverse : style,
                in: area)
        }
    }
}
