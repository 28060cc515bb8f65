internal import TerminalUI

/// Where everything is on a screen of some size.
///
/// The view draws by it, clicks are read by it.
struct Layout: Equatable {
    /// How much of the workbench there is room for.
    enum Mode: Equatable {
        /// One line.
        case tooSmall
        /// One panel at a time.
        case single
        /// Units, one other panel, and the log.
        case tabbed
        /// Every panel.
        case full
    }

    /// The least size at which panels are drawn.
    static let least = ScreenSize(width: 60, height: 16)

    /// How much there is room for.
    let mode: Mode
    /// The lines at the top.
    let header: Rect
    /// The line at the bottom.
    let footer: Rect
    /// What is between them.
    let body: Rect
    /// The panels that are drawn, with their frames.
    let panels: [(panel: Panel, frame: Rect)]
    /// The names of panels in the title of the one that is drawn.
    let tabs: [(panel: Panel, frame: Rect)]

    static func == (a: Layout, b: Layout) -> Bool {
        a.mode == b.mode && a.body == b.body && a.panels.elementsEqual(b.panels) { $0 == $1 }
    }

    static func isTooSmall(_ size: ScreenSize) -> Bool {
        size.width < least.width || size.height < least.height
    }

    init(_ state: WorkbenchState) {
        let size = state.size
        let screen = Rect(x: 0, y: 0, width: size.width, height: size.height)
        mode = Self.mode(size)
        let parts = screen.rows([.fixed(2), .share(1), .fixed(1)])
        (header, body, footer) = (parts[0], parts[1], parts[2])
        if mode == .tooSmall {
            (panels, tabs) = ([], [])
        } else if mode == .single || state.isFullScreen {
            panels = [(state.focus, body)]
            tabs = Self.tabs(Panel.allCases, in: body)
        } else if mode == .tabbed {
            let tab = state.focus == .units || state.focus == .log ? state.tab : state.focus
            panels = Self.tabbed(body, tab: tab)
            tabs = Self.tabs([.reconstruction, .contributions, .sweep, .parameters], in: panels[1].frame)
        } else {
            panels = Self.full(body)
            tabs = []
        }
    }

    private static func mode(_ size: ScreenSize) -> Mode {
        if isTooSmall(size) { return .tooSmall }
        if size.width >= 110, size.height >= 32 { return .full }
        return size.width >= 80 && size.height >= 24 ? .tabbed : .single
    }

    private static func tabbed(_ body: Rect, tab: Panel) -> [(panel: Panel, frame: Rect)] {
        let log = min(max(body.height / 4, 6), 12)
        let rows = body.rows([.share(1), .fixed(log)])
        let list = min(max(body.width / 3, 30), 40)
        let columns = rows[0].columns([.fixed(list), .share(1)])
        return [(.units, columns[0]), (tab, columns[1]), (.log, rows[1])]
    }

    private static func full(_ body: Rect) -> [(panel: Panel, frame: Rect)] {
        let left = min(max(body.width * 3 / 8, 48), 64)
        let columns = body.columns([.fixed(left), .share(1)])
        // The parameters and their two lines of explanation, as far as the units leave room for them.
        let parameters = min(21, max(10, body.height - 14))
        let leftRows = columns[0].rows([.share(1), .fixed(parameters)])
        // The rows of both sides begin together, but on tall screens charts need more than units do.
        let top = body.height > 45 ? body.height * 9 / 20 : leftRows[0].height
        let rightRows = columns[1].rows([
            .fixed(top), .share(1), .fixed(max(7, body.height / 5)),
        ])
        let middle = rightRows[1].columns([.share(1), .share(1)])
        return [
            (.units, leftRows[0]), (.reconstruction, rightRows[0]), (.contributions, middle[0]),
            (.sweep, middle[1]), (.parameters, leftRows[1]), (.log, rightRows[2]),
        ]
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

    /// What a tab says; brackets mark the one that is shown, with or without colour.
    static func tabText(_ panel: Panel, isShown: Bool) -> String {
        let name = "\(panel.rawValue) \(panel.shortName)"
        return isShown ? "[\(name)]" : " \(name) "
    }

    /// The frame of a panel, if it is drawn.
    func frame(of panel: Panel) -> Rect? { panels.first { $0.panel == panel }?.frame }

    /// What is inside the frame of a panel; nothing where it is not drawn.
    func content(of panel: Panel) -> Rect { frame(of: panel)?.inset() ?? .zero }

    /// Where overlays are drawn.
    var overlay: Rect {
        body.centered(
            width: min(max(body.width - 8, 56), 100),
            height: max(min(body.height, 12), body.height * 4 / 5))
    }
}
