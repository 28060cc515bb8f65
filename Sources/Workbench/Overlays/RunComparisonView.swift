internal import ChartScale
internal import RunText
internal import Runs
internal import TerminalUI
internal import Vocabulary

/// Runs side by side: their curves on one chart, and a table of what differs and what they reach.
struct RunComparisonView: Overlay {
    let runs: [ComparedRun]
    private var unit = 0
    /// Whether the chart shows held-out KL through each unit instead of the loss over the steps of one unit.
    private var showsUnits = false
    /// The list that the runs were marked in.
    private let list: RunsView?

    init(runs: [ComparedRun], list: RunsView? = nil) {
        (self.runs, self.list) = (runs, list)
    }

    static let keys: [KeyBinding] = [
        KeyBinding(
            .comparisonMeasure, ["v"], [.comparison],
            "the loss of a unit, or the held-out KL through each unit",
            hint: "loss/KL", rank: 1,
            .on(Self.self) { view, _ in
                view.showsUnits.toggle()
                return []
            }),
        KeyBinding(
            .closeComparison, [.escape, "q"], [.comparison], "go back to the list of runs",
            hint: "list of runs",
            rank: 8,
            .on(Self.self) { view, state in
                state.overlay = view.list
                return []
            }),
    ]

    var context: KeyContext { .comparison }

    /// The units that all runs have.
    private var unitNames: [String] {
        guard let first = runs.first else { return [] }
        return first.progress.units.map(\.name).filter { name in
            runs.allSatisfy { $0.progress.units.contains { $0.name == name } }
        }
    }

    func obstacle(to move: Move, in state: WorkbenchState) -> String? {
        if showsUnits { return "the chart shows all units; \(state.key(.comparisonMeasure)) shows one" }
        if move.isBackward { return unit == 0 ? "this is the first unit" : nil }
        return unit + 1 >= unitNames.count ? "this is the last unit that all runs have" : nil
    }

    mutating func move(_ move: Move, in state: inout WorkbenchState) -> [WorkbenchEffect] {
        unit = move.target(from: unit, count: unitNames.count)
        return []
    }

    // MARK: - Drawing

    private static func style(_ index: Int) -> Style {
        let roles: [Role] = [.curve, .series1, .series2, .series3, .comparison, .front]
        return Style(roles[index % roles.count])
    }

    /// The runs by short names: the last parts of their folders.
    private var names: [String] {
        runs.map { lastPart(of: $0.directory) }
    }

    func draw(on canvas: inout Canvas) {
        let area = canvas.grid.drawBox(
            canvas.layout.screen, title: "Runs side by side", trailing: "\(runs.count)", focused: true,
            glyphs: canvas.glyphs
        ).inset(columns: 1, rows: 0)
        let lines = lines(canvas.glyphs)
        let table = min(lines.count + 1, max(4, area.height - 9))
        let parts = area.rows([.fixed(1), .share(1), .fixed(table), .fixed(1)])
        drawChart(title: parts[0], in: parts[1], on: &canvas)
        drawTable(lines, in: parts[2], on: &canvas)
        canvas.writeKeys(
            [.comparisonMeasure] + (showsUnits ? [] : [.before, .next]) + [.closeComparison], in: parts[3])
    }

    /// Draws the curves; the first run's comes last, which covers the others and leads the legend, as in the list.
    private func drawChart(title: Rect, in area: Rect, on canvas: inout Canvas) {
        let names = names
        if showsUnits {
            canvas.write(
                "KL on held-out images through each unit, nats; less is better", in: title, style: .muted)
            let series = runs.enumerated().map { index, run in
                ChartSeries(
                    label: names[index], style: Self.style(index),
                    points: run.progress.units.enumerated().map {
                        ChartPoint(x: Double($0.offset + 1), y: $0.element.report?.heldOut?.kl ?? .nan)
                    })
            }
            guard series.contains(where: { $0.points.contains { $0.y.isFinite } }) else {
                return canvas.explain("No run has measured held-out images.", in: area)
            }
            let count = runs.map(\.progress.units.count).max() ?? 2
            let longest = runs.map(\.progress.units).max { $0.count < $1.count } ?? []
            LineChart(
                series: series.reversed(), xRange: 1...Double(max(2, count)), yScale: .log,
                xNames: longest.map(\.name)
            )
            .draw(into: &canvas.grid, in: area, glyphs: canvas.glyphs)
            return
        }
        let units = unitNames
        guard units.indices.contains(unit) else {
            return canvas.explain("The runs have no unit in common.", in: area)
        }
        canvas.write(
            "block loss of \(units[unit]) (\(unit + 1)/\(units.count)) over its steps; less is better",
            in: title,
            style: .muted)
        let curves = runs.map { run in run.progress.units.first { $0.name == units[unit] }?.curves }
        guard curves.contains(where: { $0 != nil }) else {
            return canvas.explain("\(units[unit]) was reconstructed in none of the runs.", in: area)
        }
        let steps = curves.compactMap { $0?.steps }.max() ?? 2
        let chart = canvas.state.chart
        let series = curves.enumerated().compactMap { index, curves in
            curves.map {
                ChartSeries(
                    label: names[index], style: Self.style(index),
                    points: chart.smoothed($0.loss.points, steps: $0.steps))
            }
        }
        LineChart(series: series.reversed(), xRange: 0...Double(steps), yScale: chart.lossScale)
            .draw(into: &canvas.grid, in: area, glyphs: canvas.glyphs)
    }

    /// A measure or a setting of every run.
    private struct Line {
        let name: String
        let values: [String]
    }

    private func lines(_ glyphs: GlyphSet) -> [Line] {
        let reports = runs.map(\.facts.report)
        func final(_ text: (Evaluation) -> String?) -> [String] {
            reports.map { $0?.final.flatMap(text) ?? "–" }
        }
        func verdict(_ difference: PairedDifference?, isLess: Bool, isBelowFloor: Bool = false) -> String {
            guard let difference else { return "–" }
            let verdict = isLess ? difference.verdictOfLess : difference.verdict
            let word =
                switch verdict {
                case .better: "better"
                case .worse: "worse"
                case .undecided: "no significant difference"
                }
            return QuantityText.signed(difference.mean, QuantityText.measure(abs(difference.mean)))
                + " \(glyphs.plusMinus)"
                + "\(QuantityText.measure(difference.halfWidth)) \(word)"
                + (isBelowFloor ? ", below the noise floor" : "")
        }
        func isBelowFloor(_ run: ComparedRun) -> Bool {
            run.kl?.isBelow(run.facts.report?.noiseFloor, runs[0].facts.report?.noiseFloor) == true
        }
        var lines = [
            Line(
                name: "top-1 %", values: final { $0.top1.map { QuantityText.fixed($0, decimals: 2) } }),
            Line(name: "  against 1, points", values: runs.map { verdict($0.top1, isLess: false) }),
            Line(name: "KL, nats", values: final { QuantityText.measure($0.kl) }),
            Line(
                name: "  against 1, nats",
                values: runs.map { verdict($0.kl, isLess: true, isBelowFloor: isBelowFloor($0)) }),
            Line(
                name: "KL, held out",
                values: reports.map { $0?.units.last?.heldOut.map { QuantityText.measure($0.kl) } ?? "–" }),
            Line(name: "size", values: reports.map { $0.map { QuantityText.bytes($0.bytes) } ?? "–" }),
            Line(name: "time", values: reports.map { $0.map { QuantityText.duration($0.seconds) } ?? "–" }),
        ]
        func differing(_ name: String, _ value: (RunPlan) -> String) {
            let values = runs.map { value($0.facts.plan) }
            if Set(values).count > 1 { lines.append(Line(name: name, values: values)) }
        }
        differing("model") { lastPart(of: $0.model) }
        differing("preset", \.preset.rawValue)
        differing("seed") { String($0.seed) }
        differing("calibration images") { String($0.calibrationImages) }
        for field in HyperparameterField.all { differing(field.key) { field.value(in: $0.hyperparameters) } }
        differing("units with own values") { String($0.units.count) }
        differing("sites with own bits") { String($0.sites.count) }
        return lines
    }

    private func drawTable(_ lines: [Line], in area: Rect, on canvas: inout Canvas) {
        let name = max(20, lines.map { cellWidth($0.name) }.max() ?? 0) + 1
        // Columns are as wide as they need, and stay near one another.
        let needed = (lines.flatMap(\.values) + names).map(cellWidth).max() ?? 0
        let width = max(12, min(needed + 3, (area.width - name) / max(1, runs.count)))
        for (index, run) in names.enumerated() {
            let place = area.dropping(name + index * width)
            canvas.write(
                run.middle(width - 3, canvas.glyphs.ellipsis), in: place, style: Self.style(index).bold)
        }
        for (row, line) in lines.prefix(max(0, area.height - 1)).enumerated() {
            let place = area.row(row + 1)
            canvas.write(
                fitted(line.name, width: name - 1, ellipsis: canvas.glyphs.ellipsis), in: place, style: .muted
            )
            for (index, value) in line.values.enumerated() {
                canvas.write(
                    canvas.glyphs.cut(canvas.sentence(value), width - 1),
                    in: place.dropping(name + index * width))
            }
        }
    }
}
