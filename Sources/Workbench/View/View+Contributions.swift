internal import Runs
internal import TerminalUI
internal import Vocabulary

extension Painter {
    mutating func drawContributions(in area: Rect) {
        guard let run = state.run else { return }
        guard let index = state.shownUnit, let curves = run.units[index].curves else {
            return explain(
                "The shares of block, global and local supervision appear here, step by step.", in: area)
        }
        let series = state.showsGradients ? curves.gradients : curves.weighted
        guard let latest = series.latest else {
            return explain(
                "Gradient norms are measured every few steps; none has been measured yet.", in: area)
        }
        let cursor = cursorStep(curves.steps)
        let parts = ContributionParts(curves, in: area)
        drawShares(
            (cursor.flatMap { series.values(nearest: $0) } ?? latest).shares, in: parts.legend)
        shares(curves)?.draw(into: &grid, in: parts.shares, glyphs: glyphs)
        drawCosines(curves, in: parts.cosines)
        drawOperators(curves, in: parts.operators)
    }

    /// The chart of what is chosen to be shown.
    func shares(_ curves: UnitCurves) -> StackedShares? {
        let series = state.showsGradients ? curves.gradients : curves.weighted
        return StackedShares(
            samples: series.samples, xRange: stepRange(curves.steps), xScale: stepScale,
            cursor: cursorStep(curves.steps))
    }

    /// The latest shares, which are the legend, too.
    private mutating func drawShares(_ shares: Terms, in row: Rect) {
        let roles: [Role] = [.block, .global, .local]
        let isNarrow = row.width < 38
        // Three letters tell the terms apart where their names do not fit.
        let letters = row.width < 33 ? 3 : 6
        var spans: [TextSpan] = []
        for (index, term) in Term.allCases.enumerated() {
            let value = shares[term].map {
                "\(QuantityText.fixed($0 * 100, decimals: 0))\(isNarrow ? "%" : " %")"
            }
            spans.append(TextSpan("\(glyphs.fills[index])", Style(roles[index])))
            spans.append(TextSpan("\(isNarrow ? "" : " ")\(term.rawValue.prefix(letters)) "))
            spans.append(TextSpan(value ?? "off", value == nil ? .muted : Style.text.bold))
            spans.append(TextSpan(isNarrow ? " " : "  "))
        }
        grid.write(spans, x: row.x, y: row.y, in: row)
    }
}
