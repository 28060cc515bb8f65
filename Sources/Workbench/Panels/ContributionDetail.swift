internal import ChartScale
internal import RunText
internal import Runs
internal import TerminalUI
internal import Vocabulary

/// Below the terms: the cosines between gradients, the local losses by operator, and the steps of all charts.
struct ContributionDetail {
    let curves: UnitCurves
    let chart: ChartView
    let parts: ContributionParts

    private var cursor: Double? { chart.cursorStep(curves.steps) }
    private var steps: Axis { Axis(chart.stepRange(curves.steps), scale: chart.stepScale) }

    /// The value at the cursor, or the latest one.
    private func value(_ series: SeriesBins) -> Double? {
        cursor.map { series.bin(nearest: $0)?.bin.mean } ?? series.latest?.y
    }

    /// The columns of a row below those of the charts.
    private func plot(_ row: Rect) -> Rect {
        let left = parts.labelWidth + 1
        return Rect(
            x: row.x + left, y: row.y, width: row.width - left - parts.rightMargin, height: row.height)
    }

    /// Draws the axis of steps that all charts share.
    func drawSteps(on canvas: inout Canvas) {
        guard parts.hasCommonSteps else { return }
        AxisRow(axis: steps, hasCorner: true).draw(
            into: &canvas.grid, in: plot(parts.steps), glyphs: canvas.glyphs)
        canvas.write("steps", in: parts.steps, style: Style(.axis))
    }

    // MARK: - Cosines

    /// Draws the cosines between gradients, over the steps if there is room.
    func drawCosines(on canvas: inout Canvas) {
        let area = parts.cosines
        guard !area.isEmpty else { return }
        guard area.height > 2 else { return drawCosineValues(in: area, on: &canvas) }
        drawCosineValues(in: area.row(0), on: &canvas)
        let series = TermPair.allCases.compactMap { pair in
            curves.cosines[pair].map {
                ChartSeries(
                    label: "", endLabel: Self.name(pair, letters: 1), style: Style(Self.role(of: pair)),
                    points: $0.points)
            }
        }
        LineChart(
            series: series, xRange: chart.stepRange(curves.steps), xScale: chart.stepScale, yRange: -1...1,
            reference: ReferenceLine(0, label: ""), hasLegend: false, cursor: cursor,
            labelWidth: parts.labelWidth, rightMargin: parts.rightMargin, showsX: !parts.hasCommonSteps
        ).draw(into: &canvas.grid, in: area.droppingRows(1), glyphs: canvas.glyphs)
    }

    /// The colour of a pair: that of its first term if the terms are neighbours, else of its second.
    private static func role(of pair: TermPair) -> Role {
        (pair.second.place == pair.first.place + 1 ? pair.first : pair.second).role
    }

    private static func name(_ pair: TermPair, letters: Int) -> String {
        "\(pair.first.rawValue.prefix(letters))·\(pair.second.rawValue.prefix(letters))"
    }

    /// The colour of what a cosine means for the two terms.
    private static func role(of alignment: GradientAlignment) -> Role {
        switch alignment {
        case .aligned: .ok
        case .conflicting: .warn
        case .independent: .text
        }
    }

    /// The word for a cosine where there is little room.
    private static func shortWord(for cosine: Double) -> String {
        switch GradientAlignment(cosine: cosine) {
        case .aligned: "aligned"
        case .independent: "indep."
        case .conflicting: "conflict"
        }
    }

    /// Draws the latest cosines and what they mean: in one line if that fits, else one below the other; where a single
    /// line is too short for both, their meaning.
    private func drawCosineValues(in area: Rect, on canvas: inout Canvas) {
        let known = TermPair.allCases.compactMap { pair in
            curves.cosines[pair].flatMap(value).map { (pair, $0) }
        }
        /// The cosines, with terms' names cut to a length and what follows each name.
        func spans(letters: Int, title: String = "cos", gap: String = "  ", text: (Double) -> String)
            -> [TextSpan]
        {
            [TextSpan(title, .muted)]
                + known.enumerated().flatMap { index, item -> [TextSpan] in
                    let (pair, cosine) = item
                    let space = index == 0 && title.isEmpty ? "" : gap
                    return [
                        TextSpan(
                            "\(space)\(Self.name(pair, letters: letters)) ", Style(Self.role(of: pair))),
                        TextSpan(text(cosine), Style(Self.role(of: GradientAlignment(cosine: cosine)))),
                    ]
                }
        }
        let forms = [
            spans(letters: 6) { "\(Self.cosine($0)) \(GradientAlignment(cosine: $0).rawValue)" },
            spans(letters: 1) { "\(Self.cosine($0)) \(GradientAlignment(cosine: $0).rawValue)" },
            spans(letters: 1) { "\(Self.cosine($0)) \(Self.shortWord(for: $0))" },
        ]
        if let fitting = forms.first(where: { LinePiece($0, rank: 0).width <= area.width }) {
            return canvas.write(fitting, in: area)
        }
        guard area.height > 1 else {
            return canvas.write(
                spans(letters: 1, title: "", gap: " ", text: Self.shortWord(for:)), in: area)
        }
        canvas.write(spans(letters: 1, text: Self.cosine), in: area)
        // A name, a space and a cosine are as wide as the longest word.
        let words = known.flatMap { _, cosine in
            [
                TextSpan("  "),
                TextSpan(
                    fitted(Self.shortWord(for: cosine), width: 8),
                    Style(Self.role(of: GradientAlignment(cosine: cosine)))),
            ]
        }
        canvas.write([TextSpan("   ")] + words, in: area.row(1))
    }

    /// A cosine with its sign, which makes negative ones stand out.
    private static func cosine(_ value: Double) -> String {
        let digits = QuantityText.fixed(abs(value), decimals: 2)
        return QuantityText.signed(value, digits.hasPrefix("0") ? String(digits.dropFirst()) : digits)
    }

    // MARK: - Operators

    /// Draws where inside the unit the local losses are large: a strip of all operators, or one for each over the steps.
    func drawOperators(on canvas: inout Canvas) {
        let area = parts.operators
        guard area.height >= 2 else { return }
        let values = curves.operators.map { value($0.losses) ?? .nan }
        let all = curves.operators.flatMap { $0.losses.points.map(\.y) }.filter { $0.isFinite && $0 > 0 }
        guard let least = all.min(), let most = all.max() else { return }
        let heat = Axis(least...most, scale: .log)
        guard area.height > 3 else { return drawStrip(values, heat, in: area, on: &canvas) }
        let ends = QuantityText.measures([least, most])
        let ramp = canvas.glyphs.ramp
        canvas.write(
            [
                LinePiece("local loss by operator (red = largest)", .muted, rank: 0),
                LinePiece(
                    [
                        TextSpan("\(ramp[1])", Style(.heat0)), TextSpan(" \(ends[0])  ", .muted),
                        TextSpan("\(ramp[ramp.count - 1])", Style(.heat4)), TextSpan(" \(ends[1])", .muted),
                    ], rank: 1),
            ], in: area, gap: 3)
        let texts = QuantityText.measures(values)
        let hottest = values.indices.filter { values[$0].isFinite }.max { values[$0] < values[$1] }
        for (index, series) in curves.operators.prefix(area.height - 1).enumerated() {
            let row = area.row(index + 1)
            let place = plot(row)
            canvas.write(
                fitted(Self.plain(series.name), width: parts.labelWidth, ellipsis: canvas.glyphs.ellipsis),
                in: row, style: index == hottest ? Style.text.bold : .text)
            let last = max(1, place.width - 1)
            let heats = (0..<place.width).map { column -> Double in
                let step = steps.value(at: Double(column) / Double(last))
                guard step <= (series.losses.latest?.x ?? 0) + series.losses.binWidth,
                    let bin = series.losses.bin(nearest: step)
                else { return .nan }
                return heat.position(bin.bin.mean) ?? .nan
            }
            let selected = cursor.flatMap { steps.position($0) }.map { Int(($0 * Double(last)).rounded()) }
            HeatStrip(values: heats, range: 0...1, selected: selected)
                .draw(into: &canvas.grid, in: place, glyphs: canvas.glyphs)
            let end = Rect(x: place.endX, y: row.y, width: parts.rightMargin, height: 1)
            canvas.write(fitted(texts[index], width: parts.rightMargin, alignment: .trailing), in: end)
        }
    }

    /// A name without the raised T of a transposed matrix, which few fonts have.
    private static func plain(_ name: String) -> String { name.replacing("ᵀ", with: "T") }

    /// The operators side by side, each with its name over its heat; with a third row, below a title.
    private func drawStrip(_ values: [Double], _ heat: Axis, in area: Rect, on canvas: inout Canvas) {
        if area.height > 2 {
            let titles = ["local loss by operator (red = largest)", "local loss (red = largest)"]
            canvas.write(titles.first { cellWidth($0) <= area.width } ?? "", in: area, style: .muted)
        }
        let rows = area.droppingRows(area.height - 2)
        let columns = rows.columns(values.map { _ in .share(1) })
        for (index, column) in columns.enumerated() where column.width > 1 {
            let place = Rect(x: column.x, y: column.y, width: column.width - 1, height: 2)
            // The end of a name is its distinctive part: attn.qkv, attn.proj.
            let name = curves.operators[index].name
            let plain = Self.plain(name.split(separator: ".").last.map(String.init) ?? name)
            canvas.write(String(plain.prefix(place.width)), in: place, style: .muted)
            HeatStrip(values: [heat.position(values[index]) ?? .nan], range: 0...1)
                .draw(into: &canvas.grid, in: place.row(1), glyphs: canvas.glyphs)
        }
    }
}
