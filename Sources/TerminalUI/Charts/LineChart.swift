package import ChartScale

/// One curve of a chart.
package struct ChartSeries: Hashable, Sendable {
    /// Its name in the legend; empty leaves it out.
    package var label: String
    /// How it looks.
    package var style: Style
    /// Its points, by rising x; neighbours are joined unless one of them is a gap.
    package var points: [ChartPoint]
    /// The range around the curve, drawn faintly behind it.
    package var band: [BandPoint]

    package init(label: String, style: Style, points: [ChartPoint], band: [BandPoint] = []) {
        self.label = label
        self.style = style
        self.points = points
        self.band = band
    }
}

/// Curves over a fixed horizontal range.
///
/// A later curve replaces earlier ones where they share a cell, so the one that matters most comes last.
/// Values that are not finite are gaps, on a logarithmic axis also those that are not positive.
package struct LineChart: Hashable, Sendable {
    /// The curves, the most important last.
    package var series: [ChartSeries]
    /// The range of the horizontal axis.
    package var xRange: ClosedRange<Double>
    /// How the horizontal axis is divided.
    package var xScale: AxisScale
    /// How the vertical axis is divided.
    package var yScale: AxisScale
    /// The range of the vertical axis; nil fits it to the values.
    package var yRange: ClosedRange<Double>?
    /// Whether curves are named in the upper right corner.
    package var hasLegend: Bool
    /// The place that a vertical line marks; nil for none.
    package var cursor: Double?

    package init(
        series: [ChartSeries], xRange: ClosedRange<Double>, xScale: AxisScale = .linear,
        yScale: AxisScale = .linear, yRange: ClosedRange<Double>? = nil, hasLegend: Bool = true,
        cursor: Double? = nil
    ) {
        self.series = series
        self.xRange = xRange
        self.xScale = xScale
        self.yScale = yScale
        self.yRange = yRange
        self.hasLegend = hasLegend
        self.cursor = cursor
    }

    /// The vertical axis; its scale is linear where the values allow no logarithm, which titles should say.
    package var yAxis: Axis {
        if let yRange { return Axis(yRange, scale: yScale) }
        let points = series.lazy.flatMap { $0.points.lazy.filter { xRange.contains($0.x) }.map(\.y) }
        let bands = series.lazy.flatMap {
            $0.band.lazy.filter { xRange.contains($0.x) }.flatMap { [$0.low, $0.high] }
        }
        return Axis(fitting: Array(points) + Array(bands), scale: yScale)
    }

    /// Draws the chart.
    package func draw(into grid: inout CellGrid, in area: Rect, glyphs: GlyphSet) {
        guard !area.isEmpty else { return }
        let frame = PlotFrame(
            x: Axis(xRange, scale: xScale), y: yAxis, in: area, of: &grid, glyphs: glyphs)
        frame.drawCursor(at: cursor, into: &grid, glyphs: glyphs)
        for curve in series { drawBand(curve, frame, &grid, glyphs) }
        for (index, curve) in series.enumerated() {
            frame.drawLine(
                curve.points, mark: Self.marks[index % Self.marks.count], style: curve.style, into: &grid,
                glyphs: glyphs)
        }
        if hasLegend { drawLegend(frame, &grid, glyphs) }
    }

    /// The value of x at a column of the screen, where the chart is drawn into `area`; nil beside the plot.
    package func x(atColumn column: Int, in area: Rect, glyphs: GlyphSet) -> Double? {
        PlotFrame(x: Axis(xRange, scale: xScale), y: yAxis, in: area, glyphs: glyphs).x(atColumn: column)
    }

    /// The glyphs of dots in ASCII, by the order of the curves.
    private static let marks: [Unicode.Scalar] = ["*", "o", "+", "x"]

    private func drawBand(
        _ curve: ChartSeries, _ frame: PlotFrame, _ grid: inout CellGrid, _ glyphs: GlyphSet
    ) {
        guard !curve.band.isEmpty else { return }
        var canvas = DotCanvas(columns: frame.plot.width, rows: frame.plot.height, glyphs: glyphs)
        for point in curve.band {
            guard let x = frame.x.position(point.x), (0...1).contains(x),
                let low = frame.y.position(point.low), let high = frame.y.position(point.high)
            else { continue }
            let (column, bottom) = canvas.dot(x, min(1, max(0, low)))
            let top = canvas.dot(x, min(1, max(0, high))).y
            guard top <= bottom else { continue }
            // Every other dot, like a chessboard, so that the band stays lighter than a curve.
            for y in Int(top.rounded())...Int(bottom.rounded()) where (y + Int(column.rounded())) % 2 == 0 {
                canvas.set(Int(column.rounded()), y)
            }
        }
        frame.draw(canvas, mark: ".", style: curve.style.dim, into: &grid, glyphs: glyphs)
    }

    private func drawLegend(_ frame: PlotFrame, _ grid: inout CellGrid, _ glyphs: GlyphSet) {
        let named = series.enumerated().filter { !$0.element.label.isEmpty }
        let width = (named.map { cellWidth($0.element.label) }.max() ?? 0) + 3
        guard !named.isEmpty, frame.plot.width >= 2 * width, frame.plot.height >= named.count + 3 else {
            return
        }
        for (row, (index, curve)) in named.reversed().enumerated() {
            let mark = glyphs == .ascii ? Self.marks[index % Self.marks.count] : "━"
            let x = frame.plot.endX - width
            let text = fitted(curve.label, width: width - 3)
            grid.write(
                [TextSpan(" \(mark) ", curve.style), TextSpan(text, .text)], x: x, y: frame.plot.y + row,
                in: frame.plot)
        }
    }
}
