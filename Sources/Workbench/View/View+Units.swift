internal import Runs
internal import TerminalUI
internal import Vocabulary

extension Painter {
    mutating func drawUnits(in area: Rect) {
        guard let run = state.run else { return }
        guard !run.units.isEmpty else {
            return explain("The units of the model appear here when it has been read.", in: area)
        }
        let columns = Self.unitColumns(width: area.width)
        let table = Table(
            columns: columns.map(\.column),
            rows: run.units.map { unit in columns.map { $0.text(self, unit) } },
            selected: state.shownUnit, isFocused: state.focus == .units && state.overlay == nil)
        table.draw(into: &grid, in: area, glyphs: glyphs)
    }

    private struct UnitColumn {
        let column: TableColumn
        let text: (Painter, UnitProgress) -> TextSpan

        init(
            _ title: String, _ width: Length, _ alignment: TextAlignment = .trailing, cut: TextCut = .end,
            text: @escaping (Painter, UnitProgress) -> TextSpan
        ) {
            column = TableColumn(title, width: width, alignment: alignment, cut: cut)
            self.text = text
        }
    }

    /// The columns that there is room for.
    private static func unitColumns(width: Int) -> [UnitColumn] {
        var columns = [
            UnitColumn("", .fixed(1), .leading) { $0.symbol(of: $1) },
            UnitColumn("unit", .share(1), .leading, cut: .start) { TextSpan($1.name, $0.style(of: $1)) },
            UnitColumn("state", .fixed(6), .leading) { TextSpan(word(of: $1), $0.style(of: $1)) },
        ]
        if width >= 100 {
            columns.append(
                UnitColumn("calibrated", .fixed(10)) { measure($1.report?.calibratedLoss, $0, $1) })
        }
        columns.append(UnitColumn("loss", .fixed(7)) { measure($1.loss, $0, $1) })
        if width >= 100 {
            columns.append(UnitColumn("KL cal.", .fixed(7)) { measure($1.report?.calibratedKl, $0, $1) })
        }
        if width >= 40 { columns.append(UnitColumn("KL", .fixed(7)) { measure($1.report?.finalKl, $0, $1) }) }
        if width >= 36 {
            columns.append(
                UnitColumn("w/a", .fixed(5)) { _, unit in
                    TextSpan(
                        "\(unit.hyperparameters.weightBits)/\(unit.hyperparameters.activationBits)", .muted)
                })
        }
        if width >= 90 {
            columns += [
                UnitColumn("SQNR min", .fixed(9)) { _, unit in TextSpan(lowestSQNR(unit)) },
                UnitColumn("params", .fixed(11)) { _, unit in
                    TextSpan(QuantityText.count(unit.parameters), .muted)
                },
                UnitColumn("size", .fixed(9)) { _, unit in
                    TextSpan(unit.report.map { QuantityText.bytes($0.bytes) } ?? "", .muted)
                },
                UnitColumn("time", .fixed(9)) { _, unit in
                    TextSpan(unit.report.map { QuantityText.duration($0.seconds) } ?? "", .muted)
                },
            ]
        }
        return columns
    }

    private static func measure(_ value: Double?, _ painter: Painter, _ unit: UnitProgress) -> TextSpan {
        TextSpan(
            value.map { QuantityText.measure($0) } ?? "", unit.isInWork ? Style(.running) : .text)
    }

    private static func lowestSQNR(_ unit: UnitProgress) -> String {
        unit.sites.compactMap(\.sqnrDb).min().map { QuantityText.fixed($0, decimals: 1) + " dB" } ?? ""
    }

    private func symbol(of unit: UnitProgress) -> TextSpan {
        let symbol: Symbol =
            switch unit.phase {
            case .waiting: .waiting
            case .calibrating, .running: .running
            case .done: unit.isStale ? .stale : .done
            case .reverted: unit.isStale ? .stale : .warning
            }
        return TextSpan("\(glyphs.symbol(symbol))", style(of: unit))
    }

    private func style(of unit: UnitProgress) -> Style {
        switch unit.phase {
        case .waiting: .muted
        case .calibrating, .running: Style(.running)
        case .done: Style(unit.isStale ? .warn : .ok)
        case .reverted: Style(.warn)
        }
    }

    private static func word(of unit: UnitProgress) -> String {
        switch unit.phase {
        case .waiting: "wait"
        case .calibrating: "calib"
        case .running: "\(Int(unit.fraction * 100)) %"
        case .done: unit.isStale ? "stale" : "done"
        case .reverted: unit.isStale ? "stale" : "revert"
        }
    }
}
