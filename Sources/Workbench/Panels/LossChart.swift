internal import ChartScale
internal import RunText
internal import Runs
internal import TerminalUI
internal import Vocabulary

/// The curves of one unit over its steps: the block loss relative to the calibrated unit, or every term.
struct LossChart {
    let state: WorkbenchState
    let run: RunProgress
    let unit: UnitProgress
    let curves: UnitCurves

    /// The chart of the unit shown; nil before its first step.
    init?(_ state: WorkbenchState) {
        guard let run = state.run, let index = state.shownUnit, let curves = run.units[index].curves else {
            return nil
        }
        (self.state, self.run, self.unit, self.curves) = (state, run, run.units[index], curves)
    }

    private var view: ChartView { state.chart }

    /// The step that curves are read at: that of the cursor, or the latest.
    var step: Double { view.cursorStep(curves.steps) ?? curves.loss.latest?.x ?? 0 }

    /// Whether terms are drawn as measured: on request, and where there is no loss to compare with.
    var showsTerms: Bool { state.lossView == .terms || curves.reference == nil }

    /// The chart.
    var chart: LineChart {
        showsTerms
            ? termsChart : ratioChart(curves.reference ?? UnitCurves.Reference(value: 1, isCalibrated: false))
    }

    /// The name of a curve and its value at the step that all curves are read at, or at its own last one before.
    private func label(_ name: String, _ points: [ChartPoint], _ text: (Double) -> String) -> String {
        guard let point = points.last(where: { $0.x <= step + 1 }) ?? points.first else { return name }
        let isOver = points.last.map { $0.x < step - 1 } ?? false
        return "\(name)  \(text(point.y))" + (isOver ? " at \(Int(point.x.rounded()))" : "")
    }

    /// The name of an attempt and its ratio: over the images it is scored on where it has ended, which a curve over batches is
    /// not, or as ``label(_:_:_:)``.
    private func label(_ name: String, _ curves: UnitCurves, _ points: [ChartPoint]) -> String {
        guard view.cursor == nil, let final = curves.finalLoss, let calibrated = curves.calibratedLoss,
            calibrated > 0
        else { return label(name, points, QuantityText.factor) }
        return "\(name)  kept \(QuantityText.factor(final / calibrated))"
    }

    // MARK: - The block loss

    private func ratioChart(_ reference: UnitCurves.Reference) -> LineChart {
        let main = view.smoothed(curves.ratios ?? [], steps: curves.steps)
        var others: [(label: String, points: [ChartPoint], style: Style)] = []
        if let compared = view.compared, run.units.indices.contains(compared),
            run.units[compared].name != unit.name, let other = run.units[compared].curves,
            let ratios = other.ratios
        {
            let points = view.smoothed(ratios, steps: other.steps)
            others.append((label(run.units[compared].name, other, points), points, Style(.comparison)))
        }
        for other in unit.otherCurves.suffix(2) {
            guard let ratios = other.curves.ratios else { continue }
            let points = view.smoothed(ratios, steps: other.curves.steps)
            others.append(
                (label("attempt \(other.attempt)", other.curves, points), points, Style(.front).dim))
        }
        let name = unit.otherCurves.isEmpty ? unit.name : "attempt \(unit.attempt)"
        let series =
            others.map { ChartSeries(label: $0.label, style: $0.style, points: $0.points) } + [
                ChartSeries(
                    label: others.isEmpty ? "" : label(name, curves, main), style: Style(.curve),
                    points: main, band: curves.ratioBand)
            ]
        let range = view.stepRange(curves.steps)
        return LineChart(
            series: series, xRange: range, xScale: view.stepScale, yScale: view.lossScale,
            yRange: UnitCurves.ratioRange(
                of: main, others: others.map(\.points), within: range, scale: view.lossScale),
            reference: ReferenceLine(1, label: reference.name, isBetterBelow: true),
            cursor: view.cursorStep(curves.steps), labelWidth: 4)
    }

    // MARK: - All terms

    private var termsChart: LineChart {
        let known = Term.allCases.filter { !curves.terms.points(of: $0).isEmpty }.reversed()
        let points = known.map { view.smoothed(curves.terms.points(of: $0), steps: curves.steps) }
        let series = zip(known, points).map { term, points in
            ChartSeries(
                label: label(term.rawValue, points, QuantityText.measure), style: Style(term.role),
                points: points)
        }
        let reference = curves.reference.map {
            ReferenceLine($0.value, label: "block, \($0.name)")
        }
        return LineChart(
            series: series, xRange: view.stepRange(curves.steps), xScale: view.stepScale,
            yScale: view.lossScale, reference: reference, cursor: view.cursorStep(curves.steps), labelWidth: 4
        )
    }

    // MARK: - Words

    /// Where the unit has come to, the longest form first.
    var verdicts: [String] {
        curves.verdicts(unit.report.flatMap { $0.attempt == unit.attempt ? $0 : nil })
    }

    /// The value at the cursor; nil without a cursor.
    var cursorText: String? {
        guard view.cursor != nil else { return nil }
        let step = "step \(Int(step.rounded()))"
        guard !showsTerms, let ratios = curves.ratios else { return step }
        let point = view.smoothed(ratios, steps: curves.steps).min {
            abs($0.x - self.step) < abs($1.x - self.step)
        }
        return point.map { "\(step): \(QuantityText.factor($0.y))" } ?? step
    }

    /// That values which are not positive have no logarithm; nil where the axis is as it was asked for.
    var axisWarning: String? {
        view.isLogarithmicY && chart.yAxis.scale == .linear ? "log-y not possible" : nil
    }

    /// How the chart is drawn: its axes and its smoothing.
    var axisText: String {
        var parts: [String] = []
        if showsTerms { parts.append("all terms") }
        parts.append(axisWarning ?? (view.isLogarithmicY ? "log-y" : "linear-y"))
        if view.isLogarithmicX { parts.append("log-x") }
        if view.isZoomed { parts.append("zoomed") }
        let smoothing = ChartView.smoothings[view.smoothing]
        if smoothing > 0 { parts.append("smooth \(QuantityText.decimals(smoothing))") }
        return parts.joined(separator: "  ")
    }

    // MARK: - The learning rate

    /// Draws the learning rate of each step below the chart that is drawn into `area`.
    func drawRate(in row: Rect, below area: Rect, on canvas: inout Canvas) {
        let chart = chart
        let plot = chart.plot(in: area, glyphs: canvas.glyphs)
        guard !row.isEmpty, plot.x - row.x >= 5 else { return }
        canvas.write("rate", in: row, style: Style(.axis))
        let (axis, ramp) = (Axis(chart.xRange, scale: chart.xScale), canvas.glyphs.ramp)
        for column in 0..<plot.width {
            let step = axis.value(at: Double(column) / Double(max(1, plot.width - 1)))
            // Where the head ended early, the steps of all units together come later.
            guard let share = curves.rateShare(at: step) else { continue }
            let factor = min(1, max(0, share))
            // The first glyph is a space: a rate above 0 has at least the second one.
            let index = factor > 0 ? 1 + min(ramp.count - 2, Int(factor * Double(ramp.count - 1))) : 0
            canvas.grid.put(
                ramp[index], x: plot.x + column, y: row.y,
                style: step <= (curves.loss.latest?.x ?? 0) ? Style(.axis) : Style(.axis).dim, in: row)
        }
    }
}
