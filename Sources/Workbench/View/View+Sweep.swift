internal import Runs
internal import TerminalUI

extension Painter {
    /// What the sweep panel says at the right of its title.
    var sweepNote: String {
        guard let sweep = state.run?.sweep else { return "" }
        let count = "\(sweep.points.count)/\(sweep.expected)"
        if sweep.isRunning { return count }
        return sweep.isIncomplete ? "\(count) stopped" : count
    }

    mutating func drawSweep(in area: Rect) {
        guard let run = state.run else { return }
        guard let sweep = run.sweep, !sweep.points.isEmpty else {
            return explain(missingSweep(run), in: area)
        }
        let table = Self.hasPointTable(area) ? 46 : 0
        let columns = area.columns([.fixed(table), .share(1)])
        if table > 0 { drawPoints(sweep, in: columns[0]) }
        let parts = columns[1].rows([.fixed(1), .share(1), .fixed(columns[1].height >= 6 ? 1 : 0)])
        let unit = sweep.isJudgedByTop1 ? "top-1 %" : "KL nats, less is better"
        let heading = "\(unit) against \(sweep.sizeUnit.name), w/a bits"
        grid.write(heading, x: parts[0].x, y: parts[0].y, style: .muted, in: parts[0])
        drawFront(sweep, in: parts[1])
        drawShownPoint(sweep, in: parts[2])
    }

    /// Whether there is room for a table of all points beside the plot.
    static func hasPointTable(_ area: Rect) -> Bool { area.width >= 90 }

    private func missingSweep(_ run: RunProgress) -> String {
        if run.isSweeping { return "The first point is being measured." }
        let what = "Size against accuracy of 25 pairs of bit-widths appears here."
        if run.hasEnded { return what + " A sweep starts at a gate, while a run waits." }
        return run.gate == nil
            ? what + " \(state.key(.pause)) waits at the next gate, then \(state.key(.sweep)) starts it."
            : what + " \(state.key(.sweep)) starts it."
    }

    private mutating func drawFront(_ sweep: SweepProgress, in area: Rect) {
        let shown = state.shownPoint
        let points = sweep.points.map { point in
            ScatterPoint(
                x: Double(point.bytes) / sweep.sizeUnit.bytes,
                y: sweep.isJudgedByTop1 ? point.evaluation.top1 ?? .nan : point.evaluation.kl,
                label: "\(point.weightBits)/\(point.activationBits)", isOnFront: sweep.isOnFront(point),
                isSelected: point == shown)
        }
        ScatterChart(
            points: points, yScale: sweep.isJudgedByTop1 ? .linear : .log, xRange: sizeRange(sweep)
        ).draw(into: &grid, in: area, glyphs: glyphs)
    }

    /// The sizes that the axis shows, with some room beside the outermost points.
    private func sizeRange(_ sweep: SweepProgress) -> ClosedRange<Double>? {
        guard let sizes = sweep.sizes else { return nil }
        let pad = (sizes.upperBound - sizes.lowerBound) * 0.05
        let unit = sweep.sizeUnit.bytes
        return max(0, sizes.lowerBound - pad) / unit...(sizes.upperBound + pad) / unit
    }

    private mutating func drawShownPoint(_ sweep: SweepProgress, in row: Rect) {
        guard let point = state.shownPoint else { return }
        let pieces = [
            LinePiece(
                [
                    TextSpan("\(glyphs.symbol(.selected)) ", Style(.front)),
                    TextSpan(BitsText.label(point.weightBits, point.activationBits), Style.text.bold),
                ], rank: 0),
            LinePiece(quality(point), rank: 1),
            LinePiece(QuantityText.bytes(point.bytes), rank: 2),
            LinePiece(sweep.isOnFront(point) ? "front" : "dominated", .muted, rank: 3),
        ]
        var x = row.x
        for piece in LinePiece.fitting(pieces, width: row.width, gap: 2) {
            x += grid.write(piece.spans, x: x, y: row.y, in: row) + 2
        }
    }

    private func quality(_ point: SweepPoint) -> String {
        point.evaluation.top1.map { "\(QuantityText.fixed($0, decimals: 1)) %" }
            ?? "KL \(QuantityText.measure(point.evaluation.kl))"
    }

    /// Every point, where there is room for a table beside the plot.
    private mutating func drawPoints(_ sweep: SweepProgress, in area: Rect) {
        let ordered = sweep.ordered
        let rows = ordered.map { point in
            let isOnFront = sweep.isOnFront(point)
            return [
                TextSpan(
                    "\(glyphs.symbol(isOnFront ? .front : .dominated))",
                    Style(isOnFront ? .front : .dominated)),
                TextSpan(BitsText.label(point.weightBits, point.activationBits)),
                TextSpan(sweep.sizeUnit.text(point.bytes)),
                TextSpan(point.evaluation.top1.map { QuantityText.fixed($0, decimals: 2) } ?? "–"),
                TextSpan(QuantityText.measure(point.evaluation.kl)),
                TextSpan(isOnFront ? "front" : "", .muted),
            ]
        }
        Table(
            columns: [
                TableColumn("", width: .fixed(1)), TableColumn("bits", width: .share(1)),
                TableColumn(sweep.sizeUnit.name, width: .fixed(6), alignment: .trailing),
                TableColumn("top-1", width: .fixed(6), alignment: .trailing),
                TableColumn("KL", width: .fixed(8), alignment: .trailing), TableColumn("", width: .fixed(6)),
            ], rows: rows, selected: state.shownPoint.flatMap { ordered.firstIndex(of: $0) },
            isFocused: state.focus == .sweep && state.overlay == nil
        ).draw(into: &grid, in: area, glyphs: glyphs)
    }
}
