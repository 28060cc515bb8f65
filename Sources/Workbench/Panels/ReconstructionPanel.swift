internal import ChartScale
internal import RunText
internal import Runs
internal import TerminalUI

/// The block loss over the steps of a unit; held-out measures by unit; at the end, the result.
struct ReconstructionPanel: PanelContent {
    let name = "Reconstruction"
    let shortName = "Recon"
    let context = KeyContext.reconstruction
    let action = Action.showReconstruction

    var keys: [KeyBinding] {
        [
            KeyBinding(
                .heldOut, ["v"], [.reconstruction],
                "the steps of a unit, or top-1 or KL of held-out images by unit", hint: "held out", rank: 22,
                liveHint: {
                    switch $0.heldOutMeasure {
                    case nil: "held out"
                    case .top1: "held-out KL"
                    case .kl: "steps"
                    }
                },
                .change(unless: {
                    $0.run?.heldOut == nil ? "no held-out images have been measured" : nil
                }) { $0.showNextHeldOutMeasure() })
        ]
    }

    func edges(isVertical: Bool, in mode: Layout.Mode) -> [(PanelSplits.Split, isBefore: Bool)] {
        isVertical ? [(.columns, false), (.list, false)] : [(.charts, true), (.tabbedLog, true)]
    }

    func title(_ state: WorkbenchState) -> String { state.showsResult ? "result" : "" }

    func notes(_ state: WorkbenchState) -> [String] {
        guard !state.showsResult, let run = state.run, let unit = state.shownUnit else { return [] }
        if let measure = state.heldOutMeasure, let baseline = run.heldOut {
            let images = baseline.fullPrecision.images
            let name = measure == .top1 ? "top-1 %" : "KL nats"
            return ["\(name) on \(images) held-out images", "\(name), held out"]
        }
        guard let chart = lossChart(state, run, unit) else { return [run.units[unit].name] }
        var axis = "linear-y"
        if state.chart.isLogarithmicY {
            axis = chart.yAxis.scale == .linear ? "log-y not possible" : "log-y"
        }
        if let step = state.chart.cursorStep(run.units[unit].curves?.steps ?? 0) {
            axis = "step \(Int(step.rounded()))  \(axis)"
        }
        if state.chart.isLogarithmicX { axis += " log-x" }
        if state.chart.isZoomed { axis += " zoomed" }
        let smoothing = ChartView.smoothings[state.chart.smoothing]
        let smooth = smoothing > 0 ? "  smooth \(QuantityText.decimals(smoothing))" : ""
        return ["\(run.units[unit].name)  \(axis)\(smooth)", "\(axis)\(smooth)", axis]
    }

    func click(x: Int, y: Int, in area: Rect, _ state: inout WorkbenchState) {
        if let unit = Multiples(state, in: area).frames.firstIndex(where: { $0.contains(x: x, y: y) }) {
            state.choose(unit: unit)
        }
    }

    func place(at column: Int, in area: Rect, _ state: WorkbenchState) -> Double? {
        guard !state.showsResult, let run = state.run, let index = state.shownUnit,
            let curves = run.units[index].curves
        else { return nil }
        return lossChart(state, run, index)?.x(atColumn: column, in: area, glyphs: state.glyphs).map {
            $0 / Double(curves.steps)
        }
    }

    func draw(in area: Rect, on canvas: inout Canvas) {
        let state = canvas.state
        guard let run = state.run else { return }
        if state.showsResult { return ResultView(run: run).draw(in: area, on: &canvas) }
        if let measure = state.heldOutMeasure, let baseline = run.heldOut {
            return HeldOutView(baseline: baseline, measure: measure, run: run).draw(in: area, on: &canvas)
        }
        if case .preparing(let activity, let done, let total) = run.phase {
            return drawPreparation(activity, done: done, total: total, in: area, on: &canvas)
        }
        guard let index = state.shownUnit else { return }
        guard let chart = lossChart(state, run, index) else {
            return canvas.explain(missingCurve(run.units[index]), in: area)
        }
        let multiples = Multiples(state, in: area)
        let parts = area.rows([.share(1), .fixed(multiples.height)])
        chart.draw(into: &canvas.grid, in: parts[0], glyphs: canvas.glyphs)
        multiples.draw(run, on: &canvas)
    }

    private func drawPreparation(
        _ activity: String, done: Int, total: Int, in area: Rect, on canvas: inout Canvas
    ) {
        let middle = area.height / 2
        let row = Rect(x: area.x, y: area.y + middle - 1, width: area.width, height: 1)
        if total > 1 {
            ProgressBar(label: activity, fraction: Double(done) / Double(total)).draw(
                into: &canvas.grid,
                in: row.centered(width: min(area.width - 4, 60), height: 1).intersection(area),
                glyphs: canvas.glyphs)
        } else {
            canvas.explain(activity, in: row)
        }
        canvas.explain(
            "The block loss of each unit appears here, step by step, when its reconstruction begins.",
            in: area.droppingRows(middle + 1))
    }

    private func missingCurve(_ unit: UnitProgress) -> String {
        switch unit.phase {
        case .waiting: "\(unit.name) has not begun. Its block loss appears here, step by step."
        case .calibrating: "Calibrating \(unit.name): searching the ranges of its quantizers."
        case .running: "The first step of \(unit.name) has not been measured yet."
        case .done, .reverted: "\(unit.name) was calibrated but not reconstructed: its steps are 0."
        }
    }

    /// The curve of a unit over those that it is compared with; nil without one.
    ///
    /// These are its calibrated state, the previous attempts, and one other unit: the pinned one or the previous one.
    /// Losses of more distant units differ by magnitudes and would flatten the curve that matters.
    private func lossChart(_ state: WorkbenchState, _ run: RunProgress, _ index: Int) -> LineChart? {
        let (unit, view) = (run.units[index], state.chart)
        guard let curves = unit.curves else { return nil }
        let steps = curves.steps
        func series(_ name: String, _ curves: UnitCurves, _ style: Style, hasBand: Bool = false)
            -> ChartSeries
        {
            var value = curves.loss.latest?.y
            if let place = view.cursor {
                value = curves.loss.bin(nearest: place * Double(curves.steps))?.bin.mean
            }
            let factor = Double(steps) / Double(curves.steps)
            let points = curves.loss.points
            return ChartSeries(
                label: "\(name)  \(value.map { QuantityText.measure($0) } ?? "")", style: style,
                points: view.smoothed(
                    curves.steps == steps ? points : points.map { ChartPoint(x: $0.x * factor, y: $0.y) }),
                band: hasBand ? curves.loss.band : [])
        }
        var all: [ChartSeries] = []
        if let calibrated = unit.report?.calibratedLoss {
            all.append(
                ChartSeries(
                    label: "calibrated  \(QuantityText.measure(calibrated))", style: Style(.dominated),
                    points: [ChartPoint(x: 0.5, y: calibrated), ChartPoint(x: Double(steps), y: calibrated)]))
        }
        let others = unit.otherCurves.suffix(2)
        all += others.map { series("attempt \($0.attempt)", $0.curves, Style(.front).dim) }
        if others.isEmpty || view.pinned != nil, let other = comparedUnit(view.pinned, run, index),
            let curves = other.curves
        {
            all.append(series(other.name, curves, Style(.comparison)))
        }
        let name = others.isEmpty ? unit.name : "attempt \(unit.attempt)"
        all.append(series(name, curves, Style(.curve), hasBand: true))
        return LineChart(
            series: all, xRange: view.stepRange(steps), xScale: view.stepScale, yScale: view.lossScale,
            cursor: view.cursorStep(steps))
    }

    private func comparedUnit(_ pinned: Int?, _ run: RunProgress, _ index: Int) -> UnitProgress? {
        if let pinned, pinned != index, run.units.indices.contains(pinned) { return run.units[pinned] }
        return run.units[..<index].last { $0.curves != nil }
    }
}

extension WorkbenchState {
    /// Whether the reconstruction panel shows the result: at the end, until a unit is chosen.
    var showsResult: Bool { run?.hasEnded == true && chosenUnit == nil }

    /// Shows steps, then top-1 of held-out images if they have labels, then their KL.
    fileprivate mutating func showNextHeldOutMeasure() {
        let hasLabels = run?.heldOut?.fullPrecision.top1 != nil
        heldOutMeasure =
            switch heldOutMeasure {
            case nil: hasLabels ? .top1 : .kl
            case .top1: .kl
            case .kl: nil
            }
    }
}
