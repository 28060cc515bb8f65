internal import TerminalUI

extension Painter {
    mutating func drawOpen(_ dialog: OpenDialog) {
        let area = drawDialog("Open", width: min(92, layout.body.width - 4), height: 14)
        let parts = area.rows([.fixed(1), .fixed(1), .fixed(3), .fixed(1), .share(1), .fixed(1)])
        grid.write(
            "A checkpoint, a plan, a run's folder, or sample:NAME.", x: parts[0].x, y: parts[0].y,
            style: .muted,
            in: parts[0])
        for field in OpenDialog.Field.allCases {
            let row = parts[2].row(field.rawValue)
            let isSelected = field == dialog.field
            let mark = isSelected ? "\(glyphs.symbol(.pointer)) " : "  "
            grid.write(
                mark + field.name, x: row.x, y: row.y, style: isSelected ? Style.text.bold : .muted, in: row)
            let place = Rect(x: row.x + 15, y: row.y, width: row.width - 15, height: 1).intersection(row)
            let line = dialog.lines[field.rawValue]
            if line.isEmpty, !isSelected {
                grid.write("the model's own", x: place.x, y: place.y, style: .muted, in: place)
            } else {
                line.draw(
                    into: &grid, in: place, style: isSelected ? Style.text.underline : .text,
                    showsCursor: isSelected && !dialog.isOpening)
            }
        }
        drawOpenState(dialog, in: parts[4])
        writeKeys(
            [
                (key(.confirm, .open), "open"), (key(.complete, .open), "complete"),
                (key(.down, .open), "next line"), (key(.cancel, .open), "cancel"),
            ], in: parts[5])
    }

    private mutating func drawOpenState(_ dialog: OpenDialog, in area: Rect) {
        if let problem = dialog.problem {
            grid.writeWrapped("\(glyphs.symbol(.failed)) \(problem)", in: area, style: Style(.error))
        } else if dialog.isOpening {
            grid.write("looking at what is there", x: area.x, y: area.y, style: Style(.running), in: area)
        } else {
            drawSuggestions(dialog.suggestions, in: area)
        }
    }

    /// How a path could go on: the last parts, as many as there is room for.
    mutating func drawSuggestions(_ suggestions: [String], in area: Rect) {
        guard !suggestions.isEmpty else { return }
        let names = suggestions.map { path -> String in
            let isFolder = path.hasSuffix("/")
            let last = path.split(separator: "/").last.map(String.init) ?? path
            return isFolder ? last + "/" : last
        }
        let text = names.joined(separator: "   ")
        let lines = wrapped(text, width: area.width)
        for (index, line) in lines.prefix(area.height).enumerated() {
            let isCut = index == area.height - 1 && lines.count > area.height
            let shown = isCut ? fitted(line + " \(glyphs.ellipsis)", width: area.width) : line
            grid.write(shown, x: area.x, y: area.y + index, style: .muted, in: area)
        }
    }
}
