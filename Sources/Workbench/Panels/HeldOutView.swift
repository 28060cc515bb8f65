internal import ChartScale
internal import RunText
internal import Runs
internal import TerminalUI
internal import Vocabulary

/// A held-out measure of the model through each unit: in full precision, rounded to nearest, calibrated, and as this
/// run has made it.
struct HeldOutView {
    /// The other models; nil while they are not measured.
    let baseline: HeldOutBaseline?
    let measure: HeldOutMeasure
    let run: RunProgress

    func draw(in area: Rect, on canvas: inout Canvas) {
        let parts = area.rows([.share(1), .fixed(area.height >= 8 ? 2 : 1)])
        func value(_ evaluation: Evaluation?) -> Double {
            (measure == .top1 ? evaluation?.top1 : evaluation?.kl) ?? .nan
        }
        let count = max(2, run.units.count)
        var curves: [(name: String, role: Role, values: [Double])] = []
        if measure == .top1, let baseline {
            let full = value(baseline.fullPrecision)
            curves.append(("full precision", .dominated, Array(repeating: full, count: count)))
        }
        if let rounded = baseline?.roundedToNearest {
            curves.append(("to nearest", Term.local.role, rounded.map(value)))
        }
        if let baseline {
            let calibrated = baseline.roundedToNearest == nil ? "calibrated, to nearest" : "calibrated"
            curves.append((calibrated, .comparison, baseline.calibrated.map(value)))
        }
        curves.append(("this run", .curve, run.units.map { value($0.report?.heldOut) }))
        // All are read at the unit shown.
        let shown = curves.map { curve in
            canvas.state.shownUnit.flatMap { curve.values.indices.contains($0) ? curve.values[$0] : nil }
                ?? .nan
        }
        let texts =
            measure == .top1
            ? shown.map { QuantityText.fixed($0, decimals: 2) + ($0.isFinite ? " %" : "") }
            : QuantityText.measures(shown)
        let all = zip(curves, texts).map { curve, text in
            // In a narrow chart the values are only below it.
            ChartSeries(
                label: area.width < 64 ? curve.name : "\(curve.name)  \(text)", style: Style(curve.role),
                points: curve.values.enumerated().map {
                    ChartPoint(x: Double($0.offset + 1), y: $0.element)
                })
        }
        LineChart(
            series: all, xRange: 1...Double(count),
            yScale: measure == .kl ? canvas.state.chart.lossScale : .linear,
            cursor: canvas.state.shownUnit.map { Double($0 + 1) }, xNames: run.units.map(\.name)
        ).draw(into: &canvas.grid, in: parts[0], glyphs: canvas.glyphs)
        drawValues(in: parts[1], on: &canvas)
    }

    /// Both measures of every model, at the unit shown.
    private func drawValues(in area: Rect, on canvas: inout Canvas) {
        guard let index = canvas.state.shownUnit else { return }
        func evaluation(_ evaluations: [Evaluation]?) -> Evaluation? {
            evaluations.flatMap { $0.indices.contains(index) ? $0[index] : nil }
        }
        let unit = run.units[index]
        let models = [
            unit.report?.heldOut, evaluation(baseline?.calibrated), evaluation(baseline?.roundedToNearest),
        ]
        let divergences = QuantityText.measures(models.map { $0?.kl ?? 0 })
        let texts = zip(models, divergences).map { model, kl in
            guard let model else { return "–" }
            let top1 = model.top1.map { "\(QuantityText.fixed($0, decimals: 2)) % " } ?? ""
            return "\(top1)KL \(kl)"
        }
        let change = models[0].flatMap { own in
            models[1].flatMap { QuantityText.change(from: $0.kl, to: own.kl) }
        }
        let first = [
            LinePiece("through \(unit.name)", Style.text.bold, rank: 0),
            LinePiece("this run \(texts[0])", Style(.curve), rank: 1),
            LinePiece(change.map { "KL \($0) against calibrated" } ?? "", rank: 4),
        ]
        let missing = LinePiece(run.missingBaselinesText, .muted, rank: 2)
        let second =
            baseline == nil
            ? [missing]
            : [
                LinePiece("calibrated \(texts[1])", Style(.comparison), rank: 2),
                LinePiece(
                    models[2] == nil ? "" : "to nearest \(texts[2])", Style(Term.local.role), rank: 3),
            ]
        let lines = area.height > 1 ? [first, second] : [first + second]
        for (index, pieces) in lines.enumerated() {
            canvas.write(pieces, in: area.row(index), gap: 3)
        }
    }
}
