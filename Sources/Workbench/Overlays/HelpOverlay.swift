internal import Runs
internal import TerminalUI

/// The help, page by page, filtered by the typed text.
struct HelpOverlay: Overlay {
    /// A page of the help.
    enum Page: String, CaseIterable {
        /// The key table, what has the focus first.
        case keys = "Keys"
        /// What hyperparameters do.
        case parameters = "Hyperparameters"
        /// What healthy and sick curves look like.
        case charts = "Reading the charts"

        var next: Page {
            let all = Page.allCases
            return all[((all.firstIndex(of: self) ?? 0) + 1) % all.count]
        }
    }

    /// What lines must contain.
    var filter = EditLine()
    /// How many lines are above the view.
    var offset = 0
    var page = Page.keys

    static let keys: [KeyBinding] = [
        KeyBinding(
            .helpPageUp, [.pageUp, .control("u")], [.help], "one page up", .move(.pageUp)),
        KeyBinding(
            .helpPageDown, [.pageDown, .control("d")], [.help], "one page down", hint: "page", rank: 3,
            .move(.pageDown)),
        KeyBinding(
            .otherPage, [.tab], [.help], "keys, hyperparameters, or reading charts", hint: "other page",
            rank: 4,
            liveHint: { (($0.overlay as? Self)?.page ?? .keys).next.rawValue.lowercased() },
            .on(Self.self) { help, _ in
                (help.page, help.offset) = (help.page.next, 0)
                return []
            }),
        KeyBinding(
            .closeHelp, [.escape, .function(1)], [.help], "clear the filter, then close", hint: "close",
            rank: 1,
            .on(Self.self) { help, state in
                if help.filter.isEmpty {
                    state.overlay = nil
                } else {
                    (help.filter, help.offset) = (EditLine(), 0)
                }
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
        let parts = HelpParts(Layout(state).dialogContent(HelpParts.size(Layout(state))))
        let rows = rows(state, width: parts.columns[0].width)
        offset = move.target(from: offset, count: rows.count - parts.visible + 1, page: parts.visible)
        return []
    }

    private func rows(_ state: WorkbenchState, width: Int) -> [HelpText.Row] {
        switch page {
        case .keys:
            HelpText.rows(
                of: state.settings.keys, matching: filter.text, width: width, first: state.helpedContexts)
        case .parameters:
            HelpText.rows(
                HelpText.parameters(matching: filter.text), keyColumns: keyColumns(state), width: width)
        case .charts:
            HelpText.rows(HelpText.charts(matching: filter.text), keyColumns: keyColumns(state), width: width)
        }
    }

    /// The columns of the words before each text, with a gap after them.
    private func keyColumns(_ state: WorkbenchState) -> Int {
        switch page {
        case .keys: HelpText.keyColumns(state.settings.keys)
        case .parameters: 2 + (HyperparameterField.all.map { cellWidth($0.key) }.max() ?? 0)
        case .charts: 8
        }
    }

    func draw(on canvas: inout Canvas) {
        let state = canvas.state
        let parts = HelpParts(
            canvas.drawDialog("Help  \(page.rawValue)", HelpParts.size(canvas.layout)))
        let (lines, keyColumns) = (rows(state, width: parts.columns[0].width), keyColumns(state))
        canvas.write("filter", in: parts.filter, style: .muted)
        canvas.draw(filter, in: parts.filter.dropping(8))
        let first = min(offset, max(0, lines.count - parts.visible))
        if lines.isEmpty { canvas.explain("Nothing has “\(filter.text)”.", in: parts.columns[0]) }
        for (index, line) in lines.dropFirst(first).prefix(parts.visible).enumerated() {
            let height = parts.columns[0].height
            let row = parts.columns[index / height].row(index % height)
            guard let text = line.text else {
                canvas.write(line.keys, in: row, style: Style(.heading).bold)
                continue
            }
            canvas.write(line.keys, in: row.dropping(1), style: Style(.keyHint))
            canvas.write(text, in: row.dropping(1 + keyColumns))
        }
        let below = lines.count - first - parts.visible
        let more = below > 0 ? "\(below) more, \(canvas.key(.listDown)) scrolls   " : ""
        canvas.write(
            [
                TextSpan(more, .muted), TextSpan(canvas.key(.closeHelp), Style(.keyHint)),
                TextSpan(" close, type to filter   "), TextSpan(canvas.key(.otherPage), Style(.keyHint)),
                TextSpan(" \(page.next.rawValue.lowercased())"),
            ], in: parts.keys)
    }
}

/// Where the parts of the help are: lines fill one column after the other.
private struct HelpParts {
    let filter, keys: Rect
    let columns: [Rect]

    /// The rows of all columns.
    var visible: Int { max(1, columns.reduce(0) { $0 + $1.height }) }

    /// The size of the dialog: two columns where there is room for them.
    static func size(_ layout: Layout) -> (width: Int, height: Int) {
        (min(layout.screen.width - 4, 180), max(12, layout.screen.height - 4))
    }

    init(_ area: Rect) {
        let rows = area.rows([.fixed(1), .share(1), .fixed(1)])
        (filter, keys) = (rows[0], rows[2])
        guard area.width >= 110 else {
            columns = [rows[1]]
            return
        }
        let halves = rows[1].columns([.share(1), .share(1)])
        columns = [
            Rect(x: halves[0].x, y: halves[0].y, width: halves[0].width - 2, height: halves[0].height),
            halves[1],
        ]
    }
}

extension WorkbenchState {
    /// The contexts that the help lists first: those whose keys work below it.
    var helpedContexts: [KeyContext] {
        run == nil ? [.start, .everywhere] : [focus.content.context, .run, .everywhere]
    }
}
