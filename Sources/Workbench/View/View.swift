package import TerminalUI

/// The frame that shows a state.
///
/// A function of its arguments alone, for every size from 0 × 0.
///
/// - Parameters:
///   - state: What to show.
///   - size: The size of the screen.
/// - Returns: A frame of that size.
package func view(_ state: WorkbenchState, size: ScreenSize) -> CellGrid {
    var state = state
    state.size = ScreenSize(width: max(0, size.width), height: max(0, size.height))
    var painter = Painter(state)
    painter.draw()
    return painter.grid
}

/// Draws a state.
///
/// What one function draws stays inside the area it is given.
struct Painter {
    let state: WorkbenchState
    let layout: Layout
    var grid: CellGrid

    var glyphs: GlyphSet { state.glyphs }

    /// What leads from one value to the next; two characters where there is no arrow.
    var arrow: String { glyphs == .ascii ? "->" : "→" }

    /// A sentence of the log, with arrows that the terminal can show.
    func sentence(_ text: String) -> String { glyphs == .ascii ? text.replacing("→", with: arrow) : text }

    init(_ state: WorkbenchState) {
        self.state = state
        layout = Layout(state)
        grid = CellGrid(width: state.size.width, height: state.size.height)
    }

    mutating func draw() {
        if layout.mode == .tooSmall {
            drawSmall()
        } else {
            if state.run == nil {
                drawStart()
            } else {
                drawHeader()
                for (panel, frame) in layout.panels { drawPanel(panel, in: frame) }
                drawTabs()
            }
            drawOverlay()
            drawFooter()
        }
        if glyphs == .ascii { replaceBeyondASCII() }
    }

    private mutating func drawPanel(_ panel: Panel, in frame: Rect) {
        let isFocused = state.focus == panel && state.overlay == nil
        let hasTabs = layout.tabs.first.map { frame.contains(x: $0.frame.x, y: $0.frame.y) } ?? false
        let title = hasTabs ? "" : title(of: panel)
        let used = hasTabs ? (layout.tabs.last?.frame.endX ?? frame.x) - frame.x : cellWidth(title) + 3
        let room = frame.width - used - 4
        let area = grid.drawBox(
            frame, title: title, trailing: notes(of: panel).first { cellWidth($0) <= room } ?? "",
            focused: isFocused, glyphs: glyphs)
        switch panel {
        case .units: drawUnits(in: area)
        case .reconstruction: drawReconstruction(in: area)
        case .contributions: drawContributions(in: area)
        case .sweep: drawSweep(in: area)
        case .parameters: drawParameters(in: area)
        case .log: drawLog(in: area)
        }
        drawWords(of: panel, in: frame)
    }

    /// The words that a panel's lines are looked for by, on its lower edge.
    private mutating func drawWords(of panel: Panel, in frame: Rect) {
        var words: (line: EditLine, isTyping: Bool)?
        if panel == .log, let filter = state.logFilter { words = (filter.line, filter.isTyping) }
        if panel == state.search?.panel, let search = state.search { words = (search.line, search.isTyping) }
        guard let words else { return }
        let edge = Rect(x: frame.x + 2, y: frame.endY - 1, width: frame.width - 4, height: 1)
        // A space at both ends, and one for the cursor, which stays where it was when the words are kept.
        let place = edge.row(0).intersection(
            Rect(x: edge.x, y: edge.y, width: cellWidth(words.line.text) + 4, height: 1))
        grid.fill(place, style: .text)
        grid.write("/", x: place.x + 1, y: place.y, style: Style(.keyHint), in: place)
        words.line.draw(
            into: &grid, in: Rect(x: place.x + 2, y: place.y, width: place.width - 3, height: 1),
            showsCursor: words.isTyping && state.overlay == nil)
    }

    private mutating func drawTabs() {
        let shown = layout.panels.count == 1 ? state.focus : layout.panels.dropFirst().first?.panel
        for (panel, frame) in layout.tabs {
            let isShown = panel == shown
            let style = isShown ? Style(.title).bold : .muted
            grid.write(
                Layout.tabText(panel, isShown: isShown), x: frame.x, y: frame.y, style: style, in: frame)
        }
    }

    private func title(of panel: Panel) -> String {
        let name = "\(panel.rawValue) \(panel.name)"
        guard let run = state.run else { return name }
        switch panel {
        case .units:
            return run.units.isEmpty
                ? name : "\(name)  \(run.units.filter(\.isFinished).count)/\(run.units.count)"
        case .reconstruction: return showsResult ? "\(name)  result" : name
        case .parameters: return "\(name)  \(parameterScope)"
        default: return name
        }
    }

    /// What stands at the right of a panel's title, the longest form first.
    private func notes(of panel: Panel) -> [String] {
        switch panel {
        case .reconstruction: showsResult ? [] : reconstructionNotes
        case .contributions: state.showsGradients ? ["gradient norm", "grad"] : ["weighted loss", "loss"]
        case .sweep: [sweepNote]
        case .log: [state.logOffset > 0 ? "\(state.logOffset) below" : "follow"]
        case .units, .parameters: []
        }
    }

    /// Writes a sentence into the middle of an area, broken where it must be.
    mutating func explain(_ text: String, in area: Rect) {
        let width = min(area.width - 2, 56)
        let lines = wrapped(text, width: width)
        let top = area.y + max(0, (area.height - lines.count) / 2)
        for (index, line) in lines.enumerated() where top + index < area.endY {
            let x = area.x + max(0, (area.width - cellWidth(line)) / 2)
            grid.write(line, x: x, y: top + index, style: .muted, in: area)
        }
    }

    /// Leaves no glyph on the screen that is not ASCII.
    private mutating func replaceBeyondASCII() {
        for y in 0..<grid.height {
            for x in 0..<grid.width {
                let cell = grid[x, y]
                guard cell.glyph > 0x7E, let scalar = Unicode.Scalar(cell.glyph) else { continue }
                grid.put(Self.ascii(scalar), x: x, y: y, style: cell.style)
            }
        }
    }

    private static func ascii(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar {
        case "–", "—", "−": "-"
        case "×": "x"
        case "→": ">"
        case "“", "”": "\""
        case "’": "'"
        case "…": "~"
        case "·": "."
        case "√": "V"
        default: "?"
        }
    }
}
