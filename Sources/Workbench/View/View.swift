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
    var canvas = Canvas(state)
    if canvas.layout.mode == .tooSmall {
        Footer.drawSmall(on: &canvas)
    } else {
        if let run = state.run {
            Header(run: run, canvas: canvas).draw(on: &canvas)
            for (panel, frame) in canvas.layout.panels { panel.draw(in: frame, on: &canvas) }
            drawTabs(on: &canvas)
        } else {
            StartScreen(state).draw(on: &canvas)
        }
        state.overlay?.draw(on: &canvas)
        Footer.draw(on: &canvas)
    }
    if state.glyphs == .ascii { canvas.grid.replaceBeyondASCII() }
    return canvas.grid
}

private func drawTabs(on canvas: inout Canvas) {
    let panels = canvas.layout.panels
    let shown = panels.count == 1 ? canvas.state.focus : panels.dropFirst().first?.panel
    for (panel, frame) in canvas.layout.tabs {
        let isShown = panel == shown
        canvas.write(
            Layout.tabText(panel, isShown: isShown), in: frame,
            style: isShown ? Style(.title).bold : .muted)
    }
}

extension CellGrid {
    /// Replaces every glyph that is not ASCII.
    fileprivate mutating func replaceBeyondASCII() {
        for y in 0..<height {
            for x in 0..<width {
                let cell = self[x, y]
                guard cell.glyph > 0x7E, let scalar = Unicode.Scalar(cell.glyph) else { continue }
                put(Self.ascii(scalar), x: x, y: y, style: cell.style)
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
