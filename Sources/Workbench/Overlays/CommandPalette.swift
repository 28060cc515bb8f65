internal import TerminalUI

/// The command palette: every action by its name, and commands with arguments.
struct CommandPalette: Overlay {
    /// How many commands are remembered.
    static let historyLength = 50

    var line = EditLine()
    /// The selected entry: an index into those that match.
    var selected = 0
    /// Why the typed command could not be carried out.
    var problem: String?

    static let keys: [KeyBinding] = [
        KeyBinding(
            .runCommand, [.enter], [.palette], "run the command", hint: "run", rank: 1,
            .on(Self.self) { $0.confirm(in: &$1) }),
        KeyBinding(.closePalette, [.escape], [.palette], "close", hint: "close", rank: 3, .close),
    ]

    var context: KeyContext { .palette }
    var isTyping: Bool { true }
    var followsWheel: Bool { true }

    mutating func type(_ input: TypedInput) {
        input.apply(to: &line)
        (selected, problem) = (0, nil)
    }

    mutating func move(_ move: Move, in state: inout WorkbenchState) -> [WorkbenchEffect] {
        selected = move.target(from: selected, count: entries(state).count)
        return []
    }

    mutating func complete(in state: inout WorkbenchState) -> [WorkbenchEffect] {
        if let entry = selectedEntry(state) { complete(entry) }
        return []
    }

    /// Types an entry's command, with a space if more must follow.
    private mutating func complete(_ entry: PaletteEntry) {
        line = EditLine(entry.command + (entry.isIncomplete ? " " : ""))
        (selected, problem) = (0, nil)
    }

    private mutating func confirm(in state: inout WorkbenchState) -> [WorkbenchEffect] {
        guard let entry = selectedEntry(state) else {
            problem = "there is no command “\(line.text)”"
            return []
        }
        if entry.isIncomplete {
            complete(entry)
            return []
        }
        problem = entry.obstacle
        return problem == nil ? run(entry.command, in: &state) : []
    }

    private func run(_ command: String, in state: inout WorkbenchState) -> [WorkbenchEffect] {
        let words = command.split(separator: " ").map(String.init)
        state.overlay = nil
        state.memory.remember(command: command)
        if words.count > 1, let verb = PaletteVerb.all.first(where: { $0.word == words[0] }) {
            return verb.perform(&state, Array(words.dropFirst()))
        }
        guard let action = Action.allCases.first(where: { $0.name == command }) else {
            return state.say("there is no command “\(command)”", .error)
        }
        return state.perform(action)
    }

    // MARK: - Entries

    private func selectedEntry(_ state: WorkbenchState) -> PaletteEntry? {
        let entries = entries(state)
        return entries.indices.contains(selected) ? entries[selected] : nil
    }

    /// The commands that match the typed text, best first.
    func entries(_ state: WorkbenchState) -> [PaletteEntry] {
        let typed = line.text
        if typed.contains(" "),
            let verb = PaletteVerb.all.first(where: { $0.word == typed.prefix { $0 != " " } })
        {
            return verb.entries(typed, state)
        }
        let all =
            state.paletteActions
            + PaletteVerb.all.map { PaletteEntry(command: $0.word, text: $0.help, isIncomplete: true) }
        guard !typed.isEmpty else {
            return state.memory.commands.prefix(5).map { PaletteEntry(command: $0, text: "again") }
                + all.filter { $0.obstacle == nil } + all.filter { $0.obstacle != nil }
        }
        let scored = all.enumerated().compactMap { index, entry -> (score: Int, index: Int, PaletteEntry)? in
            let name = FuzzyMatch(typed, in: entry.command).map { $0.score + 8 }
            let text = entry.text.lowercased().contains(typed.lowercased()) ? 0 : nil
            guard let score = [name, text].compactMap(\.self).max() else { return nil }
            return (score - (entry.obstacle == nil ? 0 : 4), index, entry)
        }
        return scored.sorted { ($1.score, $0.index) < ($0.score, $1.index) }.map(\.2)
    }

    // MARK: - Drawing

    private func size(_ count: Int, _ body: Rect) -> (width: Int, height: Int) {
        (min(88, body.width - 4), min(max(count, 3), max(6, body.height / 2)) + 5)
    }

    private func parts(_ area: Rect) -> [Rect] { area.rows([.fixed(1), .fixed(1), .share(1), .fixed(1)]) }

    func list(in state: WorkbenchState) -> OverlayList? {
        let (layout, count) = (Layout(state), entries(state).count)
        return OverlayList(
            area: parts(layout.dialogContent(size(count, layout.body)))[2],
            selected: min(selected, count - 1), count: count, action: .runCommand)
    }

    mutating func select(_ row: Int, in state: inout WorkbenchState) { (selected, problem) = (row, nil) }

    func draw(on canvas: inout Canvas) {
        let entries = entries(canvas.state)
        let parts = parts(canvas.drawDialog("Commands", size(entries.count, canvas.layout.body)))
        canvas.write(":", in: parts[0], style: Style(.keyHint))
        canvas.draw(line, in: parts[0].dropping(2))
        if entries.isEmpty {
            canvas.explain("No command matches “\(line.text)”.", in: parts[2])
        } else {
            draw(entries, in: parts[2], on: &canvas)
        }
        guard let problem else {
            return canvas.writeKeys([.runCommand, .complete, .closePalette], in: parts[3])
        }
        let text = "\(canvas.glyphs.symbol(.warning)) \(problem)"
        canvas.write(canvas.glyphs.cut(text, parts[3].width), in: parts[3], style: Style(.warn))
    }

    private func draw(_ entries: [PaletteEntry], in area: Rect, on canvas: inout Canvas) {
        let hasKeys = area.width >= 64
        let rows = entries.map { entry in
            [
                TextSpan(entry.command, entry.obstacle == nil ? Style.text.bold : .muted),
                TextSpan(entry.obstacle ?? entry.text, .muted), TextSpan(entry.keys, Style(.keyHint)),
            ].prefix(hasKeys ? 3 : 2)
        }
        let columns = [
            TableColumn("", width: .fixed(min(26, max(12, area.width / 3)))),
            TableColumn("", width: .share(1)), TableColumn("", width: .fixed(10), alignment: .trailing),
        ]
        canvas.draw(
            Table(
                columns: Array(columns.prefix(hasKeys ? 3 : 2)), rows: rows.map(Array.init),
                selected: min(selected, entries.count - 1), hasHeading: false), in: area)
    }
}

/// Something that the palette offers.
struct PaletteEntry: Equatable {
    /// What can be typed for it.
    let command: String
    var text = ""
    /// The keys that do the same.
    var keys = ""
    var obstacle: String?
    /// Whether the command needs more words; Enter then completes it.
    var isIncomplete = false
}

extension WorkbenchState {
    var paletteActions: [PaletteEntry] {
        let screen: [KeyContext] = run == nil ? [.start] : KeyContext.panels + [.filtered, .found, .run]
        let places = Set(screen + [.everywhere, .always])
        return settings.keys.bindings.filter { $0.isInPalette && !places.isDisjoint(with: $0.contexts) }.map {
            PaletteEntry(
                command: $0.name, text: $0.help, keys: $0.keyText, obstacle: $0.behavior.obstacle(self))
        }
    }
}
