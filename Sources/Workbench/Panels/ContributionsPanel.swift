internal import ChartScale
internal import RunText
internal import Runs
internal import TerminalUI
internal import Vocabulary

/// How much each supervision term decides: over the steps of a unit, or unit by unit.
struct ContributionsPanel: PanelContent {
    let name = "Contributions"
    let shortName = "Contrib"
    let context = KeyContext.contributions
    let action = Action.showContributions

    var keys: [KeyBinding] {
        [
            KeyBinding(
                .tryWithout, ["a"], [.contributions],
                "try the unit without its global or local term, and compare both attempts",
                hint: "try without a term", rank: 6, liveHint: \.trialHint,
                .change(unless: \.obstacleToTrying) { $0.openTrial() })
        ]
    }

    func edges(isVertical: Bool, in mode: Layout.Mode) -> [(PanelSplits.Split, isBefore: Bool)] {
        isVertical ? [(.middle, true), (.list, false)] : [(.charts, false), (.tabbedLog, true)]
    }

    func notes(_ state: WorkbenchState) -> [String] {
        guard !state.showsAllUnits else { return ["mean share of the gradient, all units", "all units"] }
        let what = state.contributionView == .losses ? "weighted losses" : "share of the gradient"
        return [
            "\(state.shownName)  \(what)", what, state.contributionView == .losses ? "losses" : "gradient",
        ]
    }

    func click(x: Int, y: Int, in area: Rect, _ state: inout WorkbenchState) {
        guard state.showsAllUnits, let run = state.run else { return }
        if let unit = UnitsOverview(run: run).unit(at: y, in: area, state) { state.choose(unit: unit) }
    }

    func place(at column: Int, in area: Rect, _ state: WorkbenchState) -> Double? {
        guard !state.showsAllUnits, let curves = state.shownCurves else { return nil }
        let parts = ContributionParts(curves, in: area)
        return chart(curves, state, parts).x(atColumn: column, in: parts.chart, glyphs: state.glyphs)
            .map { $0 / Double(curves.steps) }
    }

    func draw(in area: Rect, on canvas: inout Canvas) {
        let state = canvas.state
        if state.showsAllUnits, let run = state.run {
            return UnitsOverview(run: run).draw(in: area, on: &canvas)
        }
        guard let curves = state.shownCurves else {
            return canvas.explain(
                "The share of each supervision term in the gradient appears here, step by step.", in: area)
        }
        let parts = ContributionParts(curves, in: area)
        guard let latest = series(curves, state).latest else {
            return canvas.explain(
                "The share of the gradient is measured every few steps; it has not been measured yet.",
                in: area)
        }
        let values = state.chart.cursorStep(curves.steps).flatMap {
            series(curves, state).values(nearest: $0)
        }
        drawLegend(values ?? latest, state, in: parts.legend, on: &canvas)
        drawAbsence(curves, in: parts.absence, on: &canvas)
        chart(curves, state, parts).draw(into: &canvas.grid, in: parts.chart, glyphs: canvas.glyphs)
        let detail = ContributionDetail(curves: curves, chart: state.chart, parts: parts)
        detail.drawCosines(on: &canvas)
        detail.drawOperators(on: &canvas)
        detail.drawSteps(on: &canvas)
    }

    private func series(_ curves: UnitCurves, _ state: WorkbenchState) -> TermSeries {
        state.contributionView == .losses ? curves.weighted : curves.gradients
    }

    /// Shares in percent, or weighted losses, as lines.
    private func chart(
        _ curves: UnitCurves, _ state: WorkbenchState, _ parts: ContributionParts
    ) -> LineChart {
        let isLosses = state.contributionView == .losses
        let shares = curves.gradients.shares
        // The first term is drawn last and covers the others.
        let all = Term.allCases.reversed().compactMap { term -> ChartSeries? in
            guard series(curves, state).latest?[term] != nil else { return nil }
            let points =
                isLosses
                ? state.chart.smoothed(curves.weighted.points(of: term), steps: curves.steps)
                : shares[term].map { ChartPoint(x: $0.x, y: $0.y * 100) }
            return ChartSeries(
                label: "", endLabel: term.rawValue, style: Style(term.role), points: points)
        }
        return LineChart(
            series: all, xRange: state.chart.stepRange(curves.steps), xScale: state.chart.stepScale,
            yScale: isLosses ? state.chart.lossScale : .linear, yRange: isLosses ? nil : 0...100,
            hasLegend: false, cursor: state.chart.cursorStep(curves.steps), labelWidth: parts.labelWidth,
            rightMargin: parts.rightMargin, showsX: !parts.hasCommonSteps)
    }

    /// The names of the terms, with their values at the cursor or the latest ones.
    private func drawLegend(
        _ values: Terms, _ state: WorkbenchState, in row: Rect, on canvas: inout Canvas
    ) {
        let shares = values.shares
        let losses = QuantityText.measures(Term.allCases.map { values[$0] ?? 0 })
        // The chart has the terms that are on in reverse order.
        let drawn = Array(Term.allCases.filter { values[$0] != nil }.reversed())
        /// The legend, with terms' names cut to a length, with or without spaces inside.
        func spans(letters: Int, gap: String, isTight: Bool) -> [TextSpan] {
            Term.allCases.enumerated().flatMap { index, term in
                let value =
                    state.contributionView == .losses
                    ? values[term].map { _ in losses[index] } : shares[term].map(Self.percent)
                let mark = drawn.firstIndex(of: term).map {
                    "\(LineChart.legendMark(of: $0, glyphs: canvas.glyphs))\(isTight ? "" : " ")"
                }
                let text = value.map { isTight ? $0.replacing(" %", with: "%") : $0 } ?? "off"
                return [
                    TextSpan(mark ?? "", Style(term.role)),
                    TextSpan("\(term.rawValue.prefix(letters)) "),
                    TextSpan(text, value == nil ? .muted : Style.text.bold), TextSpan(gap),
                ]
            }
        }
        let forms = [
            spans(letters: 6, gap: "   ", isTight: false), spans(letters: 6, gap: " ", isTight: false),
            spans(letters: 6, gap: " ", isTight: true), spans(letters: 3, gap: " ", isTight: true),
        ]
        // The gap after the last one needs no room.
        let fitting = forms.first { LinePiece($0, rank: 0).width <= row.width + 1 }
        canvas.write(fitting ?? spans(letters: 1, gap: " ", isTight: true), in: row)
    }

    /// A share: `79 %`, below a percent with a decimal.
    static func percent(_ share: Double) -> String {
        let percent = share * 100
        guard percent > 0 else { return "0 %" }
        return percent < 0.05
            ? "<0.1 %" : "\(QuantityText.fixed(percent, decimals: percent < 0.95 ? 1 : 0)) %"
    }

    /// Why terms are off, in a line.
    private func drawAbsence(_ curves: UnitCurves, in row: Rect, on canvas: inout Canvas) {
        guard !row.isEmpty else { return }
        let long = ContributionParts.absence(curves)
        let text = cellWidth(long) <= row.width ? long : ContributionParts.absence(curves, isShort: true)
        canvas.write(canvas.glyphs.cut(text, row.width), in: row, style: .muted)
    }
}

/// Where the parts of the contributions panel are.
struct ContributionParts: Equatable {
    /// The line of the terms.
    let legend: Rect
    /// The line that says why a term is off; empty if all are on.
    let absence: Rect
    /// The chart of the terms.
    let chart: Rect
    /// The cosines between gradients, in a line or two, or over a chart of them; empty if none was measured or there is no room.
    let cosines: Rect
    /// The local losses by operator; empty if none was measured or there is no room.
    let operators: Rect
    /// The axis of steps of all charts; empty if only one chart has steps, which then has its own.
    let steps: Rect
    /// The columns of labels left of every chart.
    let labelWidth: Int
    /// The columns right of every chart.
    let rightMargin: Int

    /// Whether all charts have one axis of steps.
    var hasCommonSteps: Bool { !steps.isEmpty }

    /// Divides the panel: a low one has one line and three lines, a tall one charts over the same steps.
    init(_ curves: UnitCurves, in area: Rect) {
        let isTall = area.height >= 18 && area.width >= 40
        let hasCosines = !curves.cosines.isEmpty && area.height >= 7
        let hasOperators = !curves.operators.isEmpty && area.height >= 10
        let hasAbsence = !Self.absence(curves).isEmpty && area.height >= 6
        // What cosines mean stands below them where it has no room beside them.
        let needsTwoRows = area.width < 60 && area.height >= 11 && curves.cosines.count > 1
        let strips = isTall ? min(curves.operators.count + 1, area.height * 2 / 5) : area.height >= 11 ? 3 : 2
        let parts = area.rows([
            .fixed(1), .fixed(hasAbsence ? 1 : 0), .share(1),
            .fixed(hasCosines ? isTall ? max(5, area.height / 5) : needsTwoRows ? 2 : 1 : 0),
            .fixed(hasOperators ? strips : 0), .fixed(isTall && (hasCosines || hasOperators) ? 1 : 0),
        ])
        (legend, absence, chart, cosines) = (parts[0], parts[1], parts[2], parts[3])
        (operators, steps) = (parts[4], parts[5])
        (labelWidth, rightMargin) = isTall ? (9, 10) : (0, 0)
    }

    /// Why terms are off, in a sentence or in its short form; empty if none is.
    static func absence(_ curves: UnitCurves, isShort: Bool = false) -> String {
        let reasons = Term.allCases.compactMap { term in
            curves.absence(of: term).map { (term: term.rawValue, reason: isShort ? $0.short : $0.long) }
        }
        guard let first = reasons.first else { return "" }
        // Both are off at the head, for the same reason.
        let same = reasons.filter { $0.reason == first.reason }.map(\.term)
        let others = reasons.filter { $0.reason != first.reason }
        let names = isShort ? same.joined(separator: ", ") : same.joined(separator: " or ") + " term"
        return "no \(names): \(first.reason)"
            + others.map { isShort ? "; \($0.reason)" : "; no \($0.term) term: \($0.reason)" }.joined()
    }
}

extension WorkbenchState {
    /// Whether contributions are shown unit by unit: on request, and with the result of a run.
    var showsAllUnits: Bool {
        contributionView == .units
            || contributionView == .gradient && run?.hasEnded == true && chosenUnit == nil
    }

    /// The views of the contributions, in the order of the key.
    private var contributionViews: [ContributionView] {
        // At the end the shares of all units take the place of those of the last one.
        run?.hasEnded == true && chosenUnit == nil ? [.gradient, .losses] : ContributionView.allCases
    }

    mutating func showNextContributions() {
        let views = contributionViews
        let index = views.firstIndex(of: contributionView) ?? views.count - 1
        contributionView = views[(index + 1) % views.count]
    }

    var nextContributionHint: String {
        var next = self
        next.showNextContributions()
        if next.showsAllUnits { return "all units" }
        return next.contributionView == .losses ? "weighted losses" : "gradient"
    }
}
