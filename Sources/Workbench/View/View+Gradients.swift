internal import Runs
internal import TerminalUI
internal import Vocabulary

/// Where the parts of the contributions panel are.
struct ContributionParts: Equatable {
    /// The line of the latest shares.
    let legend: Rect
    /// The chart of shares.
    let shares: Rect
    /// The cosines between gradients; empty where none was measured, or there is no room.
    let cosines: Rect
    /// The local losses by operator; empty where none was measured, or there is no room.
    let operators: Rect

    /// Divides the panel: a line and two lines where it is low, a chart and a line for each operator where it is tall.
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

extension Painter {
    /// Whether terms pull together or apart: the cosines between their gradients, over the steps where there is room.
    mutating func drawCosines(_ curves: UnitCurves, in area: Rect) {
        guard !area.isEmpty else { return }
        drawCosineValues(curves, in: area.row(0))
        guard area.height > 1 else { return }
        let styles: [TermPair: Style] = [
            .blockGlobal: Style(.block), .blockLocal: Style(.local), .globalLocal: Style(.global),
        ]
        let series = TermPair.allCases.compactMap { pair in
            curves.cosines[pair].map {
                ChartSeries(label: "", style: styles[pair] ?? .text, points: $0.points)
            }
        }
        LineChart(
            series: series, xRange: stepRange(curves.steps), xScale: stepScale, yRange: -1...1,
            hasLegend: false, cursor: cursorStep(curves.steps)
        ).draw(
            into: &grid, in: Rect(x: area.x, y: area.y + 1, width: area.width, height: area.height - 1),
            glyphs: glyphs)
    }

    /// The value at the cursor, or the latest one.
    private func value(_ series: SeriesBins, _ curves: UnitCurves) -> Double? {
        guard let step = cursorStep(curves.steps) else { return series.latest?.y }
        return series.bin(nearest: step)?.bin.mean
    }

    private mutating func drawCosineValues(_ curves: UnitCurves, in row: Rect) {
        let known = TermPair.allCases.compactMap { pair in
            curves.cosines[pair].flatMap { value($0, curves) }.map { (pair, $0) }
        }
        /// Names of some length, and whether a word says what a cosine means.
        func spans(letters: Int, hasWords: Bool) -> [TextSpan] {
            [TextSpan("cos", .muted)]
                + known.flatMap { pair, cosine -> [TextSpan] in
                    let (first, second) = pair.terms
                    let names = "\(first.rawValue.prefix(letters))·\(second.rawValue.prefix(letters))"
                    let word =
                        !hasWords ? "" : cosine > 0.1 ? " together" : cosine < -0.1 ? " apart" : " unrelated"
                    let style = Style(cosine > 0.1 ? .ok : cosine < -0.1 ? .warn : .text)
                    return [
                        TextSpan("  \(names) ", .muted), TextSpan("\(Self.cosine(cosine))\(word)", style),
                    ]
                }
        }
        let forms = [spans(letters: 6, hasWords: true), spans(letters: 6, hasWords: false)]
        let fitting = forms.first { LinePiece($0, rank: 0).width <= row.width }
        grid.write(fitting ?? spans(letters: 1, hasWords: false), x: row.x, y: row.y, in: row)
    }

    /// A cosine with its sign, so that the eye finds those below 0.
    private static func cosine(_ value: Double) -> String {
        let digits = QuantityText.fixed(abs(value), decimals: 2)
        return (value < 0 ? "−" : "+") + (digits.hasPrefix("0") ? String(digits.dropFirst()) : digits)
    }

    // MARK: - Operators

    /// Where inside the unit the local terms are large: a strip of all operators, or one for each over the steps.
    mutating func drawOperators(_ curves: UnitCurves, in area: Rect) {
        guard area.height >= 2 else { return }
        let values = curves.operators.map { value($0.losses, curves) ?? .nan }
        let all = curves.operators.flatMap { $0.losses.points.map(\.y) }.filter { $0.isFinite && $0 > 0 }
        guard let least = all.min(), let most = all.max() else { return }
        let heat = Axis(least...most, scale: .log)
        if area.height == 2 { return drawOperatorStrip(curves.operators.map(\.name), values, heat, in: area) }
        grid.write(
            "local losses by operator: large is hot", x: area.x, y: area.y, style: .muted, in: area)
        let (nameWidth, valueWidth) = (9, 8)
        let hottest = values.indices.filter { values[$0].isFinite }.max { values[$0] < values[$1] }
        let steps = Axis(stepRange(curves.steps), scale: stepScale)
        for (index, series) in curves.operators.prefix(area.height - 1).enumerated() {
            let row = area.row(index + 1)
            let columns = row.columns([.fixed(nameWidth), .share(1), .fixed(valueWidth)])
            grid.write(
                fitted(Self.plain(series.name), width: nameWidth - 1, ellipsis: glyphs.ellipsis), x: row.x,
                y: row.y,
                style: index == hottest ? Style.text.bold : .text, in: columns[0])
            let strip = columns[1]
            let places = (0..<max(0, strip.width)).map { column -> Double in
                let step = steps.value(at: Double(column) / Double(max(1, strip.width - 1)))
                guard step <= (series.losses.latest?.x ?? 0) + series.losses.binWidth,
                    let bin = series.losses.bin(nearest: step)
                else { return .nan }
                return heat.position(bin.bin.mean) ?? .nan
            }
            let cursor = cursorStep(curves.steps).flatMap { steps.position($0) }
            HeatStrip(
                values: places, range: 0...1,
                selected: cursor.map { Int(($0 * Double(max(0, strip.width - 1))).rounded()) }
            ).draw(into: &grid, in: strip, glyphs: glyphs)
            grid.write(
                fitted(
                    values[index].isFinite ? QuantityText.measure(values[index]) : "–", width: valueWidth,
                    alignment: .trailing), x: columns[2].x, y: row.y, in: columns[2])
        }
    }

    /// A name without the raised T of a transposed matrix, which few fonts have.
    private static func plain(_ name: String) -> String { name.replacing("ᵀ", with: "T") }

    /// The operators side by side, each with its name over its heat.
    private mutating func drawOperatorStrip(
        _ names: [String], _ values: [Double], _ heat: Axis, in area: Rect
    ) {
        let columns = area.columns(names.map { _ in .share(1) })
        for (index, column) in columns.enumerated() where column.width > 1 {
            let place = Rect(x: column.x, y: column.y, width: column.width - 1, height: 2)
            // The end of a name tells more than its beginning: attn.qkv, attn.proj.
            let name = Self.plain(names[index].split(separator: ".").last.map(String.init) ?? names[index])
            grid.write(String(name.prefix(place.width)), x: place.x, y: place.y, style: .muted, in: place)
            HeatStrip(values: [heat.position(values[index]) ?? .nan], range: 0...1)
                .draw(into: &grid, in: place.row(1), glyphs: glyphs)
        }
    }
}
