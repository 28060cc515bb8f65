internal import ChartScale
internal import RunText
internal import Runs
internal import TerminalUI
internal import Vocabulary

/// Below the shares: the cosines between gradients, and the local losses by operator.
struct ContributionDetail {
    let curves: UnitCurves
    let chart: ChartView

    private var cursor: Double? { chart.cursorStep(curves.steps) }

    /// The value at the cursor, or the latest one.
    private func value(_ series: SeriesBins) -> Double? {
        cursor.map { series.bin(nearest: $0)?.bin.mean } ?? series.latest?.y
    }

    // MARK: - Cosines

    /// Draws the cosines between gradients, over the steps if there is room; terms with positive ones pull together.
    func drawCosines(in area: Rect, on canvas: inout Canvas) {
        guard !area.isEmpty else { return }
        drawCosineValues(in: area.row(0), on: &canvas)
        guard area.height > 1 else { return }
        let series = TermPair.allCases.compactMap { pair in
            curves.cosines[pair].map {
                ChartSeries(label: "", style: Style(Self.role(of: pair)), points: $0.points)
            }
        }
        LineChart(
            series: series, xRange: chart.stepRange(curves.steps), xScale: chart.stepScale, yRange: -1...1,
            hasLegend: false, cursor: cursor
        ).draw(into: &canvas.grid, in: area.droppingRows(1), glyphs: canvas.glyphs)
    }

    /// The colour of a pair: that of its first term if the terms are neighbours, else of its second.
    private static func role(of pair: TermPair) -> Role {
        (pair.second.place == pair.first.place + 1 ? pair.first : pair.second).role
    }

    private func drawCosineValues(in row: Rect, on canvas: inout Canvas) {
        let known = TermPair.allCases.compactMap { pair in
            curves.cosines[pair].flatMap(value).map { (pair, $0) }
        }
        /// The cosines, with terms' names cut to a length, and with or without a word for their meaning.
        func spans(letters: Int, hasWords: Bool) -> [TextSpan] {
            [TextSpan("cos", .muted)]
                + known.flatMap { pair, cosine -> [TextSpan] in
                    let names =
                        "\(pair.first.rawValue.prefix(letters))·\(pair.second.rawValue.prefix(letters))"
                    let (word, role): (String, Role) =
                        cosine > 0.1
                        ? (" together", .ok) : cosine < -0.1 ? (" apart", .warn) : (" unrelated", .text)
                    return [
                        TextSpan("  \(names) ", .muted),
                        TextSpan("\(Self.cosine(cosine))\(hasWords ? word : "")", Style(role)),
                    ]
                }
        }
        let forms = [spans(letters: 6, hasWords: true), spans(letters: 6, hasWords: false)]
        let fitting = forms.first { LinePiece($0, rank: 0).width <= row.width }
        canvas.write(fitting ?? spans(letters: 1, hasWords: false), in: row)
    }

    /// A cosine with its sign, which makes negative ones stand out.
    private static func cosine(_ value: Double) -> String {
        let digits = QuantityText.fixed(abs(value), decimals: 2)
        return (value < 0 ? "−" : "+") + (digits.hasPrefix("0") ? String(digits.dropFirst()) : digits)
    }

    // MARK: - Operators

    /// Draws where inside the unit the local losses are large: a strip of all operators, or one for each over the steps.
    func drawOperators(in area: Rect, on canvas: inout Canvas) {
        guard area.height >= 2 else { return }
        let values = curves.operators.map { value($0.losses) ?? .nan }
        let all = curves.operators.flatMap { $0.losses.points.map(\.y) }.filter { $0.isFinite && $0 > 0 }
        guard let least = all.min(), let most = all.max() else { return }
        let heat = Axis(least...most, scale: .log)
        if area.height == 2 { return drawStrip(values, heat, in: area, on: &canvas) }
        canvas.write("local losses by operator: large is hot", in: area, style: .muted)
        let (nameWidth, valueWidth) = (9, 8)
        let hottest = values.indices.filter { values[$0].isFinite }.max { values[$0] < values[$1] }
        let steps = Axis(chart.stepRange(curves.steps), scale: chart.stepScale)
        for (index, series) in curves.operators.prefix(area.height - 1).enumerated() {
            let columns = area.row(index + 1).columns([.fixed(nameWidth), .share(1), .fixed(valueWidth)])
            canvas.write(
                fitted(Self.plain(series.name), width: nameWidth - 1, ellipsis: canvas.glyphs.ellipsis),
                in: columns[0], style: index == hottest ? Style.text.bold : .text)
            let last = max(1, columns[1].width - 1)
            let places = (0..<columns[1].width).map { column -> Double in
                let step = steps.value(at: Double(column) / Double(last))
                guard step <= (series.losses.latest?.x ?? 0) + series.losses.binWidth,
                    let bin = series.losses.bin(nearest: step)
                else { return .nan }
                return heat.position(bin.bin.mean) ?? .nan
            }
            let selected = cursor.flatMap { steps.position($0) }.map {
                Int(($0 * Double(columns[1].width - 1)).rounded())
            }
            HeatStrip(values: places, range: 0...1, selected: selected)
                .draw(into: &canvas.grid, in: columns[1], glyphs: canvas.glyphs)
            let text = values[index].isFinite ? QuantityText.measure(values[index]) : "–"
            canvas.write(fitted(text, width: valueWidth, alignment: .trailing), in: columns[2])
        }
    }

    /// A name without the raised T of a transposed matrix, which few fonts have.
    private static func plain(_ name: String) -> String { name.replacing("ᵀ", with: "T") }

    /// The operators side by side, each with its name over its heat.
    private func drawStrip(_ values: [Double], _ heat: Axis, in area: Rect, on canvas: inout Canvas) {
        let columns = area.columns(values.map { _ in .share(1) })
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
