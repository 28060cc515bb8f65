internal import TerminalUI

/// Something over the screen that takes the keys: its state, its keys, and how it is drawn.
protocol Overlay: Equatable, Sendable {
    /// The keys of this overlay alone.
    static var keys: [KeyBinding] { get }
    /// Where its keys have a meaning.
    var context: KeyContext { get }
    /// Whether keys without a meaning go into a line of text.
    var isTyping: Bool { get }
    /// Whether the mouse wheel moves its selection.
    var followsWheel: Bool { get }

    /// Takes typed text.
    mutating func type(_ input: TypedInput)
    /// Why a move is impossible now.
    func obstacle(to move: Move, in state: WorkbenchState) -> String?
    mutating func move(_ move: Move, in state: inout WorkbenchState) -> [WorkbenchEffect]
    mutating func complete(in state: inout WorkbenchState) -> [WorkbenchEffect]
    /// The list that clicks select in.
    func list(in state: WorkbenchState) -> OverlayList?
    mutating func select(_ row: Int, in state: inout WorkbenchState)
    func draw(on canvas: inout Canvas)
}

extension Overlay {
    var isTyping: Bool { false }
    var followsWheel: Bool { false }
    mutating func type(_ input: TypedInput) {}
    func obstacle(to move: Move, in state: WorkbenchState) -> String? { nil }
    mutating func move(_ move: Move, in state: inout WorkbenchState) -> [WorkbenchEffect] { [] }
    mutating func complete(in state: inout WorkbenchState) -> [WorkbenchEffect] { [] }
    func list(in state: WorkbenchState) -> OverlayList? { nil }
    mutating func select(_ row: Int, in state: inout WorkbenchState) {}

    fileprivate func equals(_ other: any Overlay) -> Bool { other as? Self == self }
}

/// Where an overlay's list is.
struct OverlayList {
    /// The rows in view.
    let area: Rect
    let selected: Int
    let count: Int
    /// The effect of a click on the selected row.
    let action: Action
}

/// An overlay that can be compared.
struct OverlayBox: Equatable, Sendable {
    let content: any Overlay

    static func == (a: OverlayBox, b: OverlayBox) -> Bool { a.content.equals(b.content) }
}

extension WorkbenchState {
    /// The overlay that is drawn over the screen and takes the keys.
    var overlay: (any Overlay)? {
        get { overlayBox?.content }
        set { overlayBox = newValue.map { OverlayBox(content: $0) } }
    }

    /// Changes the overlay if it is of a type, and keeps the change unless the overlay was closed meanwhile.
    @discardableResult
    mutating func withOverlay<Content: Overlay>(
        _ type: Content.Type, _ body: (inout Content, inout WorkbenchState) -> [WorkbenchEffect]
    ) -> [WorkbenchEffect] {
        guard var content = overlay as? Content else { return [] }
        let effects = body(&content, &self)
        if overlay is Content { overlay = content }
        return effects
    }

    /// Changes the overlay, whatever it is.
    @discardableResult
    mutating func withOverlay(
        _ body: (inout any Overlay, inout WorkbenchState) -> [WorkbenchEffect]
    ) -> [WorkbenchEffect] {
        guard var content = overlay else { return [] }
        let effects = body(&content, &self)
        if let overlay, Swift.type(of: overlay) == Swift.type(of: content) { self.overlay = content }
        return effects
    }
}

/// Something typed or pasted.
enum TypedInput {
    case key(KeyEvent), text(String)

    /// Changes a line; text replaces a value that has not been touched, movements of the cursor keep it.
    func apply(to line: inout EditLine, replacing isUntouched: Bool = false) {
        switch self {
        case .key(let event):
            if isUntouched, case .character = event.key { line = EditLine() }
            _ = line.apply(event)
        case .text(let text):
            if isUntouched { line = EditLine() }
            line.insert(text)
        }
    }
}
