package import ChartScale

/// How a whole is divided among series at one place.
package struct ShareSample: Hashable, Sendable {
    /// The value on the horizontal axis.
    package let x: Double
    /// One part for each series, at most `Role.series.count`; not negative, of any sum.
    package let parts: [Double]

    package init(x: Double, parts: [Double]) {
        precondition(parts.count <= Role.series.count, "\(parts.count) parts, but \(Role.series.count) fills")
        (self.x, self.parts) = (x, parts)
    }

    /// The parts as fractions of their sum, or nil if they have none.
    fileprivate var fractions: [Double]? {
        let parts = parts.map { $0.isFinite ? max(0, $0) : .nan }
        let sum = parts.reduce(0, +)
        guard sum.isFinite, sum > 0 else { return nil }
        return parts.map { $0 / sum }
    }
}

/// Shares of a whole over a fixed horizontal range, the first at the bottom.
///
/// The fills differ in glyph and in role. A column shows the mean of its samples, a column between samples
/// the one before it; samples with a part that is not finite, or without any part, are gaps.
package struct StackedShares: Hashable, Sendable {
    /// The samples, by rising x; all have the same number of parts.
    package var samples: [ShareSample]
    /// The range of the horizontal axis.
    package var xRange: ClosedRange<Double>
    /// How the horizontal axis is divided.
    package var xScale: AxisScale
    /// The place that a vertical line marks; nil for none.
    package var cursor: Double?

    package init(
        samples: [ShareSample], xRange: ClosedRange<Double>, xScale: AxisScale = .linear,
        cursor: Double? = nil
    ) {
        self.samples = samples
        self.xRange = xRange
        self.xScale = xScale
        self.cursor = cursor
    }

    /// Draws the chart.
    package func draw(into grid: inout CellGrid, in area: Rect, glyphs: GlyphSet) {
        guard !area.isEmpty else { return }
        let frame = PlotFrame(
            x: Axis(xRange, scale: xScale), y: Axis(0...100), in: area, of: &grid, glyphs: glyphs)
        let plot = frame.plot
        for (column, fractions) in columns(plot.width, axis: frame.x).enumerated() {
            guard let fractions else { continue }
            var bottom = 0
            var sum = 0.0
            for part in fractions.indices {
                sum += fractions[part]
                let isLast = part == fractions.count - 1
                let top = isLast ? plot.height : Int((sum * Double(plot.height)).rounded())
                for row in bottom..<max(bottom, top) {
                    grid.put(
                        glyphs.fills[part], x: plot.x + column, y: plot.endY - 1 - row,
                        style: Style(Role.series[part]), in: plot)
                }
                bottom = max(bottom, top)
            }
        }
        frame.drawCursor(at: cursor, into: &grid, glyphs: glyphs)
    }

    /// The value of x at a column of the screen, where the chart is drawn into `area`; nil beside the plot.
    package func x(atColumn column: Int, in area: Rect, glyphs: GlyphSet) -> Double? {
        PlotFrame(x: Axis(xRange, scale: xScale), y: Axis(0...100), in: area, glyphs: glyphs)
            .x(atColumn: column)
    }

    /// The fractions that each column shows; nil for gaps and after the last sample.
    private func columns(_ count: Int, axis: Axis) -> [[Double]?] {
        let none = Array(repeating: 0.0, count: samples.first?.parts.count ?? 0)
        var sums = Array(repeating: none, count: count)
        var counts = Array(repeating: 0, count: count)
        var gaps = Array(repeating: false, count: count)
        var last = -1
        for sample in samples {
            guard let position = axis.position(sample.x), (0...1).contains(position) else { continue }
            let column = min(count - 1, Int(position * Double(count)))
            last = max(last, column)
            guard let fractions = sample.fractions else {
                gaps[column] = true
                continue
            }
            counts[column] += 1
            for part in fractions.indices { sums[column][part] += fractions[part] }
        }
        var current: [Double]?
        return (0..<count).map { column in
            guard column <= last else { return nil }
            if counts[column] > 0 {
                current = sums[column].map { $0 / Double(counts[column]) }
            } else if gaps[column] {
                current = nil
            }
            return current
        }
    }
}
