internal import Runs
internal import TerminalUI

extension Painter {
    mutating func drawExport(_ dialog: ExportDialog) {
        let kinds = ExportKind.allCases
        let area = drawDialog("Export", width: 72, height: 9 + kinds.count)
        let rows = area.rows([
            .fixed(kinds.count), .fixed(1), .fixed(1), .fixed(1), .share(1), .fixed(1),
        ])
        for (index, kind) in kinds.enumerated() {
            let row = rows[0].row(index)
            let isChosen = kind == dialog.kind
            let mark = isChosen ? "\(glyphs.symbol(.pointer))" : " "
            let style = isChosen ? Style.text.bold : .muted
            grid.write(
                "\(mark) \(fitted(kind.rawValue, width: 8)) \(what(kind))", x: row.x, y: row.y,
                style: style, in: row)
        }
        grid.write("path", x: rows[2].x, y: rows[2].y, style: .muted, in: rows[2])
        let field = Rect(x: rows[2].x + 6, y: rows[2].y, width: rows[2].width - 6, height: 1)
        dialog.line.draw(
            into: &grid, in: field.intersection(rows[2]), style: Style.text.underline,
            showsCursor: dialog.stage == .editing)
        drawExportState(dialog, in: rows[4])
        writeKeys(exportKeys(dialog), in: rows[5])
    }

    private func what(_ kind: ExportKind) -> String {
        switch kind {
        case .packed:
            state.run?.report.map {
                "integers at their width, scales, plan; \(QuantityText.bytes($0.bytes)) + header"
            } ?? "when every unit is quantized"
        case .recipe: "the plan with every decision; replays to the same bits"
        case .curves: "what every step measured, as \(CurvesFormat.endings)"
        case .picture: "the screen, as \(PictureFormat.endings)"
        }
    }

    private mutating func drawExportState(_ dialog: ExportDialog, in area: Rect) {
        if let problem = dialog.problem {
            grid.writeWrapped(
                "\(glyphs.symbol(.failed)) \(problem)", in: area, style: Style(.error))
            return
        }
        switch dialog.stage {
        case .editing: drawSuggestions(dialog.suggestions, in: area)
        case .checking: grid.write("looking at the path", x: area.x, y: area.y, style: .muted, in: area)
        case .overwriting:
            grid.writeWrapped(
                "\(glyphs.symbol(.warning)) The file exists. Replace it?", in: area, style: Style(.warn).bold)
        case .writing:
            grid.write(
                dialog.kind.format == nil ? "writing" : "writing, then reading it back", x: area.x, y: area.y,
                style: Style(.running), in: area)
        case .done(let bytes, let summary):
            grid.writeWrapped(
                "\(glyphs.symbol(.done)) Wrote \(QuantityText.bytes(bytes)); \(summary).", in: area,
                style: Style(.ok).bold)
        }
    }

    private func exportKeys(_ dialog: ExportDialog) -> [(key: String, text: String)] {
        switch dialog.stage {
        case .editing:
            [
                (key(.confirm, .export), "write"), (key(.complete, .export), "complete"),
                (key(.switchFormat, .export), "format"), (key(.cancel, .export), "cancel"),
            ]
        case .overwriting:
            [(key(.confirm, .overwrite), "replace it"), (key(.cancel, .overwrite), "another path")]
        case .checking, .writing, .done: [(key(.cancel, .result), "close")]
        }
    }
}
