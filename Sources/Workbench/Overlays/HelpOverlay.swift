internal import TerminalUI

/// The help: the key table, filtered by the typed text.
struct HelpOverlay: Overlay {
    /// What lines must contain.
    var filter = EditLine()
    /// How many lines are above the view.
    var offset = 0

    static let keys: [KeyBinding] = [
        KeyBinding(
            .helpPageUp, [.pageUp, .control("u")], [.help], "one page up", .move(.pageUp)),
        KeyBinding(
            .helpPageDown, [.pageDown, .control("d")], [.help], "one page down", hint: "page", rank: 3,
            .move(.pageDown)),
        KeyBinding(
            .closeHelp, [.escape, .function(1)], [.help], "clear the filter, then close", hint: "close",
            rank: 1,
            .on(Self.self) { help, state in
                if help.filter.isEmpty { state.overlay = nil } else { help = HelpOverlay() }
                return []
            }),
    ]

    var context: KeyContext { .help }
    var isTyping: Bool { true }
    var followsWheel: Bool { true }

    mutating func type(_ input: TypedInput) {
        input.apply(to: &filter)
        offset = 0
    }

    mutating func move(_ move: Move, in state: inout WorkbenchState) -> [WorkbenchEffect] {
        let area = Layout(state).overlay
        let page = max(1, area.height - 4)
        let rows = HelpText.rows(of: state.settings.keys, matching: filter.text, width: area.width - 4)
        offset = move.target(from: offset, count: rows.count - page + 1, page: page)
        return []
    }

    func draw(on canvas: inout Canvas) {
        let size = canvas.layout.overlay
        let area = canvas.drawDialog("Help", (size.width, size.height))
        let table = canvas.state.settings.keys
        let lines = HelpText.rows(of: table, matching: filter.text, width: area.width)
        let parts = area.rows([.fixed(1), .share(1), .fixed(1)])
        canvas.write("filter", in: parts[0], style: .muted)
        canvas.draw(filter, in: parts[0].dropping(8))
        let list = parts[1]
        let first = min(offset, max(0, lines.count - list.height))
        if lines.isEmpty { canvas.explain("No key does “\(filter.text)”.", in: list) }
        for (index, line) in lines.dropFirst(first).prefix(list.height).enumerated() {
            let row = list.row(index)
            guard let text = line.text else {
                canvas.write(line.keys, in: row, style: Style(.heading).bold)
                continue
            }
            canvas.write(line.keys, in: row.dropping(1), style: Style(.keyHint))
            canvas.write(text, in: row.dropping(1 + HelpText.keyColumns(table)))
        }
        let below = lines.count - first - list.height
        let more = below > 0 ? "\(below) more, \(canvas.key(.listDown)) scrolls   " : ""
        canvas.write(
            [
                TextSpan(more, .muted), TextSpan(canvas.key(.closeHelp), Style(.keyHint)),
                TextSpan(" close, type to filter"),
            ], in: parts[2])
    }
}
