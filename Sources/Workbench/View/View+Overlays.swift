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
}
