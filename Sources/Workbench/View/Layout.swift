internal import TerminalUI

/// The places of everything on the screen.
///
/// The view draws by it, and clicks are interpreted by it.
struct Layout: Equatable {
    /// What fits on the screen.
    enum Mode: Equatable {
        case tooSmall
        /// One panel at a time.
        case single
        /// Units, one other panel, and the log.
        case tabbed
        /// Every panel.
        case full
    }

    /// The smallest size at which panels are drawn.
    static let least = ScreenSize(width: 60, height: 16)

    /// What fits on the screen.
    let mode: Mode
    /// The screen without the footer.
    let screen: Rect
    let header: Rect
    let footer: Rect
    let body: Rect
    /// The panels that are drawn, with their frames.
    let panels: [(panel: Panel, frame: Rect)]
    /// The names of panels in the title of the one that is drawn.
    let tabs: [(panel: Panel, frame: Rect)]
    /// The edges between panels that can be moved.
    let edges: [Edge]

    /// An edge between panels.
    struct Edge {
        let split: PanelSplits.Split
        /// The two columns or rows of the edge.
        let frame: Rect
        /// Whether it is moved to the left and right.
        let isVertical: Bool
        /// The first cell of the divided area, and the number of cells.
        let (origin, total): (Int, Int)

        /// The edge between two columns.
        static func between(_ split: PanelSplits.Split, columns a: Rect, _ b: Rect) -> Edge {
            Edge(
                split: split, frame: Rect(x: b.x - 1, y: a.y, width: 2, height: a.height), isVertical: true,
                origin: a.x, total: b.endX - a.x)
        }

        /// The edge above the lower panels of a body.
        static func above(_ split: PanelSplits.Split, _ lower: Rect, in body: Rect) -> Edge {
            Edge(
                split: split, frame: Rect(x: lower.x, y: lower.y - 1, width: lower.width, height: 2),
                isVertical: false, origin: body.y, total: body.height)
        }

        private init(split: PanelSplits.Split, frame: Rect, isVertical: Bool, origin: Int, total: Int) {
            (self.split, self.frame, self.isVertical) = (split, frame, isVertical)
            (self.origin, self.total) = (origin, total)
        }

        /// The part before the edge if it is moved to a place of the screen.
        func share(x: Int, y: Int) -> Double { Double((isVertical ? x : y) - origin) / Double(max(1, total)) }

        /// The part before the edge if it is moved by some cells.
        func share(movedBy cells: Int) -> Double { share(x: frame.x + 1 + cells, y: frame.y + 1 + cells) }
    }

    /// The edge that resizes a panel, and whether the panel is before it.
    func edge(of panel: Panel, isVertical: Bool) -> (edge: Edge, isBefore: Bool)? {
        for (split, isBefore) in panel.content.edges(isVertical: isVertical, in: mode) {
            if let edge = edges.first(where: { $0.split == split }) { return (edge, isBefore) }
        }
        return nil
    }

    static func == (a: Layout, b: Layout) -> Bool {
        a.mode == b.mode && a.body == b.body && a.panels.elementsEqual(b.panels) { $0 == $1 }
    }

    static func isTooSmall(_ size: ScreenSize) -> Bool {
        size.width < least.width || size.height < least.height
    }

    init(_ state: WorkbenchState) {
        let size = state.size
        mode = Self.mode(size)
        screen = Rect(x: 0, y: 0, width: size.width, height: size.height - 1)
        let parts = Rect(x: 0, y: 0, width: size.width, height: size.height).rows([
            .fixed(2), .share(1), .fixed(1),
        ])
        (header, body, footer) = (parts[0], parts[1], parts[2])
        if mode == .tooSmall {
            (panels, tabs, edges) = ([], [], [])
        } else if mode == .single || state.isFullScreen {
            (panels, edges) = ([(state.focus, body)], [])
            tabs = Self.tabs(Panel.allCases, in: body)
        } else if mode == .tabbed {
            let tab = state.focus == .units || state.focus == .log ? state.tab : state.focus
            (panels, edges) = Self.tabbed(body, tab: tab, state.memory.splits)
            tabs = Self.tabs([.reconstruction, .contributions, .sweep, .parameters], in: panels[1].frame)
        } else {
            (panels, edges) = Self.full(
                body, units: state.run?.units.count ?? 0, needs: Self.rowsOfResult(state), state.memory.splits
            )
            tabs = []
        }
    }

    private static func mode(_ size: ScreenSize) -> Mode {
        if isTooSmall(size) { return .tooSmall }
        if size.width >= 110, size.height >= 32 { return .full }
        return size.width >= 80 && size.height >= 24 ? .tabbed : .single
    }

    private static func tabbed(
        _ body: Rect, tab: Panel, _ splits: PanelSplits
    ) -> (panels: [(panel: Panel, frame: Rect)], edges: [Edge]) {
        let log = min(max(body.height / 4, 6), 12)
        let upper = splits.cells(
            before: .tabbedLog, usual: body.height - log, of: body.height, leaving: (8, 3))
        let rows = body.rows([.fixed(upper), .share(1)])
        let list = splits.cells(
            before: .list, usual: min(max(body.width / 3, 30), 40), of: body.width, leaving: (24, 40))
        let columns = rows[0].columns([.fixed(list), .share(1)])
        return (
            [(.units, columns[0]), (tab, columns[1]), (.log, rows[1])],
            [
                .between(.list, columns: columns[0], columns[1]),
                .above(.tabbedLog, rows[1], in: body),
            ]
        )
    }

    /// The rows of a result with its frame, and of the panels below it, which then list units; nil where curves are shown,
    /// which take whatever there is.
    private static func rowsOfResult(_ state: WorkbenchState) -> (charts: Int, middle: Int)? {
        guard state.showsResult, state.shownHeldOut == nil, let run = state.run else { return nil }
        return (ResultView.height + 2, max(run.units.count + 3, run.sweep == nil ? 0 : 24))
    }

    /// The places of all panels, for so many units; 0 while they are not known.
    private static func full(
        _ body: Rect, units count: Int, needs: (charts: Int, middle: Int)?, _ splits: PanelSplits
    ) -> (panels: [(panel: Panel, frame: Rect)], edges: [Edge]) {
        let height = body.height
        let left = splits.cells(
            before: .columns, usual: min(max(body.width * 3 / 8, 48), 64), of: body.width, leaving: (30, 56))
        let columns = body.columns([.fixed(left), .share(1)])
        // The parameters and their explanation, if the units leave room.
        let parameters = min(21, max(10, height - 14))
        // The list is as high as its rows, heading and frame need; the parameters get the rest.
        let needed = count > 0 ? max(count + 3, 7) : height
        let units = splits.cells(
            before: .units, usual: min(height - parameters, needed), of: height, leaving: (4, 6))
        let leftRows = columns[0].rows([.fixed(units), .share(1)])
        // On tall screens charts need more room.
        let usualTop = height > 45 ? height * 9 / 20 : height - parameters
        let top = splits.cells(
            before: .charts, usual: height > 45 ? min(usualTop, needs?.charts ?? usualTop) : usualTop,
            of: height, leaving: (6, 9))
        let usualLog = height - max(7, height / 5)
        let log = splits.cells(
            before: .log,
            usual: height > 45 ? min(usualLog, needs.map { top + $0.middle } ?? usualLog) : usualLog,
            of: height,
            leaving: (min(top, height - 9) + 6, 3))
        let charts = min(top, log - 6)
        let rightRows = columns[1].rows([.fixed(charts), .fixed(log - charts), .share(1)])
        let usual = rightRows[1].columns([.share(1), .share(1)])[0].width
        let middle = rightRows[1].columns([
            .fixed(
                splits.cells(before: .middle, usual: usual, of: rightRows[1].width, leaving: (24, 24))),
            .share(1),
        ])
        return (
            [
                (.units, leftRows[0]), (.reconstruction, rightRows[0]), (.contributions, middle[0]),
                (.sweep, middle[1]), (.parameters, leftRows[1]), (.log, rightRows[2]),
            ],
            [
                .between(.columns, columns: columns[0], columns[1]), .above(.units, leftRows[1], in: body),
                .above(.charts, rightRows[1], in: body), .between(.middle, columns: middle[0], middle[1]),
                .above(.log, rightRows[2], in: body),
            ]
        )
    }

    /// The places of tabs in the top edge of a frame, as `drawBox` writes a title.
    private static func tabs(_ names: [Panel], in frame: Rect) -> [(panel: Panel, frame: Rect)] {
        var x = frame.x + 2
        return names.compactMap { panel in
            let width = cellWidth(tabText(panel, isShown: false))
            defer { x += width }
            guard x + width < frame.endX - 1 else { return nil }
            return (panel, Rect(x: x, y: frame.y, width: width, height: 1))
        }
    }

    /// The text of a tab; brackets mark the one shown, also without colour.
    static func tabText(_ panel: Panel, isShown: Bool) -> String {
        let name = "\(panel.rawValue) \(panel.content.shortName)"
        return isShown ? "[\(name)]" : " \(name) "
    }

    /// The frame of a panel, if it is drawn.
    func frame(of panel: Panel) -> Rect? { panels.first { $0.panel == panel }?.frame }

    /// The area inside the frame of a panel; empty if it is not drawn.
    func content(of panel: Panel) -> Rect { frame(of: panel)?.inset() ?? .zero }

    /// Where overlays are drawn.
    var overlay: Rect {
        body.centered(
            width: min(max(body.width - 8, 56), 100),
            height: max(min(body.height, 12), body.height * 4 / 5))
    }

    /// The frame of a dialog of a size, in the middle.
    func dialog(_ size: (width: Int, height: Int)) -> Rect {
        screen.centered(width: min(size.width, screen.width - 2), height: min(size.height, screen.height))
    }

    /// The area inside the frame of a dialog.
    func dialogContent(_ size: (width: Int, height: Int)) -> Rect {
        dialog(size).inset().inset(columns: 1, rows: 0)
    }
}
