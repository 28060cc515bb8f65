internal import Runs
internal import TerminalUI

extension WorkbenchState {
    mutating func take(_ event: MouseEvent) -> [WorkbenchEffect] {
        guard capturesMouse, !Layout.isTooSmall(size) else { return [] }
        switch event.action {
        case .press where event.button == .left: return click(x: event.x, y: event.y)
        case .press where event.button == .right, .drag where event.button == .right:
            inspect(x: event.x, y: event.y)
            return []
        case .drag where event.button == .left:
            drag(x: event.x, y: event.y)
            return []
        case .release:
            draggedEdge = nil
            return []
        case .wheel(let direction): return wheel(direction, x: event.x, y: event.y)
        default: return []
        }
    }

    private mutating func click(x: Int, y: Int) -> [WorkbenchEffect] {
        let layout = Layout(self)
        if layout.footer.contains(x: x, y: y), notice == nil {
            let hint = Footer.hints(self, in: layout.footer).first { $0.frame.contains(x: x, y: y) }
            return hint.map { perform($0.action) } ?? []
        }
        notice = nil
        if overlay != nil { return clickInDialog(y: y, x: x) }
        guard editor.typing == nil else { return [] }
        guard run != nil else { return clickAtStart(x: x, y: y) }
        if let tab = layout.tabs.first(where: { $0.frame.contains(x: x, y: y) }) {
            show(tab.panel)
            return []
        }
        draggedEdge = layout.edges.first { $0.frame.contains(x: x, y: y) }?.split
        guard let panel = layout.panels.first(where: { $0.frame.contains(x: x, y: y) })?.panel else {
            return []
        }
        show(panel)
        let content = layout.content(of: panel)
        // Whoever takes hold of an edge selects nothing.
        if content.contains(x: x, y: y) { select(in: panel, content: content, x: x, y: y) }
        return []
    }

    /// Moves the edge that was taken hold of.
    private mutating func drag(x: Int, y: Int) {
        guard let edge = Layout(self).edges.first(where: { $0.split == draggedEdge }) else { return }
        memory.splits.move(edge.split, to: edge.share(x: x, y: y))
    }

    /// Makes the panel with the focus larger or smaller by a few cells.
    mutating func resizePanel(_ action: Action) {
        let isVertical = action == .wider || action == .narrower
        guard let (edge, grows) = Layout(self).edge(of: focus, isVertical: isVertical) else { return }
        let forth = grows == (action == .wider || action == .taller)
        let cells = isVertical ? 4 : 2
        memory.splits.move(edge.split, to: edge.share(movedBy: forth ? cells : -cells))
    }

    /// Selects the row of a dialog's list, or does what the selected one is for.
    private mutating func clickInDialog(y: Int, x: Int) -> [WorkbenchEffect] {
        guard let list = Painter(self).dialogList, list.area.contains(x: x, y: y),
            let row = row(at: y, in: list.area, headings: 0, selected: list.selected, count: list.count)
        else { return [] }
        if row == list.selected { return perform(.confirm) }
        switch overlay {
        case .themes: theme = themeNames[row]
        case .palette(var palette):
            (palette.selected, palette.problem) = (row, nil)
            overlay = .palette(palette)
        default: break
        }
        return []
    }

    /// Selects the row of a list that lies at a row of the screen.
    private mutating func select(in panel: Panel, content: Rect, x: Int, y: Int) {
        switch panel {
        case .units:
            let count = run?.units.count ?? 0
            if let row = row(at: y, in: content, headings: 1, selected: shownUnit ?? 0, count: count) {
                choose(unit: row)
            }
        case .parameters:
            let area = Painter.parameterList(in: content)
            let row = row(
                at: y, in: area, headings: Painter.hasParameterHeading(content) ? 1 : 0,
                selected: editor.selected, count: HyperparameterField.all.count)
            if let row { editor.selected = row }
        case .sweep:
            guard Painter.hasPointTable(content), let ordered = run?.sweep?.ordered, let shownPoint else {
                return
            }
            let selected = ordered.firstIndex(of: shownPoint) ?? 0
            if let row = row(at: y, in: content, headings: 1, selected: selected, count: ordered.count) {
                choose(ordered[row])
            }
        case .reconstruction:
            if let unit = Multiples(self, in: content).frames.firstIndex(where: { $0.contains(x: x, y: y) }) {
                choose(unit: unit)
            }
        case .contributions, .log: break
        }
    }

    private mutating func clickAtStart(x: Int, y: Int) -> [WorkbenchEffect] {
        if let field = Painter(self).startField(x: x, y: y) { start.field = field }
        return []
    }

    /// Puts the cursor of the charts where the mouse is.
    private mutating func inspect(x: Int, y: Int) {
        guard overlay == nil, run != nil, obstacle(to: .cursorLeft) == nil else { return }
        for panel in [Panel.reconstruction, .contributions] {
            let content = Layout(self).content(of: panel)
            guard content.contains(x: x, y: y), let place = Painter(self).place(at: x, in: content, of: panel)
            else { continue }
            chart.place(cursor: place)
            show(panel)
        }
    }

    /// The row of a table at a row of the screen, by the same rule as `Table` draws it.
    private func row(at y: Int, in area: Rect, headings: Int, selected: Int, count: Int) -> Int? {
        let visible = area.height - headings
        let line = y - area.y - headings
        guard line >= 0, line < visible else { return nil }
        let index = Table.offset(0, selected: selected, visible: visible, count: count) + line
        return index < count ? index : nil
    }

    private mutating func wheel(_ direction: MouseEvent.WheelDirection, x: Int, y: Int) -> [WorkbenchEffect] {
        let action: Action =
            switch direction {
            case .up: .up
            case .down: .down
            case .left: .left
            case .right: .right
            }
        switch overlay {
        case .help, .palette, .themes: return perform(action)
        default: break
        }
        guard overlay == nil, editor.typing == nil, action == .up || action == .down else { return [] }
        guard run != nil else { return perform(action) }
        let panel = Layout(self).panels.first { $0.frame.contains(x: x, y: y) }?.panel
        guard let panel else { return [] }
        if panel == .reconstruction || panel == .contributions { return zoom(direction, x: x, in: panel) }
        // The wheel moves what is under it; the focus stays where it is.
        let focused = focus
        focus = panel
        defer { focus = focused }
        return perform(action)
    }

    /// The wheel on a chart zooms around the mouse.
    private mutating func zoom(
        _ direction: MouseEvent.WheelDirection, x: Int, in panel: Panel
    ) -> [WorkbenchEffect] {
        let action: Action = direction == .up ? .zoomIn : .zoomOut
        guard direction == .up else { return perform(action) }
        guard obstacle(to: .zoomIn) == nil else { return perform(action) }
        chart.zoomIn(around: Painter(self).place(at: x, in: Layout(self).content(of: panel), of: panel))
        return []
    }
}
