internal import TerminalUI

/// One row of the key table: everything about an action.
///
/// The table drives dispatch, the footer and clicks on it, the help, the palette and the names in settings.
struct KeyBinding: Equatable, Sendable {
    let action: Action
    /// The keys, the one to show first.
    var keys: [Key]
    /// Where they have this meaning.
    let contexts: [KeyContext]
    let help: String
    /// Their effect, for the footer; nil keeps them out of it.
    let hint: String?
    /// The place in the footer: lower is further left and dropped later.
    let rank: Int
    /// The action of the opposite direction, whose key is shown before this one's in the footer.
    let partner: Action?
    /// The panels in whose footer they are, where their keys work in others too; empty for every panel of `contexts`.
    let home: [KeyContext]
    /// Whether the palette offers it.
    let isInPalette: Bool
    /// Their effect in this state, for the footer, if it depends on the state.
    let liveHint: (@Sendable (WorkbenchState) -> String)?
    /// The behaviour, and when it is not available.
    let behavior: KeyBehavior

    init(
        _ action: Action, _ keys: [Key], _ contexts: [KeyContext], _ help: String, hint: String? = nil,
        rank: Int = 50, partner: Action? = nil, home: [KeyContext] = [], isInPalette: Bool = true,
        liveHint: (@Sendable (WorkbenchState) -> String)? = nil, _ behavior: KeyBehavior
    ) {
        self.action = action
        self.keys = keys
        self.contexts = contexts
        self.help = help
        self.hint = hint
        self.rank = rank
        self.partner = partner
        self.home = home
        self.isInPalette = isInPalette && !behavior.isMove
        self.liveHint = liveHint
        self.behavior = behavior
    }

    /// Settings change only the keys, so the rest is equal where the action is.
    static func == (a: KeyBinding, b: KeyBinding) -> Bool { a.action == b.action && a.keys == b.keys }

    /// The name in settings and in the palette.
    var name: String { action.name }

    var keyText: String { keys.map(\.name).joined(separator: " ") }

    /// The keys, or the command of the palette if there are none.
    var keysOrCommand: String { keys.isEmpty ? ":\(name)" : keyText }

    var firstKeyText: String { keys.first?.name ?? "" }

    /// Whether the keys belong to a panel, so that the footer has them only, and first, where it has the focus.
    var isOfPanel: Bool { !home.isEmpty || !contexts.contains { Self.ofAllPanels.contains($0) } }

    private static let ofAllPanels: [KeyContext] = [.run, .everywhere, .always, .small]

    /// Whether the footer of a panel has the keys.
    func belongs(to panel: KeyContext) -> Bool { home.isEmpty || home.contains(panel) }

    /// The footer's text in a state.
    func hint(in state: WorkbenchState) -> String { liveHint?(state) ?? hint ?? "" }
}

/// An action's behaviour, and its obstacle.
struct KeyBehavior: Sendable {
    /// Why it cannot be done, in a sentence that says what would help; nil if it can.
    let obstacle: @Sendable (WorkbenchState) -> String?
    /// Does it.
    let perform: @Sendable (inout WorkbenchState) -> [WorkbenchEffect]
    /// Whether it moves a selection.
    var isMove = false

    /// Changes the state and has effects.
    static func perform(
        unless obstacle: @escaping @Sendable (WorkbenchState) -> String? = { _ in nil },
        _ perform: @escaping @Sendable (inout WorkbenchState) -> [WorkbenchEffect]
    ) -> KeyBehavior { KeyBehavior(obstacle: obstacle, perform: perform) }

    /// Changes the state.
    static func change(
        unless obstacle: @escaping @Sendable (WorkbenchState) -> String? = { _ in nil },
        _ change: @escaping @Sendable (inout WorkbenchState) -> Void
    ) -> KeyBehavior {
        perform(unless: obstacle) { state in
            change(&state)
            return []
        }
    }

    /// Moves the selection of what has the focus.
    static func move(_ move: Move) -> KeyBehavior {
        KeyBehavior(obstacle: { $0.obstacle(to: move) }, perform: { $0.move(move) }, isMove: true)
    }

    /// Acts on an overlay of a type, and does nothing without one.
    static func on<Content: Overlay>(
        _ type: Content.Type,
        unless obstacle: @escaping @Sendable (Content, WorkbenchState) -> String? = { _, _ in nil },
        _ perform: @escaping @Sendable (inout Content, inout WorkbenchState) -> [WorkbenchEffect]
    ) -> KeyBehavior {
        KeyBehavior(
            obstacle: { state in (state.overlay as? Content).flatMap { obstacle($0, state) } },
            perform: { $0.withOverlay(type, perform) })
    }

    /// Closes the overlay.
    static let close = change { $0.overlay = nil }
}
