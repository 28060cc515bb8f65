internal import RunText
internal import Runs
internal import TerminalUI

/// A part of the run screen that can have the focus.
package enum Panel: Int, CaseIterable, Sendable {
    case units = 1
    case reconstruction, contributions, sweep, parameters, log

    var content: any PanelContent {
        switch self {
        case .units: UnitsPanel()
        case .reconstruction: ReconstructionPanel()
        case .contributions: ContributionsPanel()
        case .sweep: SweepPanel()
        case .parameters: ParametersPanel()
        case .log: LogPanel()
        }
    }

    /// The panel after this one, first after last.
    var next: Panel { Panel(rawValue: rawValue % Panel.allCases.count + 1) ?? .units }

    /// The panel before this one, last before first.
    var previous: Panel { Panel(rawValue: rawValue > 1 ? rawValue - 1 : Panel.allCases.count) ?? .units }
}

/// A panel's name, drawing and behaviour.
protocol PanelContent: Sendable {
    /// The name in titles and in the help.
    var name: String { get }
    /// The name in tabs.
    var shortName: String { get }
    /// Where its keys have a meaning.
    var context: KeyContext { get }
    /// The action that gives it the focus.
    var action: Action { get }
    /// The keys of this panel alone.
    var keys: [KeyBinding] { get }
    /// The edges that resize it, and whether it is before them; the first that is on the screen is moved.
    func edges(isVertical: Bool, in mode: Layout.Mode) -> [(PanelSplits.Split, isBefore: Bool)]

    /// What follows the name in the title.
    func title(_ state: WorkbenchState) -> String
    /// The note at the right of the title, the longest form first.
    func notes(_ state: WorkbenchState) -> [String]
    /// The words that its lines are searched or filtered by, and whether they are being typed.
    func words(_ state: WorkbenchState) -> (line: EditLine, isTyping: Bool)?
    /// Draws the inside of the frame.
    func draw(in area: Rect, on canvas: inout Canvas)

    /// The lines that a search looks at.
    func lines(_ state: WorkbenchState) -> [String]
    /// The selected line.
    func selection(_ state: WorkbenchState) -> Int
    /// Selects a line.
    func select(_ index: Int, in state: inout WorkbenchState)
    /// Why a move is impossible now.
    func obstacle(to move: Move, _ state: WorkbenchState) -> String?
    /// Moves the selection; a page has so many lines.
    func move(_ move: Move, page: Int, in state: inout WorkbenchState)
    /// Selects the item at a place of the screen inside the area.
    func click(x: Int, y: Int, in area: Rect, _ state: inout WorkbenchState)
    /// The part of the steps at a column of its chart; nil beside it.
    func place(at column: Int, in area: Rect, _ state: WorkbenchState) -> Double?
    /// The text for the clipboard.
    func copiedText(_ state: WorkbenchState) -> String?
}

extension PanelContent {
    var keys: [KeyBinding] { [] }
    func title(_ state: WorkbenchState) -> String { "" }
    func notes(_ state: WorkbenchState) -> [String] { [] }
    func words(_ state: WorkbenchState) -> (line: EditLine, isTyping: Bool)? {
        guard let search = state.search, search.panel.content.context == context else { return nil }
        return (search.line, search.isTyping)
    }
    func click(x: Int, y: Int, in area: Rect, _ state: inout WorkbenchState) {}
    func place(at column: Int, in area: Rect, _ state: WorkbenchState) -> Double? { nil }

    func obstacle(to move: Move, _ state: WorkbenchState) -> String? { nil }

    // Most panels show one of the units.
    func lines(_ state: WorkbenchState) -> [String] { state.run?.units.map(\.name) ?? [] }
    func selection(_ state: WorkbenchState) -> Int { state.shownUnit ?? 0 }
    func select(_ index: Int, in state: inout WorkbenchState) { state.choose(unit: index) }
    func move(_ move: Move, page: Int, in state: inout WorkbenchState) {
        select(move.target(from: selection(state), count: lines(state).count, page: page), in: &state)
    }
    func copiedText(_ state: WorkbenchState) -> String? {
        guard let unit = state.shownUnit.flatMap({ state.run?.units[$0] }) else { return nil }
        let report = unit.report.map {
            " loss \($0.finalLoss) KL \($0.finalKl) \($0.bytes) bytes \($0.seconds) s"
        }
        let bits = BitsText.label([unit.hyperparameters])
        return "\(unit.name) \(bits)" + (report ?? unit.loss.map { " loss \($0)" } ?? "")
    }
}

extension Panel {
    /// Draws the panel with its frame.
    func draw(in frame: Rect, on canvas: inout Canvas) {
        let (state, layout) = (canvas.state, canvas.layout)
        let hasTabs = layout.tabs.first.map { frame.contains(x: $0.frame.x, y: $0.frame.y) } ?? false
        let suffix = content.title(state)
        let name = "\(rawValue) \(content.name)" + (suffix.isEmpty ? "" : "  \(suffix)")
        let title = hasTabs ? "" : name
        let used = hasTabs ? (layout.tabs.last?.frame.endX ?? frame.x) - frame.x : cellWidth(title) + 3
        let room = frame.width - used - 4
        let area = canvas.grid.drawBox(
            frame, title: title, trailing: content.notes(state).first { cellWidth($0) <= room } ?? "",
            focused: state.hasFocus(self), glyphs: canvas.glyphs)
        content.draw(in: area, on: &canvas)
        guard let words = content.words(state) else { return }
        // On the lower edge: a space, the slash, the words, the cursor and a space.
        let edge = Rect(x: frame.x + 2, y: frame.endY - 1, width: frame.width - 4, height: 1)
        let place = edge.intersection(
            Rect(x: edge.x, y: edge.y, width: cellWidth(words.line.text) + 4, height: 1))
        canvas.grid.fill(place, style: .text)
        canvas.write("/", in: place.dropping(1), style: Style(.keyHint))
        canvas.draw(
            words.line, in: Rect(x: place.x + 2, y: place.y, width: place.width - 3, height: 1),
            style: .text, showsCursor: words.isTyping && state.overlay == nil)
    }
}

extension WorkbenchState {
    /// Whether a panel takes the keys.
    func hasFocus(_ panel: Panel) -> Bool { focus == panel && overlay == nil }
}
