internal import ChartScale
internal import RunText
internal import Runs
internal import Vocabulary

extension ReportPage {
    /// How much each supervision term decided in each unit; nil where no step was probed.
    var contributions: Markup? {
        let all = (run.summary?.units ?? []).enumerated().compactMap { index, unit in
            run.chosenAttempt(of: index)?.curves.map { (name: unit.name, curves: $0) }
        }
        let shares = all.compactMap { unit in unit.curves.gradientShares.map { (unit.name, $0) } }
        guard !shares.isEmpty else { return nil }
        let bars = SharesDrawing(title: "share of each term in the gradient, unit by unit", rows: shares)
        let pairs = TermPair.allCases.filter { pair in all.contains { $0.curves.cosines[pair] != nil } }
        let rows = all.map { unit -> [Markup] in
            ["\(unit.name)"]
                + pairs.map { pair -> Markup in
                    guard let cosine = unit.curves.cosines[pair].flatMap({ mean($0) }) else { return "–" }
                    let size = QuantityText.fixed(abs(cosine), decimals: 2)
                    return
                        "\(QuantityText.signed(cosine, size)) \(GradientAlignment(cosine: cosine).rawValue)"
                }
        }
        var result: Markup = """
            \(note("Each term's share of the gradient on the unit's parameters, mean over the probed steps: what decides where "
                + "the weights go."))\(bars.markup)
            """
        if !pairs.isEmpty {
            let table = MarkupTable(
                columns: [.init("unit")]
                    + pairs.map { .init("\($0.first.rawValue) · \($0.second.rawValue)") },
                rows: rows)
            result += """
                <h3>Do the terms pull the same way?</h3>
                \(note("Cosines between the gradients of two terms, mean over the probed steps."))\(table.markup)
                """
        }
        return result
    }

    private func mean(_ series: SeriesBins) -> Double? {
        let known = series.points.map(\.y).filter(\.isFinite)
        return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
    }

    /// What pairs of bit-widths reach; nil without a sweep.
    var sweep: Markup? {
        guard !run.sweep.isEmpty else { return nil }
        let front = SweepFront(run.sweep)
        let points = run.sweep.map { point in
            ScatterDrawing.Point(
                name: BitsText.label(point.weightBits, point.activationBits), x: SweepFront.cost(of: point),
                y: point.evaluation.kl, isOnFront: front.contains(point))
        }
        let frame = ChartFrame(
            x: Axis(fitting: points.map(\.x), scale: .log), y: Axis(fitting: points.map(\.y), scale: .log),
            xTitle: "bit operations, % of W8A8", yTitle: "KL, nats")
        let scatter = ScatterDrawing(
            title: "KL against bit operations, and the points that are worth their cost", points: points,
            frame: frame, isMoreBetter: false)
        return """
            \(note("Framed points are worth their cost: none is at least as good with at most their bit operations and weight "
                + "bits, and better in one."))\
            <div class="charts"><figure><h4>KL, nats</h4>\(heat(front))</figure>\(scatter.markup)</div>

            """
    }

    /// Weight bits × activation bits.
    private func heat(_ front: SweepFront) -> Markup {
        let weights = Set(front.points.map(\.weightBits)).sorted(by: >)
        let activations = Set(front.points.map(\.activationBits)).sorted()
        let most = front.points.map(\.evaluation.kl).filter(\.isFinite).max() ?? 1
        let heads = activations.map { bits -> Markup in "<th scope=\"col\">A\(bits)</th>" }
        let rows = weights.map { weightBits -> Markup in
            let cells = activations.map { activationBits -> Markup in
                guard
                    let point = front.points.first(where: {
                        ($0.weightBits, $0.activationBits) == (weightBits, activationBits)
                    })
                else { return "<td>–</td>" }
                let kl = point.evaluation.kl
                return heatCell(
                    "\(QuantityText.measure(kl))", share: most > 0 ? (max(0, kl) / most).squareRoot() : 0,
                    isFramed: front.contains(point))
            }
            return "<tr><th scope=\"row\">W\(weightBits)</th>\(cells)</tr>"
        }
        return """
            <div class="scroll"><table class="heat"><thead><tr><th></th>\(heads)</tr></thead><tbody>\(rows)</tbody></table></div>
            """
    }

    /// A cell of a heat map; `share` is 0 through 1.
    func heatCell(_ content: Markup, share: Double, isFramed: Bool = false) -> Markup {
        let share = share.isFinite ? min(1, max(0, share)) : 0
        let kind: Markup = isFramed ? " class=\"front\"" : ""
        return "<td\(kind) style=\"--t:\(NumberText.fixed(share, decimals: 2))\">\(content)</td>"
    }
}
