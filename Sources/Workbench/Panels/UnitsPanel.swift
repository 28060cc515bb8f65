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
        return "\(run.units.filter(\.isFinished).count)/\(run.units.count)"
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
        let columns = UnitColumn.fitting(area.width, canvas.glyphs)
        canvas.draw(
            Table(
                columns: columns.map(\.column), rows: run.units.map { unit in columns.map { $0.text(unit) } },
                selected: canvas.state.shownUnit, isFocused: canvas.state.hasFocus(.units)), in: area)
    }
}

private struct UnitColumn {
    let column: TableColumn
    let text: (UnitProgress) -> TextSpan

    init(
        _ title: String, _ width: Length, _ alignment: TextAlignment = .trailing, cut: TextCut = .end,
        text: @escaping (UnitProgress) -> TextSpan
    ) {
        column = TableColumn(title, width: width, alignment: alignment, cut: cut)
        self.text = text
    }

    /// The columns that fit.
    static func fitting(_ width: Int, _ glyphs: GlyphSet) -> [UnitColumn] {
        func measure(_ title: String, _ width: Int, _ value: @escaping (UnitProgress) -> Double?)
            -> UnitColumn
        {
            UnitColumn(title, .fixed(width)) { unit in
                TextSpan(
                    value(unit).map { QuantityText.measure($0) } ?? "",
                    unit.isInWork ? Style(.running) : .text)
            }
        }
        func fact(_ title: String, _ width: Int, _ text: @escaping (UnitProgress) -> String?) -> UnitColumn {
            UnitColumn(title, .fixed(width)) { TextSpan(text($0) ?? "", .muted) }
        }
        var columns = [
            UnitColumn("", .fixed(1), .leading) { TextSpan("\(glyphs.symbol($0.symbol))", $0.style) },
            UnitColumn("unit", .share(1), .leading, cut: .start) { TextSpan($0.name, $0.style) },
            UnitColumn("state", .fixed(6), .leading) { TextSpan($0.word, $0.style) },
        ]
        if width >= 100 { columns.append(measure("calibrated", 10) { $0.report?.calibratedLoss }) }
        columns.append(measure("loss", 7, \.loss))
        if width >= 100 { columns.append(measure("KL cal.", 7) { $0.report?.calibratedKl }) }
        if width >= 40 { columns.append(measure("KL", 7) { $0.report?.finalKl }) }
        if width >= 36 {
            columns.append(
                fact("w/a", 5) { "\($0.hyperparameters.weightBits)/\($0.hyperparameters.activationBits)" })
        }
        if width >= 90 {
            columns += [
                UnitColumn("SQNR min", .fixed(9)) { unit in
                    let least = unit.sites.compactMap(\.sqnrDb).min()
                    return TextSpan(least.map { QuantityText.fixed($0, decimals: 1) + " dB" } ?? "")
                },
                fact("params", 11) { QuantityText.count($0.parameters) },
                fact("size", 9) { $0.report.map { QuantityText.bytes($0.bytes) } },
                fact("time", 9) { $0.report.map { QuantityText.duration($0.seconds) } },
            ]
        }
        return columns
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

    fileprivate var word: String {
        switch phase {
        case .waiting: "wait"
        case .calibrating: "calib"
        case .running: "\(Int(fraction * 100)) %"
        case .done: isStale ? "stale" : "done"
        case .reverted: isStale ? "stale" : "revert"
        }
    }
}
