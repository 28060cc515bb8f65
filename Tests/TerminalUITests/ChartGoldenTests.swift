import ChartScale
import Testing
import TerminalUI
import TestSupport

/// A falling curve with a gap, for x of 0 to 5000.
private func falling(_ speed: Double, gap: ClosedRange<Int> = 200...220) -> [ChartPoint] {
    (0..<500).map { step in
        let value = 0.1 / (1 + Double(step) * speed)
        return ChartPoint(x: Double(step) * 10, y: gap.contains(step) ? .nan : value)
    }
}

@Suite("Charts as drawn")
struct ChartGoldenTests {
    private func frame(_ width: Int, _ height: Int, _ draw: (inout CellGrid, Rect) -> Void) -> CellGrid {
        var grid = CellGrid(width: width, height: height)
        draw(&grid, grid.bounds)
        return grid
    }

    @Test("curves on a logarithmic axis, with a gap, a band and a legend", arguments: GlyphSet.allCases)
    func lines(glyphs: GlyphSet) throws {
        let band = stride(from: 0.0, through: 5000, by: 25).map {
            BandPoint(x: $0, low: 0.05 / (1 + $0 * 0.02), high: 0.2 / (1 + $0 * 0.02))
        }
        let chart = LineChart(
            series: [
                ChartSeries(label: "previous 1.3e-3", style: Style(.comparison), points: falling(0.05)),
                ChartSeries(label: "this 2.2e-3", style: Style(.curve), points: falling(0.2), band: band),
            ], xRange: 0...5000, yScale: .log)
        try Golden.expect(
            frame(60, 16) { chart.draw(into: &$0, in: $1, glyphs: glyphs) }.goldenText,
            equals: "lines-\(glyphs)")
    }

    @Test("in a small area the curve remains", arguments: [(16, 3), (15, 6), (7, 2), (1, 1)])
    func smallLines(width: Int, height: Int) throws {
        let chart = LineChart(
            series: [ChartSeries(label: "a", style: Style(.curve), points: falling(0.2))], xRange: 0...5000)
        try Golden.expect(
            frame(width, height) { chart.draw(into: &$0, in: $1, glyphs: .braille) }.goldenText,
            equals: "lines-\(width)x\(height)")
    }

    @Test(
        "a reference is named where it covers no curve, its better side is dotted, and ends are named apart",
        arguments: GlyphSet.allCases)
    func reference(glyphs: GlyphSet) throws {
        func curve(_ end: Double) -> [ChartPoint] {
            (0...100).map { ChartPoint(x: Double($0), y: 1.1 + (end - 1.1) * Double($0) / 100) }
        }
        let chart = LineChart(
            series: [
                ChartSeries(
                    label: "other 1.01", endLabel: "other", style: Style(.comparison), points: curve(1.01)),
                ChartSeries(label: "this 1.00", endLabel: "this", style: Style(.curve), points: curve(1)),
            ], xRange: 0...100, yScale: .log, yRange: 0.9...1.15,
            reference: ReferenceLine(1, label: "calibrated", isBetterBelow: true), labelWidth: 6,
            rightMargin: 7)
        try Golden.expect(
            frame(60, 14) { chart.draw(into: &$0, in: $1, glyphs: glyphs) }.goldenText,
            equals: "reference-\(glyphs)")
    }

    @Test("charts of one label width have their plots in the same columns, and an axis row fits below them")
    func alignedPlots() {
        let area = Rect(x: 3, y: 2, width: 60, height: 9)
        let plots = [0...1, 0...12_345, -1e-5...1e-5].map { range in
            LineChart(
                series: [], xRange: 0...100, yRange: range, labelWidth: 9, rightMargin: 10, showsX: false
            ).plot(in: area, glyphs: .braille)
        }
        #expect(Set(plots).count == 1)
        #expect(plots[0] == Rect(x: 13, y: 2, width: 40, height: 9))
    }

    @Test("a Pareto front with labels that do not cover each other", arguments: GlyphSet.allCases)
    func scatter(glyphs: GlyphSet) throws {
        let chart = ScatterChart(
            points: [
                ScatterPoint(x: 2.9, y: 66.1, label: "2/4", isOnFront: true),
                ScatterPoint(x: 4.2, y: 74.3, label: "3/4", isOnFront: true),
                ScatterPoint(x: 5.5, y: 79, label: "4/4", isOnFront: true, isSelected: true),
                ScatterPoint(x: 5.6, y: 78.7, label: "4/3"),
                ScatterPoint(x: 8, y: 79.6, label: "6/6", isOnFront: true),
                ScatterPoint(x: 10.5, y: 79.8, label: "8/8", isOnFront: true),
                ScatterPoint(x: 10.5, y: 76, label: "8/3"),
                ScatterPoint(x: 7, y: .nan, label: "gap"),
            ])
        try Golden.expect(
            frame(56, 14) { chart.draw(into: &$0, in: $1, glyphs: glyphs) }.goldenText,
            equals: "scatter-\(glyphs)")
    }

    @Test("heat strips and progress bars", arguments: [GlyphSet.braille, .ascii])
    func strips(glyphs: GlyphSet) throws {
        try Golden.expect(
            frame(30, 6) { grid, area in
                let values = (0..<30).map { $0 == 7 ? .nan : Double($0) }
                HeatStrip(values: values, range: 0...29, selected: 12).draw(
                    into: &grid, in: area.row(0), glyphs: glyphs)
                HeatStrip(values: [1, 2, 3], range: 0...3).draw(into: &grid, in: area.row(1), glyphs: glyphs)
                HeatStrip(values: Array(repeating: 1, count: 300) + [9], range: 0...9)
                    .draw(into: &grid, in: area.row(2), glyphs: glyphs)
                ProgressBar(label: "blocks", fraction: 0.5).draw(into: &grid, in: area.row(3), glyphs: glyphs)
                ProgressBar(fraction: .nan).draw(into: &grid, in: area.row(4), glyphs: glyphs)
                ProgressBar(label: "a label without room for more", fraction: 1)
                    .draw(into: &grid, in: area.row(5), glyphs: glyphs)
            }.goldenText, equals: "strips-\(glyphs)")
    }

    @Test("a table with its selection in view", arguments: [GlyphSet.braille, .ascii])
    func table(glyphs: GlyphSet) throws {
        let rows = (0..<20).map { index in
            [
                TextSpan("blocks.\(index).attention", Style(.text)),
                TextSpan(NumberText.significant(0.0013 * Double(index + 1)), Style(.series1)),
            ]
        }
        let table = Table(
            columns: [
                TableColumn("unit", width: .share(1)),
                TableColumn("loss", width: .fixed(8), alignment: .trailing),
            ],
            rows: rows, selected: 9, offset: 2)
        try Golden.expect(
            frame(26, 7) { table.draw(into: &$0, in: $1, glyphs: glyphs) }.goldenText,
            equals: "table-\(glyphs)")
    }
}

@Suite("Drawing in any area")
struct DrawingPropertyTests {
    /// A chart or widget with random content.
    private func drawAll(
        _ random: inout TestGenerator, _ grid: inout CellGrid, _ area: Rect, _ glyphs: GlyphSet
    ) {
        let specials: [Double] = [.nan, .infinity, -.infinity, 0, 1e300, -1e300, 1e-300, -1]
        func value(_ random: inout TestGenerator) -> Double {
            Int.random(in: 0..<6, using: &random) == 0
                ? specials.randomElement(using: &random) ?? 0 : Double.random(in: -10...100, using: &random)
        }
        func values(_ random: inout TestGenerator) -> [Double] {
            (0..<Int.random(in: 0...40, using: &random)).map { _ in value(&random) }
        }
        let points = zip(values(&random), values(&random)).map(ChartPoint.init)
        let band = points.map { BandPoint(x: $0.x, low: $0.y, high: $0.y + 3) }
        let low = Double.random(in: -5...5, using: &random)
        let range = low...low + Double.random(in: 0...50, using: &random)
        let scale: AxisScale = Bool.random(using: &random) ? .log : .linear
        LineChart(
            series: [ChartSeries(label: "漢a", style: Style(.curve), points: points, band: band)],
            xRange: range,
            xScale: scale, yScale: scale
        ).draw(into: &grid, in: area, glyphs: glyphs)
        LineChart(
            series: [
                ChartSeries(label: "a", endLabel: "漢字", style: Style(.curve), points: points),
                ChartSeries(label: "", endLabel: "b", style: Style(.front), points: points.reversed()),
            ], xRange: range, yScale: scale, yRange: range,
            reference: ReferenceLine(value(&random), label: "漢字 ref", isBetterBelow: true),
            cursor: value(&random),
            labelWidth: Int.random(in: 0...20, using: &random),
            rightMargin: Int.random(in: 0...20, using: &random), showsX: Bool.random(using: &random)
        ).draw(into: &grid, in: area, glyphs: glyphs)
        AxisRow(axis: Axis(range, scale: scale)).draw(into: &grid, in: area.row(0), glyphs: glyphs)
        ScatterChart(
            points: points.enumerated().map {
                ScatterPoint(x: $1.x, y: $1.y, label: "漢\($0)", isOnFront: $0 % 2 == 0, isSelected: $0 == 1)
            }, xScale: scale, yScale: scale
        ).draw(into: &grid, in: area, glyphs: glyphs)
        HeatStrip(values: points.map(\.y), range: range, selected: 3).draw(
            into: &grid, in: area, glyphs: glyphs)
        ProgressBar(label: "漢字", fraction: value(&random)).draw(into: &grid, in: area, glyphs: glyphs)
        Table(
            columns: [
                TableColumn("漢", width: .fixed(5)), TableColumn("b", width: .share(1), alignment: .trailing),
            ],
            rows: points.map { [TextSpan("漢字漢字"), TextSpan("\($0.y)")] },
            selected: Int.random(in: -1...50, using: &random), offset: Int.random(in: -5...50, using: &random)
        ).draw(into: &grid, in: area, glyphs: glyphs)
        grid.drawBox(area, title: "漢字 title", trailing: "字", glyphs: glyphs)
        grid.writeWrapped(
            "some 漢字漢字漢字 text\n\nmore", in: area, skipping: Int.random(in: -1...3, using: &random))
        EditLine("漢字 text").draw(into: &grid, in: area)
    }

    @Test(
        "nothing traps, nothing is drawn outside, no wide glyph is cut", arguments: 0..<150 as Range<UInt64>)
    func anySize(seed: UInt64) {
        var random = TestGenerator(seed: seed)
        let small = Bool.random(using: &random)
        let width = Int.random(in: 0...(small ? 12 : 250), using: &random)
        let height = Int.random(in: 0...(small ? 6 : 80), using: &random)
        var grid = CellGrid(width: width, height: height)
        let area = Rect(
            x: Int.random(in: -3...max(1, width), using: &random),
            y: Int.random(in: -3...max(1, height), using: &random),
            width: Int.random(in: 0...width + 5, using: &random),
            height: Int.random(in: 0...height + 5, using: &random))
        drawAll(&random, &grid, area, GlyphSet.allCases[Int(seed % 3)])
        expectWhole(grid)
        for y in 0..<height {
            for x in 0..<width where !area.contains(x: x, y: y) {
                guard grid[x, y] != .blank else { continue }
                Issue.record("drawn at \(x), \(y), outside \(area)")
            }
        }
    }

    @Test("equal content gives equal frames", arguments: 0..<10 as Range<UInt64>)
    func deterministic(seed: UInt64) {
        func frame() -> CellGrid {
            var random = TestGenerator(seed: seed)
            var grid = CellGrid(width: 80, height: 24)
            drawAll(&random, &grid, grid.bounds, .braille)
            return grid
        }
        #expect(frame() == frame())
    }

    @Test("the selected row of a table is in view", arguments: 0..<40 as Range<UInt64>)
    func tableOffset(seed: UInt64) {
        var random = TestGenerator(seed: seed)
        func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        let (count, visible) = (number(0...40), number(0...15))
        let selected = count > 0 ? number(0...count - 1) : nil
        let offset = Table.offset(number(-10...60), selected: selected, visible: visible, count: count)
        #expect(offset >= 0 && offset <= max(0, count - visible) || visible == 0 && offset == 0)
        if let selected, visible > 0 { #expect((offset..<offset + visible).contains(selected)) }
    }
}
