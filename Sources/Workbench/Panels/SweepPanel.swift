internal import ChartScale
internal import Foundation
internal import RunText
internal import Runs
internal import TerminalUI

/// What pairs of bit-widths reach: a heat map of KL, and KL against bit operations.
struct SweepPanel: PanelContent {
    let name = "Sweep"
    let shortName = "Sweep"
    let context = KeyContext.sweep
    let action = Action.showSweep

    var keys: [KeyBinding] {
        [
            KeyBinding(
                .adopt, ["a"], [.sweep], "give units the bits of the selected point",
                hint: "adopt bits", rank: 2, .perform(unless: \.obstacleToAdopting) { $0.adopt() })
        ]
    }

    func edges(isVertical: Bool, in mode: Layout.Mode) -> [(PanelSplits.Split, isBefore: Bool)] {
        isVertical ? [(.middle, false), (.list, false)] : [(.charts, false), (.tabbedLog, true)]
    }

    func notes(_ state: WorkbenchState) -> [String] {
        guard let sweep = state.run?.sweep else { return [] }
        return ["\(sweep.points.count)/\(sweep.expected)\(sweep.isIncomplete ? " stopped" : "")"]
    }

    func lines(_ state: WorkbenchState) -> [String] {
        state.run?.sweep?.ordered.map { BitsText.label($0.weightBits, $0.activationBits) } ?? []
    }

    func selection(_ state: WorkbenchState) -> Int {
        state.shownPoint.flatMap { state.run?.sweep?.ordered.firstIndex(of: $0) } ?? 0
    }

    func select(_ index: Int, in state: inout WorkbenchState) {
        guard let ordered = state.run?.sweep?.ordered, ordered.indices.contains(index) else { return }
        state.chosenBits = BitsPair(
            weightBits: ordered[index].weightBits, activationBits: ordered[index].activationBits)
    }

    func obstacle(to move: Move, _ state: WorkbenchState) -> String? {
        guard state.shownPoint != nil else { return "there is no point yet" }
        switch move {
        case .first, .last, .pageUp, .pageDown: return nil
        case .up, .down, .left, .right:
            return neighbour(move, state) == nil ? "there is no further point in this direction" : nil
        }
    }

    func move(_ move: Move, page: Int, in state: inout WorkbenchState) {
        guard let sweep = state.run?.sweep else { return }
        switch move {
        case .first, .last, .pageUp, .pageDown:
            select(
                move.target(from: selection(state), count: sweep.points.count, page: page), in: &state)
        case .up, .down, .left, .right: state.chosenBits = neighbour(move, state) ?? state.chosenBits
        }
    }

    /// The next cell of the heat map that is measured; nil where there is none.
    private func neighbour(_ move: Move, _ state: WorkbenchState) -> BitsPair? {
        guard let sweep = state.run?.sweep, let point = state.shownPoint else { return nil }
        let (weights, activations) = sweep.widths
        guard var row = weights.firstIndex(of: point.weightBits),
            var column = activations.firstIndex(of: point.activationBits)
        else { return nil }
        let step = move.isBackward ? -1 : 1
        repeat {
            if move == .up || move == .down { row += step } else { column += step }
            guard weights.indices.contains(row), activations.indices.contains(column) else { return nil }
        } while sweep.point(weights[row], activations[column]) == nil
        return BitsPair(weightBits: weights[row], activationBits: activations[column])
    }

    func click(x: Int, y: Int, in area: Rect, _ state: inout WorkbenchState) {
        guard let sweep = state.run?.sweep, !sweep.points.isEmpty else { return }
        let parts = SweepParts(area, sweep)
        if let bits = HeatMap(sweep: sweep, area: parts.map).bits(x: x, y: y) {
            if sweep.point(bits.weightBits, bits.activationBits) != nil { state.chosenBits = bits }
        } else if parts.table.contains(x: x, y: y),
            let row = Table.row(
                at: y, in: parts.table, headings: 1, selected: selection(state), count: sweep.points.count)
        {
            select(row, in: &state)
        }
    }

    func copiedText(_ state: WorkbenchState) -> String? {
        state.shownPoint.map { point in
            let top1 = point.evaluation.top1.map { " top-1 \($0)" } ?? ""
            return "\(BitsText.label(point.weightBits, point.activationBits)) \(point.bytes) bytes\(top1)"
                + " KL \(point.evaluation.kl)"
        }
    }

    // MARK: - Drawing

    func draw(in area: Rect, on canvas: inout Canvas) {
        guard let run = canvas.state.run else { return }
        guard let sweep = run.sweep, !sweep.points.isEmpty else {
            return canvas.explain(missingSweep(run, canvas), in: area)
        }
        let parts = SweepParts(area, sweep)
        HeatMap(sweep: sweep, area: parts.map).draw(selected: canvas.state.shownPoint, on: &canvas)
        drawFront(sweep, in: parts.plot, on: &canvas)
        if !parts.table.isEmpty { drawTable(sweep, in: parts.table, on: &canvas) }
        drawSelection(sweep, in: parts.selection, on: &canvas)
    }

    private func missingSweep(_ run: RunProgress, _ canvas: Canvas) -> String {
        if run.isSweeping { return "Measuring the first point." }
        let what = "What each pair of bit-widths costs and reaches appears here."
        if run.hasEnded { return what + " A sweep starts at a gate, while a run waits." }
        return run.gate == nil
            ? what
                + " \(canvas.key(.pause)) pauses at the next gate, then \(canvas.key(.sweep)) starts a sweep."
            : "Press \(canvas.key(.sweep)) to try pairs of bit-widths. What each costs and reaches appears here."
    }

    /// KL against bit operations.
    private func drawFront(_ sweep: SweepProgress, in area: Rect, on canvas: inout Canvas) {
        guard area.height >= 4, area.width >= 16 else { return }
        let selected = canvas.state.shownPoint
        let points = sweep.points.map { point in
            ScatterPoint(
                x: SweepProgress.cost(of: point),
                y: point.evaluation.kl,
                label: "\(point.weightBits)/\(point.activationBits)", isOnFront: sweep.isOnFront(point),
                isSelected: point == selected)
        }
        let titles = [
            "KL, nats, against bit operations, % of W8A8; less is better", "KL, nats, by bit operations, %",
            "KL, nats",
        ]
        canvas.write(titles.first { cellWidth($0) <= area.width } ?? "KL, nats", in: area, style: .muted)
        let widest = points.map(\.x).max() ?? 100
        ScatterChart(
            points: points, yScale: .log, xRange: 0...max(1, widest * 1.05)
        ).draw(into: &canvas.grid, in: area.droppingRows(1), glyphs: canvas.glyphs)
    }

    private func drawSelection(_ sweep: SweepProgress, in row: Rect, on canvas: inout Canvas) {
        guard let point = canvas.state.shownPoint else { return }
        let name = [
            TextSpan("\(canvas.glyphs.symbol(.selected)) ", Style(.front)),
            TextSpan(BitsText.label(point.weightBits, point.activationBits), Style.text.bold),
        ]
        canvas.write(
            [
                LinePiece(name, rank: 0),
                LinePiece("KL \(QuantityText.measure(point.evaluation.kl))", rank: 1),
                LinePiece(
                    point.evaluation.top1.map { "top-1 \(QuantityText.fixed($0, decimals: 1)) %" } ?? "",
                    rank: 4),
                LinePiece(QuantityText.bytes(point.bytes), rank: 3),
                LinePiece(
                    "\(QuantityText.fixed(SweepProgress.cost(of: point), decimals: 0)) % bit op.", rank: 5),
                LinePiece(sweep.isOnFront(point) ? "front" : "dominated", .muted, rank: 2),
            ], in: row, gap: 2)
    }

    private func drawTable(_ sweep: SweepProgress, in area: Rect, on canvas: inout Canvas) {
        let rows = sweep.ordered.map { point in
            let isOnFront = sweep.isOnFront(point)
            return [
                TextSpan(
                    "\(canvas.glyphs.symbol(isOnFront ? .front : .dominated))",
                    Style(isOnFront ? .front : .dominated)),
                TextSpan(BitsText.label(point.weightBits, point.activationBits)),
                TextSpan(sweep.sizeUnit.text(point.bytes)),
                TextSpan(QuantityText.fixed(SweepProgress.cost(of: point), decimals: 1)),
                TextSpan(QuantityText.measure(point.evaluation.kl)),
                TextSpan(point.evaluation.top1.map { QuantityText.fixed($0, decimals: 2) } ?? "–"),
                TextSpan(isOnFront ? "front" : "", .muted),
            ]
        }
        canvas.draw(
            Table(
                columns: [
                    TableColumn("", width: .fixed(1)), TableColumn("bits", width: .fixed(6)),
                    TableColumn(sweep.sizeUnit.name, width: .fixed(6), alignment: .trailing),
                    TableColumn("bit operations %", width: .fixed(16), alignment: .trailing),
                    TableColumn("KL", width: .fixed(8), alignment: .trailing),
                    TableColumn("top-1", width: .fixed(6), alignment: .trailing),
                    TableColumn("", width: .fixed(6)),
                ], rows: rows, selected: selection(canvas.state), isFocused: canvas.state.hasFocus(.sweep)),
            in: area)
    }
}

extension Canvas {
    /// What stands before and after the selected cell of a heat map.
    fileprivate var marks: (before: String, after: String) {
        ("\(glyphs.symbol(.pointer))", glyphs == .ascii ? "<" : "◀")
    }
}

extension WorkbenchState {
    fileprivate var obstacleToAdopting: String? {
        guard let run else { return "no run is in progress" }
        if shownPoint == nil { return "there is no point yet: \(key(.sweep)) starts a sweep at a gate" }
        if run.hasEnded { return "the run has ended; \(key(.newRun)) starts another with other bits" }
        if run.isSweeping { return "bits can be adopted when the sweep is done: \(key(.sweep)) stops it" }
        return run.gate == nil ? "bits can be adopted at a gate: \(key(.pause)) waits at the next one" : nil
    }

    /// Gives units the bits of the selected point; asks which, if some are quantized.
    fileprivate mutating func adopt() -> [WorkbenchEffect] {
        guard let point = shownPoint else { return [] }
        let dialog = AdoptDialog(
            bits: BitsPair(weightBits: point.weightBits, activationBits: point.activationBits))
        guard run?.gate == 0 else {
            overlay = dialog
            return []
        }
        let label = BitsText.label(point.weightBits, point.activationBits)
        return say("every unit gets \(label)", sending: .change(dialog.changes))
    }
}

/// Where the parts of the sweep panel are.
private struct SweepParts {
    /// The heat map, the plot beside it, the table below both, the selected point.
    let map, plot, table, selection: Rect

    init(_ area: Rect, _ sweep: SweepProgress) {
        let (weights, activations) = sweep.widths
        let natural = HeatMap.size(weights.count, activations.count)
        let line = area.height >= 6 ? 1 : 0
        let hasTable = area.width >= 70 && area.height >= natural.height + 8
        let upper = hasTable ? max(natural.height, area.height / 2) : area.height - line
        let rows = area.rows([.fixed(upper), .share(1), .fixed(line)])
        let width = min(natural.width, area.width)
        // The plot needs some room, or there is none.
        let hasPlot = area.width - width >= 26
        map = Rect(x: area.x, y: area.y, width: hasPlot ? width : area.width, height: upper)
        plot = hasPlot ? rows[0].dropping(width + 2) : .zero
        table = hasTable ? rows[1] : .zero
        selection = rows[2]
    }
}

/// The KL of every pair of widths: weights downward, activations to the right.
private struct HeatMap {
    let sweep: SweepProgress
    let area: Rect

    /// The columns of the names of rows, and of a cell with the brackets of the front: at best, and where room is scarce.
    private static let (names, wide, narrow) = (4, 7, 6)

    static func size(_ rows: Int, _ columns: Int) -> (width: Int, height: Int) {
        (names + columns * wide, rows + 1)
    }

    /// The columns of a cell.
    private var cell: Int {
        area.width < Self.size(1, sweep.widths.activations.count).width ? Self.narrow : Self.wide
    }

    /// The pair of widths at a place of the screen.
    func bits(x: Int, y: Int) -> BitsPair? {
        let (weights, activations) = sweep.widths
        let (row, column) = (y - area.y - 1, (x - area.x - Self.names) / cell)
        guard area.contains(x: x, y: y), x >= area.x + Self.names, weights.indices.contains(row),
            activations.indices.contains(column)
        else { return nil }
        return BitsPair(weightBits: weights[row], activationBits: activations[column])
    }

    func draw(selected: SweepPoint?, on canvas: inout Canvas) {
        let (weights, activations) = sweep.widths
        let logarithms = sweep.points.map(Self.logarithm)
        let (least, most) = (logarithms.min() ?? 0, logarithms.max() ?? 0)
        canvas.write("KL", in: area, style: .muted)
        for (column, bits) in activations.enumerated() {
            let place = area.dropping(Self.names + column * cell)
            canvas.write(fitted("  A\(bits)", width: cell), in: place, style: Style(.heading))
        }
        for (row, weightBits) in weights.enumerated() where row + 1 < area.height {
            let line = area.row(row + 1)
            canvas.write("W\(weightBits)", in: line, style: Style(.heading))
            for (column, activationBits) in activations.enumerated() {
                let place = line.dropping(Self.names + column * cell)
                guard let point = sweep.point(weightBits, activationBits) else {
                    canvas.write("  \(canvas.glyphs.symbol(.waiting))", in: place, style: .muted)
                    continue
                }
                // The worst point is the hottest.
                let heat = most > least ? (Self.logarithm(of: point) - least) / (most - least) : 0
                let isOnFront = sweep.isOnFront(point)
                var style = Style(Role.heat(heat))
                if isOnFront { style = style.bold }
                if point == selected { style = style.reverse }
                // The selection is told by its shape too: without colours, a cell's heat may be reversed as well.
                let (before, after) = point == selected ? canvas.marks : isOnFront ? ("[", "]") : (" ", " ")
                canvas.write("\(before)\(text(point))\(after)", in: place, style: style)
            }
        }
    }

    /// Divergences of neighbours differ by factors.
    private static func logarithm(of point: SweepPoint) -> Double { log10(max(1e-9, point.evaluation.kl)) }

    /// The KL in the columns of a cell without its brackets: `.0206`, `3.21`, or below 0.001 `7e-4`.
    private func text(_ point: SweepPoint) -> String {
        let kl = point.evaluation.kl
        let text =
            kl >= 99.95
            ? ">99"
            : kl < 0.00095
                ? QuantityText.scientific(kl, decimals: 0)
                : QuantityText.fixed(kl, decimals: kl >= 0.9995 ? 2 : cell - 3)
        return fitted(
            text.hasPrefix("0.") ? String(text.dropFirst()) : text, width: cell - 2, alignment: .trailing)
    }
}
