internal import Runs
internal import TerminalUI

extension Painter {
    /// What held-out images say of the model through each unit: in full precision, rounded to the nearest codes,
    /// calibrated, and as this run has made it.
    mutating func drawHeldOut(
        _ baseline: HeldOutBaseline, _ measure: HeldOutMeasure, _ run: RunProgress, in area: Rect
    ) {
        let parts = area.rows([.share(1), .fixed(area.height >= 8 ? 2 : 1)])
        func value(_ evaluation: Evaluation?) -> Double {
            (measure == .top1 ? evaluation?.top1 : evaluation?.kl) ?? .nan
        }
        func text(_ value: Double) -> String {
            guard value.isFinite else { return "" }
            return measure == .top1
                ? QuantityText.fixed(value, decimals: 2) + " %" : QuantityText.measure(value)
        }
        // A chart that is narrow has a legend of names alone; the values are below it.
        func label(_ name: String, _ value: Double) -> String {
            area.width < 64 ? name : "\(name)  \(text(value))"
        }
        func series(_ name: String, _ role: Role, _ evaluations: [Evaluation?]) -> ChartSeries {
            let last = evaluations.compactMap(\.self).last
            return ChartSeries(
                label: label(name, value(last)), style: Style(role),
                points: evaluations.enumerated().map {
                    ChartPoint(x: Double($0.offset + 1), y: value($0.element))
                })
        }
        let count = Double(max(2, run.units.count))
        var all: [ChartSeries] = []
        if measure == .top1 {
            let full = value(baseline.fullPrecision)
            all.append(
                ChartSeries(
                    label: label("full precision", full), style: Style(.dominated),
                    points: [ChartPoint(x: 1, y: full), ChartPoint(x: count, y: full)]))
        }
        if let rounded = baseline.roundedToNearest { all.append(series("to nearest", .local, rounded)) }
        let calibrated = baseline.roundedToNearest == nil ? "calibrated, to nearest" : "calibrated"
        all.append(series(calibrated, .comparison, baseline.calibrated))
        all.append(series("this run", .curve, run.units.map { $0.report?.heldOut }))
        LineChart(
            series: all, xRange: 1...count,
            yScale: measure == .kl && state.chart.isLogarithmicY ? .log : .linear,
            cursor: state.shownUnit.map { Double($0 + 1) }
        ).draw(into: &grid, in: parts[0], glyphs: glyphs)
        drawHeldOutUnit(baseline, run, in: parts[1])
    }

    /// The numbers of the unit that is looked at: both measures of every model.
    private mutating func drawHeldOutUnit(_ baseline: HeldOutBaseline, _ run: RunProgress, in area: Rect) {
        guard let index = state.shownUnit else { return }
        func text(_ evaluation: Evaluation?) -> String {
            guard let evaluation else { return "–" }
            let top1 = evaluation.top1.map { "\(QuantityText.fixed($0, decimals: 2)) % " } ?? ""
            return "\(top1)KL \(QuantityText.measure(evaluation.kl))"
        }
        func known(_ evaluations: [Evaluation]?) -> Evaluation? {
            evaluations.flatMap { $0.indices.contains(index) ? $0[index] : nil }
        }
        let first = [
            LinePiece("through \(run.units[index].name)", Style.text.bold, rank: 0),
            LinePiece("this run \(text(run.units[index].report?.heldOut))", Style(.curve), rank: 1),
        ]
        let second = [
            LinePiece("calibrated \(text(known(baseline.calibrated)))", Style(.comparison), rank: 2),
            LinePiece(
                baseline.roundedToNearest.map { "to nearest \(text(known($0)))" } ?? "", Style(.local),
                rank: 3),
        ]
        let lines = area.height > 1 ? [first, second] : [first + second]
        for (index, pieces) in lines.enumerated() {
            var x = area.x
            for piece in LinePiece.fitting(pieces, width: area.width, gap: 3) {
                x += grid.write(piece.spans, x: x, y: area.y + index, in: area) + 3
            }
        }
    }
}
