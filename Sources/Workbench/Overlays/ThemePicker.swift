internal import Runs
internal import TerminalUI
internal import Vocabulary

/// The choice of a theme; the selected one is shown.
struct ThemePicker: Overlay {
    let previous: String

    static let keys: [KeyBinding] = [
        KeyBinding(
            .keepTheme, [.enter], [.themes], "keep the theme", hint: "keep", rank: 1,
            .change {
                $0.overlay = nil
                $0.memory.theme = $0.theme
            }),
        KeyBinding(
            .oldTheme, [.escape, "q"], [.themes], "back to the previous theme", hint: "cancel", rank: 2,
            .on(Self.self) { picker, state in
                (state.theme, state.overlay) = (picker.previous, nil)
                return []
            }),
    ]

    var context: KeyContext { .themes }
    var followsWheel: Bool { true }

    func move(_ move: Move, in state: inout WorkbenchState) -> [WorkbenchEffect] {
        let names = state.themeNames
        guard !names.isEmpty else { return [] }
        state.theme = names[move.target(from: names.firstIndex(of: state.theme) ?? 0, count: names.count)]
        return []
    }

    func list(in state: WorkbenchState) -> OverlayList? {
        OverlayList(
            area: parts(Layout(state).dialogContent(size(state)))[0],
            selected: state.themeNames.firstIndex(of: state.theme) ?? 0, count: state.themeNames.count,
            action: .keepTheme)
    }

    func select(_ row: Int, in state: inout WorkbenchState) { state.theme = state.themeNames[row] }

    private func size(_ state: WorkbenchState) -> (width: Int, height: Int) {
        (44, min(state.themeNames.count, 12) + 7)
    }

    private func parts(_ area: Rect) -> [Rect] { area.rows([.share(1), .fixed(1), .fixed(2), .fixed(1)]) }

    func draw(on canvas: inout Canvas) {
        let names = canvas.state.themeNames
        let parts = parts(canvas.drawDialog("Theme", size(canvas.state)))
        drawSwatches(in: parts[2], on: &canvas)
        canvas.draw(
            Table(
                list: names.map { TextSpan($0) }, selected: names.firstIndex(of: canvas.state.theme)),
            in: parts[0])
        canvas.writeKeys([.keepTheme, .oldTheme], in: parts[3])
    }

    /// Two lines with samples of the theme's colours.
    private func drawSwatches(in area: Rect, on canvas: inout Canvas) {
        let glyphs = canvas.glyphs
        let terms = Term.allCases.flatMap { term in
            [
                TextSpan(String(repeating: Character(term.fill(glyphs)), count: 2), Style(term.role)),
                TextSpan(" \(term.rawValue)  "),
            ]
        }
        canvas.write(terms, in: area)
        let states: [(Symbol, String, Role)] = [
            (.done, "ok", .ok), (.running, "run", .running), (.warning, "warn", .warn),
            (.failed, "fail", .error),
        ]
        let words = states.map { TextSpan("\(glyphs.symbol($0.0)) \($0.1)  ", Style($0.2)) }
        let heat = (0..<5).map { TextSpan("\(glyphs.ramp[4])", Style(Role.heat(Double($0) / 5))) }
        canvas.write(words + heat, in: area.row(1))
    }
}
