internal import Runs
internal import TerminalUI

extension Painter {
    /// Whether held-out images have labels.
    func isJudgedByTop1(_ baseline: HeldOutBaseline) -> Bool { baseline.fullPrecision.top1 != nil }

    /// What held-out images say of the model through each unit: calibrated alone, and as it is.
    mutating func drawHeldOut(_ baseline: HeldOutBaseline, _ run: RunProgress, in area: Rect) {
        let parts = area.rows([.share(1), .fixed(1)])
        let isTop1 = isJudgedByTop1(baseline)
        func value(_ evaluation: Evaluation?) -> Double {
            (isTop1 ? evaluation?.top1 : evaluation?.kl) ?? .nan
        }
        func points(_ evaluations: [Evaluation?]) -> [ChartPoint] {
            evaluations.enumerated().map { ChartPoint(x: Double($0.offset + 1), y: value($0.element)) }
        }
        let measured = run.units.map { $0.report?.heldOut }
        let count = Double(max(2, run.units.count))
        func label(_ name: String, _ last: Double) -> String {
            let text = isTop1 ? QuantityText.fixed(last, decimals: 2) + " %" : QuantityText.measure(last)
            return "\(name)  \(last.isFinite ? text : "")"
        }
        var series = [
            ChartSeries(
                label: label("calibrated", value(baseline.calibrated.last)), style: Style(.comparison),
                points: points(baseline.calibrated))
        ]
        if isTop1 {
            let full = value(baseline.fullPrecision)
            series.insert(
                ChartSeries(
                    label: label("full precision", full), style: Style(.dominated),
                    points: [ChartPoint(x: 1, y: full), ChartPoint(x: count, y: full)]), at: 0)
        }
        let latest = measured.compactMap(\.self).last
        series.append(
            ChartSeries(
                label: label("this run", value(latest)), style: Style(.curve), points: points(measured)))
        LineChart(
            series: series, xRange: 1...count, yScale: !isTop1 && state.chart.isLogarithmicY ? .log : .linear,
            cursor: state.shownUnit.map { Double($0 + 1) }
        ).draw(into: &grid, in: parts[0], glyphs: glyphs)
        drawHeldOutUnit(baseline, run, in: parts[1])
    }

    /// The numbers of the unit that is looked at.
    private mutating func drawHeldOutUnit(_ baseline: HeldOutBaseline, _ run: RunProgress, in row: Rect) {
        guard let index = state.shownUnit else { return }
        func text(_ evaluation: Evaluation?) -> String {
            guard let evaluation else { return "–" }
            let top1 = evaluation.top1.map { "\(QuantityText.fixed($0, decimals: 2)) % " } ?? ""
            return "\(top1)KL \(QuantityText.measure(evaluation.kl))"
        }
        let calibrated = baseline.calibrated.indices.contains(index) ? baseline.calibrated[index] : nil
        let pieces = [
            LinePiece("through \(run.units[index].name)", Style.text.bold, rank: 0),
            LinePiece("this run \(text(run.units[index].report?.heldOut))", Style(.curve), rank: 1),
            LinePiece("calibrated \(text(calibrated))", Style(.comparison), rank: 2),
        ]
        var x = row.x
        for piece in LinePiece.fitting(pieces, width: row.width, gap: 3) {
            x += grid.write(piece.spans, x: x, y: row.y, in: row) + 3
        }
    }
}
