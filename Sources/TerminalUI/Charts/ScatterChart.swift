package import ChartScale

/// A point of a Pareto plot.
package struct ScatterPoint: Hashable, Sendable {
    /// The value on the horizontal axis.
    package var x: Double
    /// The value on the vertical axis.
    package var y: Double
    /// The text beside the point, drawn if there is room.
    package var label: String
    /// Whether no other point is better in both respects.
    package var isOnFront: Bool
    /// Whether the point is selected.
    package var isSelected: Bool

    package init(x: Double, y: Double, label: String, isOnFront: Bool = false, isSelected: Bool = false) {
        self.x = x
        self.y = y
        self.label = label
        self.isOnFront = isOnFront
        self.isSelected = isSelected
    }
}

/// Points with labels; those on the Pareto front are joined by a line, the others are drawn faintly.
package struct ScatterChart: Hashable, Sendable {
    /// The points, in any order.
    package var points: [ScatterPoint]
    /// How the horizontal axis is divided.
    package var xScale: AxisScale
    /// How the vertical axis is divided.
    package var yScale: AxisScale
    /// The range of the horizontal axis; nil fits it to the points.
    package var xRange: ClosedRange<Double>?
    /// The range of the vertical axis; nil fits it to the points.
    package var yRange: ClosedRange<Double>?

    package init(
        points: [ScatterPoint], xScale: AxisScale = .linear, yScale: AxisScale = .linear,
        xRange: ClosedRange<Double>? = nil, yRange: ClosedRange<Double>? = nil
    ) {
        self.points = points
        self.xScale = xScale
        self.yScale = yScale
        self.xRange = xRange
        self.yRange = yRange
    }

    /// Draws the chart.
    package func draw(into grid: inout CellGrid, in area: Rect, glyphs: GlyphSet) {
        guard !area.isEmpty else { return }
        let frame = PlotFrame(
            x: xRange.map { Axis($0, scale: xScale) } ?? Axis(fitting: points.map(\.x), scale: xScale),
            y: yRange.map { Axis($0, scale: yScale) } ?? Axis(fitting: points.map(\.y), scale: yScale),
            in: area, of: &grid, glyphs: glyphs)
        let front = points.filter(\.isOnFront).sorted { ($0.x, $0.y) < ($1.x, $1.y) }
            .map { ChartPoint(x: $0.x, y: $0.y) }
            .filter { frame.x.position($0.x) != nil && frame.y.position($0.y) != nil }
        frame.drawLine(front, mark: ".", style: Style(.front).dim, into: &grid, glyphs: glyphs)
        // The selected point is drawn last and gets its label first; then come points on the front.
        let order = points.sorted { Self.weight($0) < Self.weight($1) }
        var taken = Set<Cell2D>()
        for point in order { drawPoint(point, frame, &grid, glyphs, &taken) }
        for point in order.reversed() { drawLabel(point, frame, &grid, &taken) }
    }

    private struct Cell2D: Hashable {
        let x, y: Int
    }

    private static func weight(_ point: ScatterPoint) -> Int {
        (point.isSelected ? 2 : 0) + (point.isOnFront ? 1 : 0)
    }

    private static func style(_ point: ScatterPoint) -> Style {
        let style = point.isOnFront ? Style(.front) : Style(.dominated)
        return point.isSelected ? style.reverse : style
    }

    private func drawPoint(
        _ point: ScatterPoint, _ frame: PlotFrame, _ grid: inout CellGrid, _ glyphs: GlyphSet,
        _ taken: inout Set<Cell2D>
    ) {
        guard let x = frame.column(point.x), let y = frame.row(point.y) else { return }
        let symbol: Symbol = point.isSelected ? .selected : point.isOnFront ? .front : .dominated
        grid.put(glyphs.symbol(symbol), x: x, y: y, style: Self.style(point), in: frame.plot)
        taken.insert(Cell2D(x: x, y: y))
    }

    /// Writes the label at the first place beside the point where it covers no point and no other label.
    ///
    /// The cells to its left and right stay free of others, too, so that labels do not run together.
    private func drawLabel(
        _ point: ScatterPoint, _ frame: PlotFrame, _ grid: inout CellGrid, _ taken: inout Set<Cell2D>
    ) {
        guard let x = frame.column(point.x), let y = frame.row(point.y) else { return }
        let width = cellWidth(point.label)
        guard width > 0, width <= frame.plot.width else { return }
        let places = [(x + 1, y), (x - width, y), (x - width / 2, y - 1), (x - width / 2, y + 1)]
        for (left, row) in places {
            let cells = (left..<left + width).map { Cell2D(x: $0, y: row) }
            guard frame.plot.contains(x: left, y: row), frame.plot.contains(x: left + width - 1, y: row),
                taken.isDisjoint(with: cells)
            else { continue }
            let own = Cell2D(x: x, y: y)
            let edges = [Cell2D(x: left - 1, y: row), Cell2D(x: left + width, y: row)]
            guard edges.allSatisfy({ $0 == own || !taken.contains($0) }) else { continue }
            grid.write(point.label, x: left, y: row, style: Self.style(point), in: frame.plot)
            taken.formUnion(cells)
            return
        }
    }
}
