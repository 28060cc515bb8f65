internal import ChartScale
internal import RunText
internal import TerminalUI

/// Small charts of all units below the large one, if the screen is large.
struct Multiples {
    /// The smallest screen that has room for them.
    static let least = ScreenSize(width: 160, height: 45)
    /// The places of the charts, in the order of the units.
    let frames: [Rect]
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
        // At most half of the panel; the list shows the other units.
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

    func draw(_ run: RunProgress, on canvas: inout Canvas) {
        let (view, glyphs) = (canvas.state.chart, canvas.glyphs)
        for (index, frame) in frames.enumerated() {
            let unit = run.units[index]
            let isShown = index == canvas.state.shownUnit
            let value = unit.ratio.map { QuantityText.factor($0) } ?? ""
            let name = fitted(unit.name, width: frame.width - cellWidth(value) - 1, ellipsis: glyphs.ellipsis)
            canvas.write(
                "\(name) \(value)", in: frame,
                style: isShown ? Style(.selection) : unit.isFinished ? .text : .muted)
            let plot = frame.droppingRows(1)
            guard let curves = unit.curves, let ratios = curves.ratios else {
                canvas.write("\(glyphs.symbol(.waiting))", in: plot, style: .muted)
                continue
            }
            let points = view.smoothed(ratios, steps: curves.steps)
            let series = ChartSeries(label: "", style: Style(isShown ? .curve : .comparison), points: points)
            let steps = view.stepRange(curves.steps)
            LineChart(
                series: [series], xRange: steps, xScale: view.stepScale, yScale: view.lossScale,
                yRange: UnitCurves.ratioRange(of: points, others: [], within: steps, scale: view.lossScale),
                reference: ReferenceLine(1, label: ""), hasLegend: false,
                cursor: view.cursorStep(curves.steps)
            ).draw(
                into: &canvas.grid,
                in: Rect(x: plot.x, y: plot.y, width: min(15, plot.width), height: plot.height),
                glyphs: glyphs)
        }
    }
}
