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
                "the loss relative to the calibrated unit, every term as measured, or held-out top-1 or KL by unit",
                hint: "view", rank: 22, liveHint: { $0.hint(of: $0.nextLossView) },
                .perform(
                    unless: { $0.nextLossView == $0.lossView ? "there is nothing else to show yet" : nil }
                ) { $0.showNextLossView() })
        ]
    }

    func edges(isVertical: Bool, in mode: Layout.Mode) -> [(PanelSplits.Split, isBefore: Bool)] {
        isVertical ? [(.columns, false), (.list, false)] : [(.charts, true), (.tabbedLog, true)]
    }

    func title(_ state: WorkbenchState) -> String {
        if state.showsResult { return "result" }
        guard state.showsCurve, state.shownUnit != nil else { return "" }
        return state.isUnitPinned ? "\(state.shownName)  \(state.pinnedText)" : state.shownName
    }

    func notes(_ state: WorkbenchState) -> [String] {
        guard !state.showsResult, let run = state.run, state.shownUnit != nil else { return [] }
        if let measure = state.shownHeldOut {
            let images = QuantityText.count(run.heldOutImages ?? 0)
            let name = measure == .top1 ? "top-1 %" : "KL nats"
            return ["\(name) on \(images) held-out images", "\(name), held out"]
        }
        guard let chart = LossChart(state) else { return [] }
        // Where the title has tabs, the first line of the chart has the verdict.
        guard Layout(state).tabs.isEmpty else { return [chart.axisText] }
        let (cursor, warning) = (chart.cursorText, chart.axisWarning)
        let verdicts = chart.verdicts
        let forms: [[String?]] =
            [[cursor, verdicts.first, chart.axisText]] + verdicts.map { [cursor, $0, warning] }
            + [[cursor, warning], [cursor]]
        return forms.map { $0.compactMap(\.self).joined(separator: "   ") }
    }

    func click(x: Int, y: Int, in area: Rect, _ state: inout WorkbenchState) {
        if let unit = Multiples(state, in: area).frames.firstIndex(where: { $0.contains(x: x, y: y) }) {
            state.choose(unit: unit)
        }
    }

    func place(at column: Int, in area: Rect, _ state: WorkbenchState) -> Double? {
        guard state.showsCurve, let chart = LossChart(state) else { return nil }
        return chart.chart.x(
            atColumn: column, in: ReconstructionParts(state, in: area).chart, glyphs: state.glyphs
        ).map { $0 / Double(chart.curves.steps) }
    }

    func draw(in area: Rect, on canvas: inout Canvas) {
        let state = canvas.state
        guard let run = state.run else { return }
        if let measure = state.shownHeldOut {
            return HeldOutView(baseline: run.heldOut, measure: measure, run: run).draw(in: area, on: &canvas)
        }
        if state.showsResult { return ResultView(run: run).draw(in: area, on: &canvas) }
        if case .preparing(let activity, let done, let total) = run.phase {
            return drawPreparation(activity, done: done, total: total, in: area, on: &canvas)
        }
        guard let index = state.shownUnit else { return }
        let parts = ReconstructionParts(state, in: area)
        guard let chart = LossChart(state) else {
            drawHeadline([], run.units[index].name, in: parts.headline, on: &canvas)
            return canvas.explain(missingCurve(run.units[index]), in: area)
        }
        drawHeadline(chart.verdicts, run.units[index].name, chart.cursorText, in: parts.headline, on: &canvas)
        chart.chart.draw(into: &canvas.grid, in: parts.chart, glyphs: canvas.glyphs)
        chart.drawRate(in: parts.rate, below: parts.chart, on: &canvas)
        Multiples(state, in: area).draw(run, on: &canvas)
    }

    /// The unit and its verdict in a line, where the title has no room.
    private func drawHeadline(
        _ verdicts: [String], _ name: String, _ cursor: String? = nil, in row: Rect, on canvas: inout Canvas
    ) {
        guard !row.isEmpty else { return }
        let pinned = canvas.state.isUnitPinned ? canvas.state.pinnedText : ""
        let used = [name, cursor ?? "", pinned].filter { !$0.isEmpty }.reduce(0) { $0 + cellWidth($1) + 3 }
        let verdict = verdicts.first { cellWidth($0) + used <= row.width } ?? verdicts.last ?? ""
        canvas.write(
            [
                LinePiece(name, Style.text.bold, rank: 0), LinePiece(verdict, rank: 2),
                LinePiece(cursor ?? "", Style(.keyHint), rank: 3), LinePiece(pinned, Style(.warn), rank: 1),
            ], in: row, gap: 3)
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
}

/// Where the parts of the reconstruction panel are.
struct ReconstructionParts: Equatable {
    /// The unit and its verdict; empty where the title has them.
    let headline: Rect
    let chart: Rect
    /// The strip of the learning rate; empty without room.
    let rate: Rect

    init(_ state: WorkbenchState, in area: Rect) {
        let hasHeadline = !Layout(state).tabs.isEmpty && area.height >= 6
        let parts = area.rows([
            .fixed(hasHeadline ? 1 : 0), .share(1), .fixed(area.height >= 9 ? 1 : 0),
            .fixed(Multiples(state, in: area).height),
        ])
        (headline, chart, rate) = (parts[0], parts[1], parts[2])
    }
}

extension WorkbenchState {
    /// Whether the reconstruction panel shows the result: at the end, until a unit or another view is chosen.
    var showsResult: Bool {
        guard run?.hasEnded == true, chosenUnit == nil else { return false }
        return shownHeldOut == nil
    }

    /// Whether the reconstruction panel shows a curve over steps.
    var showsCurve: Bool {
        shownHeldOut == nil && !showsResult
    }

    /// The held-out measure that is shown by unit; nil in the other views.
    var shownHeldOut: HeldOutMeasure? {
        guard case .heldOut(let measure) = lossView, run?.heldOutMeasures.contains(measure) == true else {
            return nil
        }
        return measure
    }

    /// Shows the next view, and asks for the baselines that it draws if they are missing.
    fileprivate mutating func showNextLossView() -> [WorkbenchEffect] {
        lossView = nextLossView
        guard shownHeldOut != nil, let run, run.heldOut == nil, !run.hasEnded, !run.hasAskedForBaselines
        else {
            return []
        }
        self.run?.hasAskedForBaselines = true
        return [.send(.measureBaselines)]
    }

    /// The name of the unit shown.
    var shownName: String { shownUnit.flatMap { run?.units[$0].name } ?? "" }

    /// Says that charts do not follow the run, and what makes them.
    var pinnedText: String { "pinned, \(key(.back)) follows the run" }

    /// The views that there are, in the order of the key.
    private var lossViews: [LossView] {
        var views: [LossView] = [.ratio]
        // The result has no terms.
        if !(run?.hasEnded == true && chosenUnit == nil) { views.append(.terms) }
        return views + (run?.heldOutMeasures ?? []).map(LossView.heldOut)
    }

    /// What the key shows next.
    var nextLossView: LossView {
        let views = lossViews
        let index = views.firstIndex(of: lossView) ?? 0
        return views[(index + 1) % views.count]
    }

    /// A view in the footer.
    func hint(of view: LossView) -> String {
        switch view {
        case .ratio: run?.hasEnded == true && chosenUnit == nil ? "result" : "loss"
        case .terms: "all terms"
        case .heldOut(.top1): "held-out top-1"
        case .heldOut(.kl): "held-out KL"
        }
    }
}
