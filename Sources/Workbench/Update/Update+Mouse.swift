internal import TerminalUI

extension WorkbenchState {
    mutating func take(_ event: MouseEvent) -> [WorkbenchEffect] {
        guard capturesMouse, !Layout.isTooSmall(size) else { return [] }
        switch event.action {
        case .press where event.button == .left: return click(x: event.x, y: event.y)
        case .press where event.button == .right, .drag where event.button == .right:
            inspect(x: event.x, y: event.y)
        case .drag where event.button == .left: drag(x: event.x, y: event.y)
        case .release: draggedEdge = nil
        case .wheel(let direction): return wheel(direction, x: event.x, y: event.y)
        default: break
        }
        return []
    }

    private mutating func click(x: Int, y: Int) -> [WorkbenchEffect] {
        let layout = Layout(self)
        if layout.footer.contains(x: x, y: y), notice == nil {
            let hint = Footer.hints(self, in: layout.footer).first { $0.frame.contains(x: x, y: y) }
            return hint.map { perform($0.action) } ?? []
        }
        notice = nil
        if overlay != nil { return clickInOverlay(x: x, y: y) }
        guard editor.typing == nil else { return [] }
        guard run != nil else {
            start.field = StartScreen(self).field(x: x, y: y) ?? start.field
            return []
        }
        if let tab = layout.tabs.first(where: { $0.frame.contains(x: x, y: y) }) {
            show(tab.panel)
            return []
        }
        draggedEdge = layout.edges.first { $0.frame.contains(x: x, y: y) }?.split
        guard let panel = layout.panels.first(where: { $0.frame.contains(x: x, y: y) })?.panel else {
            return []
        }
        show(panel)
        let area = layout.content(of: panel)
        // A click on an edge selects nothing.
        if area.contains(x: x, y: y) { panel.content.click(x: x, y: y, in: area, &self) }
        return []
    }

    /// Selects a row of the overlay's list, or activates the selected one.
    private mutating func clickInOverlay(x: Int, y: Int) -> [WorkbenchEffect] {
        guard let list = overlay?.list(in: self), list.area.contains(x: x, y: y),
            let row = Table.row(
                at: y, in: list.area, headings: 0, selected: list.selected, count: list.count)
        else { return [] }
        if row == list.selected { return perform(list.action) }
        return withOverlay {
            $0.select(row, in: &$1)
            return []
        }
    }

    /// Moves the edge that is held.
    private mutating func drag(x: Int, y: Int) {
        guard let edge = Layout(self).edges.first(where: { $0.split == draggedEdge }) else { return }
        memory.splits.move(edge.split, to: edge.share(x: x, y: y))
    }

    /// Puts the cursor of the charts where the mouse is.
    private mutating func inspect(x: Int, y: Int) {
        guard overlay == nil, run != nil, obstacleToPointing == nil else { return }
        for panel in Panel.allCases {
            let area = Layout(self).content(of: panel)
            guard area.contains(x: x, y: y), let place = panel.content.place(at: x, in: area, self) else {
                continue
            }
            chart.place(cursor: place)
            show(panel)
        }
    }

    private mutating func wheel(_ direction: MouseEvent.WheelDirection, x: Int, y: Int) -> [WorkbenchEffect] {
        let move: Move =
            switch direction {
            case .up: .up
            case .down: .down
            case .left: .left
            case .right: .right
            }
        if let overlay { return overlay.followsWheel ? self.move(move) : [] }
        guard editor.typing == nil, move == .up || move == .down else { return [] }
        guard run != nil else { return self.move(move) }
        guard let panel = Layout(self).panels.first(where: { $0.frame.contains(x: x, y: y) })?.panel else {
            return []
        }
        if panel == .reconstruction || panel == .contributions {
            return zoom(move, around: x, in: panel)
        }
        // The wheel scrolls the panel below it; the focus stays.
        let focused = focus
        focus = panel
        defer { focus = focused }
        return self.move(move)
    }

    /// Zooms around the mouse.
    private mutating func zoom(_ move: Move, around x: Int, in panel: Panel) -> [WorkbenchEffect] {
        guard move == .up, chart.canZoomIn else { return perform(move == .up ? .zoomIn : .zoomOut) }
        chart.zoomIn(around: panel.content.place(at: x, in: Layout(self).content(of: panel), self))
        return []
    }
}
