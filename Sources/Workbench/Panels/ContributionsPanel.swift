internal import ChartScale
internal import RunText
internal import Runs
internal import TerminalUI
internal import Vocabulary

/// The share of each supervision term.
struct ContributionsPanel: PanelContent {
    let name = "Contributions"
    let shortName = "Contrib"
    let context = KeyContext.contributions
    let action = Action.showContributions

    func edges(isVertical: Bool, in mode: Layout.Mode) -> [(PanelSplits.Split, isBefore: Bool)] {
        isVertical ? [(.middle, true), (.list, false)] : [(.charts, false), (.tabbedLog, true)]
    }

    func notes(_ state: WorkbenchState) -> [String] {
        state.showsGradients ? ["gradient norm", "grad"] : ["weighted loss", "loss"]
    }

    func place(at column: Int, in area: Rect, _ state: WorkbenchState) -> Double? {
        guard let curves = state.shownCurves else { return nil }
        return sharesChart(curves, state).x(
            atColumn: column, in: ContributionParts(curves, in: area).shares, glyphs: state.glyphs
        ).map { $0 / Double(curves.steps) }
    }

    func draw(in area: Rect, on canvas: inout Canvas) {
        let state = canvas.state
        guard let curves = state.shownCurves else {
            return canvas.explain(
                "The shares of the supervision terms appear here, step by step.", in: area)
        }
        let series = series(curves, state)
        guard let latest = series.latest else {
            return canvas.explain(
                "Gradient norms are measured every few steps; none has been measured yet.", in: area)
        }
        let parts = ContributionParts(curves, in: area)
        let values = state.chart.cursorStep(curves.steps).flatMap { series.values(nearest: $0) }
        drawShares((values ?? latest).shares, in: parts.legend, on: &canvas)
        sharesChart(curves, state).draw(into: &canvas.grid, in: parts.shares, glyphs: canvas.glyphs)
        let detail = ContributionDetail(curves: curves, chart: state.chart)
        detail.drawCosines(in: parts.cosines, on: &canvas)
        detail.drawOperators(in: parts.operators, on: &canvas)
    }

    private func series(_ curves: UnitCurves, _ state: WorkbenchState) -> TermSeries {
        state.showsGradients ? curves.gradients : curves.weighted
    }

    private func sharesChart(_ curves: UnitCurves, _ state: WorkbenchState) -> StackedShares {
        StackedShares(
            samples: series(curves, state).samples, xRange: state.chart.stepRange(curves.steps),
            xScale: state.chart.stepScale, cursor: state.chart.cursorStep(curves.steps))
    }

    /// The shares at the cursor or the latest ones, which are also the legend.
    private func drawShares(_ shares: Terms, in row: Rect, on canvas: inout Canvas) {
        let isNarrow = row.width < 38
        // Three letters tell the terms apart where their names do not fit.
        let letters = row.width < 33 ? 3 : 6
        let spans = Term.allCases.flatMap { term in
            let value = shares[term].map {
                "\(QuantityText.fixed($0 * 100, decimals: 0))\(isNarrow ? "%" : " %")"
            }
            return [
                TextSpan("\(term.fill(canvas.glyphs))", Style(term.role)),
                TextSpan("\(isNarrow ? "" : " ")\(term.rawValue.prefix(letters)) "),
                TextSpan(value ?? "off", value == nil ? .muted : Style.text.bold),
                TextSpan(isNarrow ? " " : "  "),
            ]
        }
        canvas.write(spans, in: row)
    }
}

/// Where the parts of the contributions panel are.
struct ContributionParts: Equatable {
    /// The line of the shares.
    let legend: Rect
    /// The chart of shares.
    let shares: Rect
    /// The cosines between gradients; empty if none was measured or there is no room.
    let cosines: Rect
    /// The local losses by operator; empty if none was measured or there is no room.
    let operators: Rect

    /// Divides the panel: a low one has one line and two lines, a tall one a chart and a line for each operator.
    init(_ curves: UnitCurves, in area: Rect) {
        let isTall = area.height >= 18 && area.width >= 40
        let hasCosines = !curves.cosines.isEmpty && area.height >= 7
        let hasOperators = !curves.operators.isEmpty && area.height >= 10
        let parts = area.rows([
            .fixed(1), .share(1), .fixed(hasCosines ? isTall ? max(7, area.height / 4) : 1 : 0),
            .fixed(hasOperators ? isTall ? min(curves.operators.count + 1, area.height * 2 / 5) : 2 : 0),
        ])
        (legend, shares, cosines, operators) = (parts[0], parts[1], parts[2], parts[3])
    }
}
