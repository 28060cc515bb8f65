internal import TerminalUI

/// Small charts of all units below the large one, where the screen is large.
struct Multiples {
    /// The least screen that has room for them.
    static let least = ScreenSize(width: 160, height: 45)
    /// The places of the charts, in the order of the units.
    let frames: [Rect]
    /// The rows that they take.
    let height: Int

    /// Places the charts at the bottom of the reconstruction panel.
    init(_ state: WorkbenchState, in area: Rect) {
        let count = state.run?.units.count ?? 0
        let isLarge = state.size.width >= Self.least.width && state.size.height >= Self.least.height
        guard isLarge, count > 1, area.width >= 80, area.height >= 16 else {
            (frames, height) = ([], 0)
            return
        }
        let (width, rows) = (16, area.height >= 24 ? 4 : 3)
        let perLine = max(1, area.width / width)
        // Not more than half of the panel; the units beyond are in the list.
        let lines = min((count + perLine - 1) / perLine, max(1, area.height / 2 / rows))
        let total = lines * rows + 1
        let step = Double(area.width) / Double(perLine)
        frames = (0..<min(count, lines * perLine)).map { index in
            let left = Int((Double(index % perLine) * step).rounded())
            return Rect(
                x: area.x + left, y: area.endY - total + 1 + index / perLine * rows, width: Int(step) - 1,
                height: rows)
        }
        height = total
    }
}

extension Painter {
    mutating func draw(_ multiples: Multiples) {
        guard let run = state.run else { return }
        for (index, frame) in multiples.frames.enumerated() {
            let unit = run.units[index]
            let isShown = index == state.shownUnit
            let value = unit.loss.map { QuantityText.measure($0) } ?? ""
            let name = fitted(unit.name, width: frame.width - cellWidth(value) - 1, ellipsis: glyphs.ellipsis)
            let style = isShown ? Style(.selection) : unit.isFinished ? .text : .muted
            grid.write("\(name) \(value)", x: frame.x, y: frame.y, style: style, in: frame)
            let plot = Rect(x: frame.x, y: frame.y + 1, width: frame.width, height: frame.height - 1)
            guard let curves = unit.curves else {
                grid.write("\(glyphs.symbol(.waiting))", x: plot.x, y: plot.y, style: .muted, in: plot)
                continue
            }
            LineChart(
                series: [
                    ChartSeries(
                        label: "", style: isShown ? Style(.curve) : Style(.comparison),
                        points: smoothed(curves.loss.points))
                ], xRange: stepRange(curves.steps), xScale: stepScale,
                yScale: state.chart.isLogarithmicY ? .log : .linear, hasLegend: false,
                cursor: cursorStep(curves.steps)
            ).draw(
                into: &grid, in: Rect(x: plot.x, y: plot.y, width: min(15, plot.width), height: plot.height),
                glyphs: glyphs)
        }
    }
}
