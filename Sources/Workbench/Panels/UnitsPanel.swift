internal import ChartScale
internal import RunText
internal import Runs
internal import TerminalUI
internal import Vocabulary

/// The units and their states.
struct UnitsPanel: PanelContent {
    let name = "Units"
    let shortName = "Units"
    let context = KeyContext.units
    let action = Action.showUnits

    func edges(isVertical: Bool, in mode: Layout.Mode) -> [(PanelSplits.Split, isBefore: Bool)] {
        isVertical ? [(.columns, true), (.list, true)] : [(.units, true), (.tabbedLog, true)]
    }

    func title(_ state: WorkbenchState) -> String {
        guard let run = state.run, !run.units.isEmpty else { return "" }
        return "\(run.finishedUnits)/\(run.units.count)"
    }

    func click(x: Int, y: Int, in area: Rect, _ state: inout WorkbenchState) {
        let count = state.run?.units.count ?? 0
        if let row = Table.row(at: y, in: area, headings: 1, selected: selection(state), count: count) {
            state.choose(unit: row)
        }
    }

    func draw(in area: Rect, on canvas: inout Canvas) {
        guard let run = canvas.state.run else { return }
        guard !run.units.isEmpty else {
            return canvas.explain("The units of the model appear here when it has been read.", in: area)
        }
        let columns = UnitColumn.fitting(area.width, run, canvas.glyphs)
        canvas.draw(
            Table(
                columns: columns.map(\.column), rows: run.units.map { unit in columns.map { $0.text(unit) } },
                selected: canvas.state.shownUnit, isFocused: canvas.state.hasFocus(.units)), in: area)
    }
}

/// A column of the list of units.
private struct UnitColumn {
    let column: TableColumn
    let width: Int
    /// When it gives way to others: higher first.
    let rank: Int
    let text: (UnitProgress) -> TextSpan

    init(
        _ title: String, _ width: Int, _ alignment: TextAlignment = .trailing, cut: TextCut = .end, rank: Int,
        text: @escaping (UnitProgress) -> TextSpan
    ) {
        column = TableColumn(title, width: .fixed(width), alignment: alignment, cut: cut)
        (self.width, self.rank, self.text) = (width, rank, text)
    }

    /// The columns that fit beside whole names; where nothing else is left, names are cut.
    static func fitting(_ width: Int, _ run: RunProgress, _ glyphs: GlyphSet) -> [UnitColumn] {
        // The table takes two columns for the pointer and one for marks.
        let room = width - 3
        let longest = run.units.map { cellWidth($0.name) }.max() ?? 0
        let longestState = run.units.map { cellWidth($0.word(isShort: false)) }.max() ?? 0
        let isShort = longestState > 6 && room < longest + longestState + 12
        let stateWidth = isShort ? 6 : max(6, longestState)
        let fixed = 1 + 1 + stateWidth + 1
        let name = UnitColumn(
            "unit", max(4, min(longest, room - fixed - 8)), .leading, cut: .start, rank: 0
        ) { TextSpan($0.name, $0.style) }
        var columns =
            [
                UnitColumn("", 1, .leading, rank: 0) { TextSpan("\(glyphs.symbol($0.symbol))", $0.style) },
                name,
                UnitColumn("state", stateWidth, .leading, rank: 0) {
                    TextSpan($0.word(isShort: isShort), $0.style)
                },
            ] + optional(run)
        while columns.reduce(-1, { $0 + $1.width + 1 }) > room, columns.count > 3,
            let last = columns.indices.dropFirst(3).max(by: { columns[$0].rank < columns[$1].rank })
        {
            columns.remove(at: last)
        }
        // A sparkline takes what is left, or goes.
        let rest = room - columns.reduce(0) { $0 + $1.width + 1 }
        if rest >= 6 {
            let cells = min(rest, 24)
            columns.append(
                UnitColumn("curve", cells, .leading, rank: 0) { $0.sparkline(cells, glyphs) })
        }
        return columns
    }

    /// The columns after the state, in their order.
    private static func optional(_ run: RunProgress) -> [UnitColumn] {
        func measures(
            _ title: String, _ width: Int, rank: Int, _ value: @escaping (UnitProgress) -> Double?
        ) -> UnitColumn {
            // One notation for the whole column.
            let values = run.units.map { value($0) ?? 0 }
            let texts = Dictionary(
                zip(values, QuantityText.measures(values)), uniquingKeysWith: { first, _ in first })
            return UnitColumn(title, width, rank: rank) { unit in
                TextSpan(
                    value(unit).flatMap { texts[$0] } ?? "", unit.isInWork ? Style(.running) : .text)
            }
        }
        func fact(
            _ title: String, _ width: Int, rank: Int, _ text: @escaping (UnitProgress) -> String?
        ) -> UnitColumn {
            UnitColumn(title, width, rank: rank) { TextSpan(text($0) ?? "", .muted) }
        }
        let kl =
            run.heldOut == nil
            ? measures("KL cal.", 7, rank: 3) { $0.report?.finalKl }
            : measures("KL held", 7, rank: 3) { $0.report?.heldOut?.kl }
        return [
            measures("calibr.", 7, rank: 8) { $0.report?.calibratedLoss ?? $0.calibratedLoss },
            measures("loss", 7, rank: 2, \.loss),
            UnitColumn("ratio", 6, rank: 1) { unit in
                guard let ratio = unit.ratio else { return TextSpan("") }
                return TextSpan(
                    QuantityText.factor(ratio),
                    ratio > 1 ? Style(.warn) : unit.isInWork ? Style(.running) : .text)
            },
            kl,
            fact("w/a", 5, rank: Set(run.bits).count > 1 ? 2 : 4) {
                "\($0.hyperparameters.weightBits)/\($0.hyperparameters.activationBits)"
            },
            fact("att", 3, rank: 5) { unit in
                run.ledger.flatMap { ledger in
                    let index = run.units.firstIndex { $0.name == unit.name } ?? 0
                    let count = ledger.attempts[index].count
                    return count > 0 ? "\(count)" : nil
                }
            },
            UnitColumn("SQNR min", 9, rank: 9) { unit in
                let least = unit.sites.compactMap(\.sqnrDb).min()
                return TextSpan(least.map { QuantityText.fixed($0, decimals: 1) + " dB" } ?? "")
            },
            fact("params", 11, rank: 11) { QuantityText.count($0.parameters) },
            fact("size", 9, rank: 10) { $0.report.map { QuantityText.bytes($0.bytes) } },
            fact("time", 9, rank: 7) { $0.report.map { QuantityText.duration($0.seconds) } },
        ]
    }
}

extension UnitProgress {
    /// Its curve of ratios in some cells of rising blocks, on a logarithmic scale.
    fileprivate func sparkline(_ cells: Int, _ glyphs: GlyphSet) -> TextSpan {
        guard let curves, let ratios = curves.ratios else { return TextSpan("") }
        var sums = Array(repeating: (sum: 0.0, count: 0), count: cells)
        for point in ratios where point.y.isFinite && point.y > 0 {
            let cell = min(cells - 1, max(0, Int(point.x / Double(curves.steps) * Double(cells))))
            sums[cell].sum += point.y
            sums[cell].count += 1
        }
        let values = sums.map { $0.count > 0 ? $0.sum / Double($0.count) : .nan }
        let axis = Axis(fitting: values.filter(\.isFinite) + [1], scale: .log)
        let ramp = glyphs.ramp
        let text = values.map { value -> String in
            guard let position = axis.position(value) else { return " " }
            return "\(ramp[1 + min(ramp.count - 2, max(0, Int(position * Double(ramp.count - 1))))])"
        }
        return TextSpan(text.joined(), phase == .reverted || ratio ?? 1 > 1 ? Style(.warn) : Style(.curve))
    }
}

extension UnitProgress {
    fileprivate var symbol: Symbol {
        switch phase {
        case .waiting: .waiting
        case .calibrating, .running: .running
        case .done: isStale ? .stale : .done
        case .reverted: isStale ? .stale : .warning
        }
    }

    fileprivate var style: Style {
        switch phase {
        case .waiting: .muted
        case .calibrating, .running: Style(.running)
        case .done: Style(isStale ? .warn : .ok)
        case .reverted: Style(.warn)
        }
    }

    /// Its state in a word, or, where that has room, two.
    fileprivate func word(isShort: Bool) -> String {
        switch phase {
        case .waiting: "wait"
        case .calibrating: "calib"
        case .running: "\(Int(fraction * 100)) %"
        case .done:
            isStale ? "stale" : report?.ending == .cancelled ? isShort ? "cancel" : "cancelled" : "done"
        case .reverted: isStale ? "stale" : isShort ? "back" : "put back"
        }
    }
}
