internal import ChartScale
internal import RunText
internal import Runs
internal import TerminalUI

/// Size against accuracy for many bit-widths.
struct SweepPanel: PanelContent {
    let name = "Sweep"
    let shortName = "Sweep"
    let context = KeyContext.sweep
    let action = Action.showSweep

    var keys: [KeyBinding] {
        [
            KeyBinding(
                .adopt, ["a"], [.sweep], "give the coming units the bits of the selected point",
                hint: "adopt bits", rank: 5, .perform(unless: \.obstacleToAdopting) { $0.adopt() })
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

    func click(x: Int, y: Int, in area: Rect, _ state: inout WorkbenchState) {
        guard hasTable(area), let count = state.run?.sweep?.points.count else { return }
        if let row = Table.row(at: y, in: area, headings: 1, selected: selection(state), count: count) {
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
        let columns = area.columns([.fixed(hasTable(area) ? 46 : 0), .share(1)])
        if hasTable(area) { drawTable(sweep, in: columns[0], on: &canvas) }
        let parts = columns[1].rows([.fixed(1), .share(1), .fixed(columns[1].height >= 6 ? 1 : 0)])
        let unit = sweep.isJudgedByTop1 ? "top-1 %" : "KL nats, less is better"
        canvas.write("\(unit) against \(sweep.sizeUnit.name), w/a bits", in: parts[0], style: .muted)
        drawFront(sweep, in: parts[1], on: &canvas)
        drawSelection(sweep, in: parts[2], on: &canvas)
    }

    /// Whether there is room for a table of all points beside the plot.
    private func hasTable(_ area: Rect) -> Bool { area.width >= 90 }

    private func missingSweep(_ run: RunProgress, _ canvas: Canvas) -> String {
        if run.isSweeping { return "Measuring the first point." }
        let what = "Size against accuracy of 25 pairs of bit-widths appears here."
        if run.hasEnded { return what + " A sweep starts at a gate, while a run waits." }
        return run.gate == nil
            ? what + " \(canvas.key(.pause)) waits at the next gate, then \(canvas.key(.sweep)) starts it."
            : what + " \(canvas.key(.sweep)) starts it."
    }

    private func drawFront(_ sweep: SweepProgress, in area: Rect, on canvas: inout Canvas) {
        let selected = canvas.state.shownPoint
        let points = sweep.points.map { point in
            ScatterPoint(
                x: Double(point.bytes) / sweep.sizeUnit.bytes,
                y: sweep.isJudgedByTop1 ? point.evaluation.top1 ?? .nan : point.evaluation.kl,
                label: "\(point.weightBits)/\(point.activationBits)", isOnFront: sweep.isOnFront(point),
                isSelected: point == selected)
        }
        // Some room beside the outermost points.
        let range = sweep.sizes.map { sizes in
            let pad = (sizes.upperBound - sizes.lowerBound) * 0.05
            let unit = sweep.sizeUnit.bytes
            return max(0, sizes.lowerBound - pad) / unit...(sizes.upperBound + pad) / unit
        }
        ScatterChart(points: points, yScale: sweep.isJudgedByTop1 ? .linear : .log, xRange: range)
            .draw(into: &canvas.grid, in: area, glyphs: canvas.glyphs)
    }

    private func drawSelection(_ sweep: SweepProgress, in row: Rect, on canvas: inout Canvas) {
        guard let point = canvas.state.shownPoint else { return }
        let quality =
            point.evaluation.top1.map { "\(QuantityText.fixed($0, decimals: 1)) %" }
            ?? "KL \(QuantityText.measure(point.evaluation.kl))"
        let name = [
            TextSpan("\(canvas.glyphs.symbol(.selected)) ", Style(.front)),
            TextSpan(BitsText.label(point.weightBits, point.activationBits), Style.text.bold),
        ]
        canvas.write(
            [
                LinePiece(name, rank: 0), LinePiece(quality, rank: 1),
                LinePiece(QuantityText.bytes(point.bytes), rank: 2),
                LinePiece(sweep.isOnFront(point) ? "front" : "dominated", .muted, rank: 3),
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
                TextSpan(point.evaluation.top1.map { QuantityText.fixed($0, decimals: 2) } ?? "–"),
                TextSpan(QuantityText.measure(point.evaluation.kl)),
                TextSpan(isOnFront ? "front" : "", .muted),
            ]
        }
        canvas.draw(
            Table(
                columns: [
                    TableColumn("", width: .fixed(1)), TableColumn("bits", width: .share(1)),
                    TableColumn(sweep.sizeUnit.name, width: .fixed(6), alignment: .trailing),
                    TableColumn("top-1", width: .fixed(6), alignment: .trailing),
                    TableColumn("KL", width: .fixed(8), alignment: .trailing),
                    TableColumn("", width: .fixed(6)),
                ], rows: rows, selected: selection(canvas.state), isFocused: canvas.state.hasFocus(.sweep)),
            in: area)
    }
}

extension WorkbenchState {
    fileprivate var obstacleToAdopting: String? {
        guard let run else { return "no run is in progress" }
        if shownPoint == nil { return "there is no point yet: \(key(.sweep)) starts a sweep at a gate" }
        if run.hasEnded { return "the run has ended; \(key(.newRun)) starts another with other bits" }
        if run.isSweeping { return "bits can be adopted when the sweep is done: \(key(.sweep)) stops it" }
        guard let gate = run.gate else {
            return "bits can be adopted at a gate: \(key(.pause)) waits at the next one"
        }
        return gate >= run.units.count ? "no unit is left that could have other bits" : nil
    }

    fileprivate func adopt() -> [WorkbenchEffect] {
        guard let point = shownPoint else { return [] }
        let changes = [
            HyperparameterChange(key: "weight_bits", value: String(point.weightBits)),
            HyperparameterChange(key: "activation_bits", value: String(point.activationBits)),
        ]
        return [.send(.change(changes))]
    }
}
