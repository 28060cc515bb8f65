internal import TerminalUI

extension Painter {
    static let paletteRows: [Length] = [.fixed(1), .fixed(1), .share(1), .fixed(1)]

    /// The size of the palette with so many entries.
    func paletteSize(_ count: Int) -> (width: Int, height: Int) {
        (min(88, layout.body.width - 4), min(max(count, 3), max(6, layout.body.height / 2)) + 5)
    }

    mutating func drawPalette(_ palette: CommandPalette) {
        let entries = state.entries(of: palette)
        let size = paletteSize(entries.count)
        let area = drawDialog("Commands", width: size.width, height: size.height)
        let parts = area.rows(Self.paletteRows)
        grid.write(":", x: parts[0].x, y: parts[0].y, style: Style(.keyHint), in: parts[0])
        let field = Rect(x: parts[0].x + 2, y: parts[0].y, width: parts[0].width - 2, height: 1)
        palette.line.draw(into: &grid, in: field.intersection(parts[0]), style: Style.text.underline)
        if entries.isEmpty {
            explain("No command matches “\(palette.line.text)”.", in: parts[2])
        } else {
            drawEntries(entries, palette, in: parts[2])
        }
        if let problem = palette.problem {
            let text = fitted(
                "\(glyphs.symbol(.warning)) \(problem)", width: parts[3].width, ellipsis: glyphs.ellipsis)
            grid.write(text, x: parts[3].x, y: parts[3].y, style: Style(.warn), in: parts[3])
            return
        }
        writeKeys(
            [
                (key(.confirm, .palette), "do it"), (key(.complete, .palette), "complete"),
                (key(.cancel, .palette), "close"),
            ], in: parts[3])
    }

    private mutating func drawEntries(_ entries: [PaletteEntry], _ palette: CommandPalette, in area: Rect) {
        let names = min(26, max(12, area.width / 3))
        let hasKeys = area.width >= 64
        let rows = entries.map { entry in
            let isPossible = entry.obstacle == nil
            return [
                TextSpan(entry.command, isPossible ? Style.text.bold : .muted),
                TextSpan(entry.obstacle ?? entry.text, .muted),
            ] + (hasKeys ? [TextSpan(entry.keys, Style(.keyHint))] : [])
        }
        Table(
            columns: [
                TableColumn("", width: .fixed(names)), TableColumn("", width: .share(1)),
            ] + (hasKeys ? [TableColumn("", width: .fixed(10), alignment: .trailing)] : []),
            rows: rows, selected: min(palette.selected, entries.count - 1), hasHeading: false
        ).draw(into: &grid, in: area, glyphs: glyphs)
    }
}
