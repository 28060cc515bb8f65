internal import Runs
internal import TerminalUI

extension Painter {
    mutating func drawOverlay() {
        switch state.overlay {
        case .quit: drawQuit()
        case .help(let help): drawHelp(help)
        case .themes: drawThemes()
        case .export(let dialog): drawExport(dialog)
        case .palette(let palette): drawPalette(palette)
        case .open(let dialog): drawOpen(dialog)
        case .redo(let dialog): drawRedo(dialog)
        case .attempts(let view): drawAttempts(view)
        case .rollBack(let unit): drawRollBack(unit)
        case .site(let view): drawSite(view)
        case .images(let view): drawImages(view)
        case nil: break
        }
    }

    /// Draws an empty dialog in the middle and returns what is inside.
    mutating func drawDialog(_ title: String, width: Int, height: Int) -> Rect {
        let frame = dialogFrame(width: width, height: height)
        return grid.drawBox(frame, title: title, focused: true, glyphs: glyphs).inset(columns: 1, rows: 0)
    }

    private func dialogFrame(width: Int, height: Int) -> Rect {
        let screen = Rect(x: 0, y: 0, width: grid.width, height: grid.height - 1)
        return screen.centered(width: min(width, screen.width - 2), height: min(height, screen.height))
    }

    /// The list of a dialog that has one, for clicks: where it is, the selected row, and how many there are.
    var dialogList: (area: Rect, selected: Int, count: Int)? {
        func inside(_ size: (width: Int, height: Int), _ lengths: [Length], _ part: Int) -> Rect {
            dialogFrame(width: size.width, height: size.height).inset().inset(columns: 1, rows: 0)
                .rows(lengths)[part]
        }
        switch state.overlay {
        case .themes:
            return (
                inside(themesSize, Self.themesRows, 0), state.themeNames.firstIndex(of: state.theme) ?? 0,
                state.themeNames.count
            )
        case .palette(let palette):
            let count = state.entries(of: palette).count
            return (
                inside(paletteSize(count), Self.paletteRows, 2), min(palette.selected, count - 1), count
            )
        default: return nil
        }
    }

    private static let themesRows: [Length] = [.share(1), .fixed(1), .fixed(2), .fixed(1)]
    private var themesSize: (width: Int, height: Int) { (44, min(state.themeNames.count, 12) + 7) }

    private mutating func drawQuit() {
        guard let run = state.run else { return }
        let area = drawDialog("Quit", width: 62, height: 8)
        let done = run.units.filter(\.isFinished).count
        let text =
            "The run is still in work: \(done) of \(run.units.count) units are done. "
            + (run.summary?.directory.map { "Quitting stops it; \($0) keeps what is written so far." }
                ?? "Quitting stops it, and nothing of it is kept.")
        let body = area.rows([.share(1), .fixed(1)])
        grid.writeWrapped(
            text, in: Rect(x: area.x, y: area.y + 1, width: area.width, height: body[0].height - 1))
        writeKeys([(key(.confirm, .quit), "stop and quit"), (key(.cancel, .quit), "stay")], in: body[1])
    }

    /// The first key of an action in a dialog.
    func key(_ action: Action, _ context: KeyContext) -> String {
        state.settings.keys.text(of: action, in: context)
    }

    mutating func writeKeys(_ keys: [(key: String, text: String)], in row: Rect) {
        let spans = keys.flatMap { [TextSpan($0.key, Style(.keyHint)), TextSpan(" \($0.text)   ")] }
        grid.write(spans, x: row.x, y: row.y, in: row)
    }

    private mutating func drawThemes() {
        let area = drawDialog("Theme", width: themesSize.width, height: themesSize.height)
        let parts = area.rows(Self.themesRows)
        drawSwatches(in: parts[2])
        Table(
            list: state.themeNames.map { TextSpan($0) },
            selected: state.themeNames.firstIndex(of: state.theme)
        ).draw(into: &grid, in: parts[0], glyphs: glyphs)
        writeKeys([(key(.confirm, .themes), "keep"), (key(.cancel, .themes), "cancel")], in: parts[3])
    }

    // MARK: - Help

    private mutating func drawHelp(_ help: HelpOverlay) {
        let area = drawDialog("Help", width: layout.overlay.width, height: layout.overlay.height)
        let lines = HelpText.rows(
            of: state.settings.keys, matching: help.filter.text, width: area.width)
        let parts = area.rows([.fixed(1), .share(1), .fixed(1)])
        grid.write("filter", x: parts[0].x, y: parts[0].y, style: .muted, in: parts[0])
        let field = Rect(x: parts[0].x + 8, y: parts[0].y, width: parts[0].width - 8, height: 1)
        help.filter.draw(into: &grid, in: field.intersection(parts[0]), style: Style.text.underline)
        let list = parts[1]
        let first = min(help.offset, max(0, lines.count - list.height))
        if lines.isEmpty { explain("No key does “\(help.filter.text)”.", in: list) }
        for (index, line) in lines.dropFirst(first).prefix(list.height).enumerated() {
            drawHelpLine(line, in: list.row(index))
        }
        let below = lines.count - first - list.height
        let more = below > 0 ? "\(below) more, \(key(.down, .help)) scrolls   " : ""
        grid.write(
            [
                TextSpan(more, .muted), TextSpan(key(.cancel, .help), Style(.keyHint)),
                TextSpan(" close, type to filter"),
            ],
            x: parts[2].x, y: parts[2].y, in: parts[2])
    }

    private mutating func drawHelpLine(_ line: HelpText.Row, in row: Rect) {
        guard let text = line.text else {
            grid.write(line.keys, x: row.x, y: row.y, style: Style(.heading).bold, in: row)
            return
        }
        grid.write(line.keys, x: row.x + 1, y: row.y, style: Style(.keyHint), in: row)
        grid.write(text, x: row.x + 1 + HelpText.keyColumns(state.settings.keys), y: row.y, in: row)
    }

    // MARK: - Export

    private mutating func drawExport(_ dialog: ExportDialog) {
        let area = drawDialog("Export", width: 72, height: 11)
        let rows = area.rows([.fixed(1), .fixed(1), .fixed(1), .fixed(1), .fixed(1), .share(1), .fixed(1)])
        for (index, format) in [ExportFormat.packed, .recipe].enumerated() {
            let row = rows[index]
            let isChosen = format == dialog.format
            let mark = isChosen ? "\(glyphs.symbol(.pointer))" : " "
            let style = isChosen ? Style.text.bold : .muted
            grid.write(
                "\(mark) \(fitted(format.rawValue, width: 8)) \(what(format))", x: row.x, y: row.y,
                style: style, in: row)
        }
        grid.write("path", x: rows[3].x, y: rows[3].y, style: .muted, in: rows[3])
        let field = Rect(x: rows[3].x + 6, y: rows[3].y, width: rows[3].width - 6, height: 1)
        dialog.line.draw(
            into: &grid, in: field.intersection(rows[3]), style: Style.text.underline,
            showsCursor: dialog.stage == .editing)
        drawExportState(dialog, in: rows[5])
        writeKeys(exportKeys(dialog), in: rows[6])
    }

    private func what(_ format: ExportFormat) -> String {
        switch format {
        case .packed:
            state.run?.report.map {
                "integers at their width, scales, plan; \(QuantityText.bytes($0.bytes)) + header"
            } ?? "when every unit is quantized"
        case .recipe: "the plan with every decision; replays to the same bits"
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
                "writing, then reading it back", x: area.x, y: area.y, style: Style(.running), in: area)
        case .done(let result):
            grid.writeWrapped(
                "\(glyphs.symbol(.done)) Wrote \(QuantityText.bytes(result.bytes)); "
                    + "\(result.verification.summary).", in: area, style: Style(.ok).bold)
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
