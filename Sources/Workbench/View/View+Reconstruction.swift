internal import Runs
internal import TerminalUI

extension Painter {
    /// Whether the result stands in the reconstruction panel: at the end, until a unit is looked at.
    var showsResult: Bool { (state.run?.hasEnded ?? false) && state.chosenUnit == nil }

    /// What the reconstruction panel says at the right of its title, the longest form first.
    var reconstructionNotes: [String] {
        guard let run = state.run, let unit = state.shownUnit else { return [] }
        if let measure = state.heldOutMeasure, let baseline = run.heldOut {
            let images = baseline.fullPrecision.images
            let name = measure == .top1 ? "top-1 %" : "KL nats"
            return ["\(name) on \(images) held-out images", "\(name), held out"]
        }
        guard let chart = lossChart(run, unit) else { return [run.units[unit].name] }
        var axis = "linear-y"
        if state.chart.isLogarithmicY {
            axis = chart.yAxis.scale == .linear ? "log-y not possible" : "log-y"
        }
        if let step = cursorStep(run.units[unit].curves?.steps ?? 0) {
            axis = "step \(Int(step.rounded()))  \(axis)"
        }
        if state.chart.isLogarithmicX { axis += " log-x" }
        if state.chart.isZoomed { axis += " zoomed" }
        let smoothing = WorkbenchState.smoothings[state.chart.smoothing]
        let smooth = smoothing > 0 ? "  smooth \(QuantityText.decimals(smoothing))" : ""
        return ["\(run.units[unit].name)  \(axis)\(smooth)", "\(axis)\(smooth)", axis]
    }

    mutating func drawReconstruction(in area: Rect) {
        guard let run = state.run else { return }
        if showsResult { return drawResult(run, in: area) }
        if let measure = state.heldOutMeasure, let baseline = run.heldOut {
            return drawHeldOut(baseline, measure, run, in: area)
        }
        if case .preparing(let activity, let done, let total) = run.phase {
            return drawPreparation(activity, done: done, total: total, in: area)
        }
        guard let index = state.shownUnit else { return }
        let unit = run.units[index]
        guard let chart = lossChart(run, index) else {
            return explain(missingCurve(unit), in: area)
        }
        let multiples = Multiples(state, in: area)
        let parts = area.rows([.share(1), .fixed(multiples.height)])
        chart.draw(into: &grid, in: parts[0], glyphs: glyphs)
        draw(multiples)
    }

    private mutating func drawPreparation(_ activity: String, done: Int, total: Int, in area: Rect) {
        let middle = area.y + area.height / 2
        if total > 1 {
            let bar = ProgressBar(label: activity, fraction: Double(done) / Double(total))
            let width = min(area.width - 4, 60)
            let x = area.x + (area.width - width) / 2
            bar.draw(
                into: &grid, in: Rect(x: x, y: middle - 1, width: width, height: 1).intersection(area),
                glyphs: glyphs)
        } else {
            explain(activity, in: Rect(x: area.x, y: middle - 1, width: area.width, height: 1))
        }
        explain(
            "The block loss of each unit appears here, step by step, when its reconstruction begins.",
            in: Rect(x: area.x, y: middle + 1, width: area.width, height: area.endY - middle - 1))
    }

    private func missingCurve(_ unit: UnitProgress) -> String {
        switch unit.phase {
        case .waiting: "\(unit.name) has not begun. Its block loss appears here, step by step."
        case .calibrating: "\(unit.name) is being calibrated: the ranges of its quantizers are searched."
        case .running: "The first step of \(unit.name) has not been measured yet."
        case .done, .reverted: "\(unit.name) was calibrated and not reconstructed: its steps are 0."
        }
    }

    // MARK: - The chart

    /// The steps that are shown.
    func stepRange(_ steps: Int) -> ClosedRange<Double> {
        let (low, high) = (state.chart.shown.lowerBound, state.chart.shown.upperBound)
        let first = max(low * Double(steps), state.chart.isLogarithmicX ? 1 : 0)
        return first...max(first + 1, high * Double(steps))
    }

    /// How steps are divided.
    var stepScale: AxisScale { state.chart.isLogarithmicX ? .log : .linear }

    /// The step under the cursor.
    func cursorStep(_ steps: Int) -> Double? { state.chart.cursor.map { max(1, $0 * Double(steps)) } }

    /// The curve of a unit over those that it is compared with; nil without one.
    ///
    /// These are its calibrated state, the attempts before, and one other unit: the pinned one or the one before.
    /// Losses of units further away differ by magnitudes, and would flatten the curve that matters.
    private func lossChart(_ run: RunProgress, _ index: Int) -> LineChart? {
        let unit = run.units[index]
        guard let curves = unit.curves else { return nil }
        let steps = curves.steps
        var series: [ChartSeries] = []
        if let calibrated = unit.report?.calibratedLoss {
            series.append(
                ChartSeries(
                    label: "calibrated  \(QuantityText.measure(calibrated))", style: Style(.dominated),
                    points: [ChartPoint(x: 0.5, y: calibrated), ChartPoint(x: Double(steps), y: calibrated)]))
        }
        let others = unit.otherCurves.suffix(2)
        for (attempt, curves) in others {
            series.append(
                ChartSeries(
                    label: label("attempt \(attempt)", curves, steps), style: Style(.front).dim,
                    points: smoothed(stretched(curves.loss.points, from: curves.steps, to: steps))))
        }
        if others.isEmpty || state.chart.pinned != nil, let other = comparedUnit(run, index),
            let curves = other.curves
        {
            series.append(
                ChartSeries(
                    label: label(other.name, curves, steps), style: Style(.comparison),
                    points: smoothed(stretched(curves.loss.points, from: curves.steps, to: steps))))
        }
        series.append(
            ChartSeries(
                label: label(others.isEmpty ? unit.name : "attempt \(unit.attempt)", curves, steps),
                style: Style(.curve),
                points: smoothed(curves.loss.points),
                band: curves.loss.band))
        return LineChart(
            series: series, xRange: stepRange(steps), xScale: stepScale,
            yScale: state.chart.isLogarithmicY ? .log : .linear, cursor: cursorStep(steps))
    }

    /// The part of the steps at a column of the screen, for clicks on charts; nil beside them.
    func place(at column: Int, in area: Rect, of panel: Panel) -> Double? {
        guard let run = state.run, let index = state.shownUnit, let curves = run.units[index].curves else {
            return nil
        }
        if panel == .contributions {
            let chart = ContributionParts(curves, in: area).shares
            return shares(curves)?.x(atColumn: column, in: chart, glyphs: glyphs).map {
                $0 / Double(curves.steps)
            }
        }
        let chart = showsResult ? nil : lossChart(run, index)
        return chart?.x(atColumn: column, in: area, glyphs: glyphs).map { $0 / Double(curves.steps) }
    }

    private func comparedUnit(_ run: RunProgress, _ index: Int) -> UnitProgress? {
        if let pinned = state.chart.pinned, pinned != index, run.units.indices.contains(pinned) {
            return run.units[pinned]
        }
        return run.units[..<index].last { $0.curves != nil }
    }

    /// The points of an attempt with other steps, over the steps of the one that is shown.
    private func stretched(_ points: [ChartPoint], from: Int, to: Int) -> [ChartPoint] {
        guard from != to else { return points }
        let factor = Double(to) / Double(from)
        return points.map { ChartPoint(x: $0.x * factor, y: $0.y) }
    }

    /// A name with the value under the cursor, or the latest one.
    private func label(_ name: String, _ curves: UnitCurves, _ steps: Int) -> String {
        var value = curves.loss.latest?.y
        if let place = state.chart.cursor {
            value = curves.loss.bin(nearest: place * Double(curves.steps))?.bin.mean
        }
        return "\(name)  \(value.map { QuantityText.measure($0) } ?? "")"
    }

    /// The exponential mean of points, corrected for its start; gaps stay.
    func smoothed(_ points: [ChartPoint]) -> [ChartPoint] {
        let past = WorkbenchState.smoothings[state.chart.smoothing]
        guard past > 0 else { return points }
        var (mean, weight) = (0.0, 0.0)
        return points.map { point in
            guard point.y.isFinite else { return point }
            mean = past * mean + (1 - past) * point.y
            weight = past * weight + (1 - past)
            return ChartPoint(x: point.x, y: mean / weight)
        }
    }
}
