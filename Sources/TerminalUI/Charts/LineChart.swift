package import ChartScale

/// One curve of a chart.
package struct ChartSeries: Hashable, Sendable {
    /// Its name in the legend; empty leaves it out.
    package var label: String
    /// Its name right of its last point, if the chart has a margin for it; empty leaves it out.
    package var endLabel: String
    /// How it looks.
    package var style: Style
    /// Its points, by rising x; neighbours are joined unless one of them is a gap.
    package var points: [ChartPoint]
    /// The range around the curve, drawn faintly behind it.
    package var band: [BandPoint]

    package init(
        label: String, endLabel: String = "", style: Style, points: [ChartPoint], band: [BandPoint] = []
    ) {
        self.label = label
        self.endLabel = endLabel
        self.style = style
        self.points = points
        self.band = band
    }
}

/// A value that curves are compared with: a dashed line with a name.
package struct ReferenceLine: Hashable, Sendable {
    /// The value.
    package var value: Double
    /// Its name, written where it covers least.
    package var label: String
    /// Whether the part of the chart below the line is the better one, which has faint upright lines.
    package var isBetterBelow: Bool

    package init(_ value: Double, label: String, isBetterBelow: Bool = false) {
        (self.value, self.label, self.isBetterBelow) = (value, label, isBetterBelow)
    }
}

/// Curves over a fixed horizontal range.
///
/// Where curves share a cell, it has the dots of all and the colour of the last, so the one that matters most comes last.
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
    /// What the curves are compared with; nil for nothing.
    package var reference: ReferenceLine?
    /// Whether curves are named in the corner where they cover least.
    package var hasLegend: Bool
    /// The place that a vertical line marks; nil for none.
    package var cursor: Double?
    /// The least room for labels of the vertical axis, which lines charts up below one another.
    package var labelWidth: Int
    /// The columns right of the plot, for names of curves.
    package var rightMargin: Int
    /// Whether the horizontal axis is drawn.
    package var showsX: Bool
    /// The names of 1, 2 and so on of the horizontal axis, in place of numbers.
    package var xNames: [String]

    package init(
        series: [ChartSeries], xRange: ClosedRange<Double>, xScale: AxisScale = .linear,
        yScale: AxisScale = .linear, yRange: ClosedRange<Double>? = nil, reference: ReferenceLine? = nil,
        hasLegend: Bool = true, cursor: Double? = nil, labelWidth: Int = 0, rightMargin: Int = 0,
        showsX: Bool = true, xNames: [String] = []
    ) {
        self.xNames = xNames
        self.series = series
        self.xRange = xRange
        self.xScale = xScale
        self.yScale = yScale
        self.yRange = yRange
        self.reference = reference
        self.hasLegend = hasLegend
        self.cursor = cursor
        self.labelWidth = labelWidth
        self.rightMargin = rightMargin
        self.showsX = showsX
    }

    /// The vertical axis; its scale is linear where the values allow no logarithm, which titles should say.
    package var yAxis: Axis {
        if let yRange { return Axis(yRange, scale: yScale) }
        let points = series.lazy.flatMap { $0.points.lazy.filter { xRange.contains($0.x) }.map(\.y) }
        let bands = series.lazy.flatMap {
            $0.band.lazy.filter { xRange.contains($0.x) }.flatMap { [$0.low, $0.high] }
        }
        return Axis(
            fitting: Array(points) + Array(bands) + [reference?.value].compactMap(\.self), scale: yScale)
    }

    /// Draws the chart.
    package func draw(into grid: inout CellGrid, in area: Rect, glyphs: GlyphSet) {
        guard !area.isEmpty else { return }
        let frame = PlotFrame(
            x: Axis(xRange, scale: xScale), y: yAxis, in: withoutMargin(area), labelWidth: labelWidth,
            showsX: showsX, xNames: xNames, of: &grid, glyphs: glyphs)
        if let reference { drawLine(reference, frame, &grid, glyphs) }
        frame.drawCursor(at: cursor, into: &grid, glyphs: glyphs)
        for curve in series { drawBand(curve, frame, &grid, glyphs) }
        var drawn = frame.emptyCanvas(glyphs)
        for (index, curve) in series.enumerated() {
            frame.drawLine(
                curve.points, mark: Self.marks[index % Self.marks.count], style: curve.style, into: &grid,
                glyphs: glyphs, over: &drawn)
        }
        if let reference { drawLabel(reference, frame, &grid, &drawn) }
        if hasLegend { drawLegend(frame, &grid, glyphs, drawn) }
        drawEndLabels(frame, &grid, area)
    }

    /// The value of x at a column of the screen, where the chart is drawn into `area`; nil beside the plot.
    package func x(atColumn column: Int, in area: Rect, glyphs: GlyphSet) -> Double? {
        placed(in: area, glyphs: glyphs).x(atColumn: column)
    }

    /// The area of the curves, where the chart is drawn into `area`.
    package func plot(in area: Rect, glyphs: GlyphSet) -> Rect { placed(in: area, glyphs: glyphs).plot }

    private func placed(in area: Rect, glyphs: GlyphSet) -> PlotFrame {
        PlotFrame(
            x: Axis(xRange, scale: xScale), y: yAxis, in: withoutMargin(area), labelWidth: labelWidth,
            showsX: showsX, glyphs: glyphs)
    }

    private func withoutMargin(_ area: Rect) -> Rect {
        Rect(x: area.x, y: area.y, width: area.width - rightMargin, height: area.height)
    }

    /// The glyphs of dots in ASCII, by the order of the curves.
    private static let marks: [Unicode.Scalar] = ["*", "o", "+", "x"]

    /// What stands for a curve in a legend.
    ///
    /// - Parameters:
    ///   - index: The place of the curve in ``series``.
    ///   - glyphs: The glyphs that the chart is drawn with.
    /// - Returns: A line, or in ASCII the dots' glyph.
    package static func legendMark(of index: Int, glyphs: GlyphSet) -> Unicode.Scalar {
        glyphs == .ascii ? marks[index % marks.count] : "━"
    }

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
}

// MARK: - Names and the reference

extension LineChart {
    /// The columns from one upright line of the better side to the next.
    private static let shading = 8

    private func drawLine(
        _ reference: ReferenceLine, _ frame: PlotFrame, _ grid: inout CellGrid, _ glyphs: GlyphSet
    ) {
        guard let row = frame.row(reference.value) else { return }
        let plot = frame.plot
        for column in plot.x..<plot.endX {
            grid.put(glyphs.dash, x: column, y: row, style: Style(.comparison), in: plot)
            // Curves over steps are never upright, nor have they gaps.
            guard reference.isBetterBelow, (column - plot.x) % Self.shading == Self.shading / 2 else {
                continue
            }
            for below in row + 1..<max(row + 1, plot.endY) {
                grid.put(glyphs.shading, x: column, y: below, style: Style(.ok).dim, in: plot)
            }
        }
    }

    /// Writes the reference's name on its line, at the first of some places where it covers no curve.
    private func drawLabel(
        _ reference: ReferenceLine, _ frame: PlotFrame, _ grid: inout CellGrid, _ drawn: inout DotCanvas
    ) {
        let width = cellWidth(reference.label) + 2
        guard let row = frame.row(reference.value), !reference.label.isEmpty, frame.plot.width >= 2 * width
        else { return }
        let room = frame.plot.width - width
        let line = row - frame.plot.y
        let places = [room, room / 2, room * 3 / 4, room / 4, 0].map { start in
            (start: start, covered: drawn.cellsWithDots(row: line, columns: start..<start + width))
        }
        guard let place = places.min(by: { $0.covered < $1.covered }) else { return }
        grid.write(
            " \(reference.label) ", x: frame.plot.x + place.start, y: row, style: Style(.comparison),
            in: frame.plot)
        drawn.fill(row: line, columns: place.start..<place.start + width)
    }

    private func drawLegend(
        _ frame: PlotFrame, _ grid: inout CellGrid, _ glyphs: GlyphSet, _ drawn: DotCanvas
    ) {
        let plot = frame.plot
        let named = series.enumerated().filter { !$0.element.label.isEmpty }
        let width = (named.map { cellWidth($0.element.label) }.max() ?? 0) + 3
        guard !named.isEmpty, plot.width >= 2 * width, plot.height >= named.count + 3 else { return }
        let height = named.count
        let corners = [
            (plot.width - width, 0), (plot.width - width, plot.height - height), (0, 0),
            (0, plot.height - height),
        ].map { x, y in
            (
                x: x, y: y,
                covered: (y..<y + height).reduce(0) {
                    $0 + drawn.cellsWithDots(row: $1, columns: x..<x + width)
                }
            )
        }
        guard let corner = corners.min(by: { $0.covered < $1.covered }) else { return }
        for (row, (index, curve)) in named.reversed().enumerated() {
            let mark = Self.legendMark(of: index, glyphs: glyphs)
            let text = fitted(curve.label, width: width - 3)
            grid.write(
                [TextSpan(" \(mark) ", curve.style), TextSpan(text, .text)], x: plot.x + corner.x,
                y: plot.y + corner.y + row, in: plot)
        }
    }

    /// Writes names right of curves' last points, each in a row of its own.
    private func drawEndLabels(_ frame: PlotFrame, _ grid: inout CellGrid, _ area: Rect) {
        guard rightMargin > 1 else { return }
        let margin = Rect(
            x: frame.plot.endX + 1, y: frame.plot.y, width: rightMargin - 1, height: frame.plot.height
        ).intersection(area)
        let ends = series.compactMap { curve -> (row: Int, value: Double, curve: ChartSeries)? in
            let last = curve.points.last { $0.y.isFinite && xRange.contains($0.x) }
            guard !curve.endLabel.isEmpty, let last, let row = frame.row(last.y) else { return nil }
            return (row, last.y, curve)
        }.sorted { $0.value > $1.value }
        // Downwards, but so that those below still have room.
        var next = margin.y
        for (index, end) in ends.enumerated() {
            let row = min(max(end.row, next), margin.endY - (ends.count - index))
            guard row >= next else { return }
            grid.write(end.curve.endLabel, x: margin.x, y: row, style: end.curve.style, in: margin)
            next = row + 1
        }
    }
}
