internal import ChartScale

/// The axes of a chart and the area of its plot.
struct PlotFrame {
    let x: Axis
    let y: Axis
    /// The area of the curves.
    let plot: Rect

    /// Draws both axes into `area` as far as there is room for them.
    ///
    /// Labels of the vertical axis need 16 columns and two rows, the horizontal axis needs four rows.
    ///
    /// - Parameters:
    ///   - x: The horizontal axis.
    ///   - y: The vertical axis.
    ///   - area: Where to draw.
    ///   - labelWidth: The least room for labels of the vertical axis, which lines charts up below one another.
    ///   - showsX: Whether the horizontal axis is drawn.
    ///   - xNames: The names of 1, 2 and so on of the horizontal axis.
    ///   - grid: The frame.
    ///   - glyphs: The glyphs to draw with.
    init(
        x: Axis, y: Axis, in area: Rect, labelWidth: Int = 0, showsX: Bool = true, xNames: [String] = [],
        of grid: inout CellGrid, glyphs: GlyphSet
    ) {
        self.x = x
        self.y = y
        let hasBottom = showsX && area.height >= 4 && area.width >= 8
        let rows = area.height - (hasBottom ? 1 : 0)
        let ticks = y.ticks(count: max(2, rows / 2))
        let labels = max(labelWidth, ticks.map { cellWidth($0.label) }.max() ?? 0)
        let hasLeft = area.width >= 16 && area.height >= 2 && labels + 8 <= area.width
        let left = hasLeft ? labels + 1 : 0
        plot = Rect(x: area.x + left, y: area.y, width: area.width - left, height: rows)
        guard !plot.isEmpty else { return }
        if hasLeft { drawVertical(ticks, width: labels, in: area, of: &grid, glyphs: glyphs) }
        if hasBottom {
            AxisRow(axis: x, hasCorner: hasLeft, names: xNames).draw(
                into: &grid, in: Rect(x: plot.x, y: area.endY - 1, width: plot.width, height: 1),
                glyphs: glyphs)
        }
    }

    /// Places axes without drawing them.
    init(
        x: Axis, y: Axis, in area: Rect, labelWidth: Int = 0, showsX: Bool = true, glyphs: GlyphSet
    ) {
        var grid = CellGrid(width: 0, height: 0)
        self.init(
            x: x, y: y, in: area, labelWidth: labelWidth, showsX: showsX, of: &grid, glyphs: glyphs)
    }

    /// The value of x at a column; nil beside the plot.
    func x(atColumn column: Int) -> Double? {
        guard column >= plot.x, column < plot.endX else { return nil }
        return x.value(at: Double(column - plot.x) / Double(max(1, plot.width - 1)))
    }

    /// The row of a value, or nil for gaps and values outside the axis.
    func row(_ value: Double) -> Int? {
        guard let position = y.position(value), position > -1e-9, position < 1 + 1e-9 else { return nil }
        return plot.endY - 1 - Int((position * Double(plot.height - 1)).rounded())
    }

    /// The column of a value, or nil for gaps and values outside the axis.
    func column(_ value: Double) -> Int? {
        guard let position = x.position(value), position > -1e-9, position < 1 + 1e-9 else { return nil }
        return plot.x + Int((position * Double(plot.width - 1)).rounded())
    }

    /// Draws a line through points, as fine as the glyphs allow.
    ///
    /// - Parameters:
    ///   - points: The points; a value outside an axis's domain is a gap.
    ///   - mark: What stands for a dot in ASCII.
    ///   - style: How the line looks.
    ///   - grid: The frame.
    ///   - glyphs: The glyphs to draw with.
    func drawLine(
        _ points: some Sequence<ChartPoint>, mark: Unicode.Scalar, style: Style, into grid: inout CellGrid,
        glyphs: GlyphSet
    ) {
        var drawn = emptyCanvas(glyphs)
        drawLine(points, mark: mark, style: style, into: &grid, glyphs: glyphs, over: &drawn)
    }

    /// A layer that covers the plot.
    func emptyCanvas(_ glyphs: GlyphSet) -> DotCanvas {
        DotCanvas(columns: plot.width, rows: plot.height, glyphs: glyphs)
    }

    /// Draws a line through points over other lines, whose dots stay in the cells that it shares with them.
    func drawLine(
        _ points: some Sequence<ChartPoint>, mark: Unicode.Scalar, style: Style, into grid: inout CellGrid,
        glyphs: GlyphSet, over drawn: inout DotCanvas
    ) {
        var canvas = emptyCanvas(glyphs)
        var last: (x: Double, y: Double)?
        for point in points {
            guard let x = x.position(point.x), let y = y.position(point.y) else {
                last = nil
                continue
            }
            let dot = canvas.dot(x, y)
            canvas.line(from: last ?? dot, to: dot)
            last = dot
        }
        drawn.merge(canvas)
        draw(canvas, dots: drawn, mark: mark, style: style, into: &grid, glyphs: glyphs)
    }

    /// Draws the dots of a layer that covers the plot.
    ///
    /// - Parameters:
    ///   - canvas: Decides which cells are drawn.
    ///   - dots: The dots of these cells; nil takes those of the layer itself.
    ///   - mark: What stands for a dot in ASCII.
    ///   - style: How the cells look.
    ///   - grid: The frame.
    ///   - glyphs: The glyphs to draw with.
    func draw(
        _ canvas: DotCanvas, dots: DotCanvas? = nil, mark: Unicode.Scalar, style: Style,
        into grid: inout CellGrid, glyphs: GlyphSet
    ) {
        for row in 0..<canvas.rows {
            for column in 0..<canvas.columns where canvas.hasDot(column: column, row: row) {
                let cell = (dots ?? canvas).glyph(column: column, row: row, glyphs: glyphs, ascii: mark)
                guard let cell else { continue }
                grid.put(cell, x: plot.x + column, y: plot.y + row, style: style, in: plot)
            }
        }
    }

    /// Marks a place by a vertical line through the plot.
    func drawCursor(at value: Double?, into grid: inout CellGrid, glyphs: GlyphSet) {
        guard let value, let column = column(value) else { return }
        for row in plot.y..<plot.endY {
            grid.put(glyphs.cursor, x: column, y: row, style: Style(.axis), in: plot)
        }
    }

    private func drawVertical(
        _ ticks: [Axis.Tick], width: Int, in area: Rect, of grid: inout CellGrid, glyphs: GlyphSet
    ) {
        let line = area.x + width
        for row in plot.y..<plot.endY {
            grid.put(glyphs.box.vertical, x: line, y: row, style: Style(.axis), in: area)
        }
        var lastRow: Int?
        for tick in ticks {
            guard let row = row(tick.value), lastRow.map({ abs($0 - row) > 1 }) ?? true else { continue }
            let label = fitted(tick.label, width: width, alignment: .trailing)
            grid.write(label, x: area.x, y: row, style: Style(.axis), in: area)
            grid.put(glyphs.box.verticalTick, x: line, y: row, style: Style(.axis), in: area)
            lastRow = row
        }
    }
}
