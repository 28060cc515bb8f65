internal import Runs
internal import TerminalUI

extension Painter {
    // MARK: - Reconstruction

    /// Whether the result stands in the reconstruction panel: at the end, until a unit is looked at.
    var showsResult: Bool { (state.run?.hasEnded ?? false) && state.chosenUnit == nil }

    /// What the reconstruction panel says at the right of its title, the longest form first.
    var reconstructionNotes: [String] {
        guard let run = state.run, let unit = state.shownUnit else { return [] }
        guard let chart = lossChart(run, unit) else { return [run.units[unit].name] }
        var axis = "linear-y"
        if state.isLogarithmic {
            axis = chart.yAxis.scale == .linear ? "log-y not possible" : "log-y"
        }
        let smoothing = WorkbenchState.smoothings[state.smoothing]
        let smooth = smoothing > 0 ? "  smooth \(QuantityText.decimals(smoothing))" : ""
        return ["\(run.units[unit].name)  \(axis)\(smooth)", "\(axis)\(smooth)", axis]
    }

    mutating func drawReconstruction(in area: Rect) {
        guard let run = state.run else { return }
        if showsResult { return drawResult(run, in: area) }
        if case .preparing(let activity, let done, let total) = run.phase {
            return drawPreparation(activity, done: done, total: total, in: area)
        }
        guard let index = state.shownUnit else { return }
        let unit = run.units[index]
        guard let chart = lossChart(run, index) else {
            return explain(missingCurve(unit), in: area)
        }
        chart.draw(into: &grid, in: area, glyphs: glyphs)
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

    /// The curve of a unit over that of the unit before it; nil without one.
    ///
    /// Losses of units further away differ by magnitudes, and would flatten the curve that matters.
    private func lossChart(_ run: RunProgress, _ index: Int) -> LineChart? {
        let unit = run.units[index]
        guard let curves = unit.curves else { return nil }
        var series: [ChartSeries] = []
        if let before = run.units[..<index].last(where: { $0.curves != nil }), let other = before.curves {
            series.append(
                ChartSeries(
                    label: label(of: before), style: Style(.comparison),
                    points: smoothed(other.loss.points)))
        }
        series.append(
            ChartSeries(
                label: label(of: unit), style: Style(.curve), points: smoothed(curves.loss.points),
                band: curves.loss.band))
        return LineChart(
            series: series, xRange: 0...Double(curves.steps), yScale: state.isLogarithmic ? .log : .linear)
    }

    private func label(of unit: UnitProgress) -> String {
        let value = unit.isFinished ? unit.report?.finalLoss : unit.curves?.loss.latest?.y
        return "\(unit.name)  \(value.map { QuantityText.measure($0) } ?? "")"
    }

    /// The exponential mean of points, corrected for its start; gaps stay.
    private func smoothed(_ points: [ChartPoint]) -> [ChartPoint] {
        let past = WorkbenchState.smoothings[state.smoothing]
        guard past > 0 else { return points }
        var (mean, weight) = (0.0, 0.0)
        return points.map { point in
            guard point.y.isFinite else { return point }
            mean = past * mean + (1 - past) * point.y
            weight = past * weight + (1 - past)
            return ChartPoint(x: point.x, y: mean / weight)
        }
    }

    // MARK: - Contributions

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
        drawShares(ContributionShares(latest), in: area.row(0))
        StackedShares(samples: series.samples, xRange: 0...Double(curves.steps)).draw(
            into: &grid, in: Rect(x: area.x, y: area.y + 1, width: area.width, height: area.height - 1),
            glyphs: glyphs)
    }

    /// The latest shares, which are the legend, too.
    private mutating func drawShares(_ shares: ContributionShares, in row: Rect) {
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
