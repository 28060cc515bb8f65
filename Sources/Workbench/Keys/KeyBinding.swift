internal import TerminalUI

/// One line of the key table: what some keys do in some places.
///
/// The table drives dispatch, the footer, clicks on it, and the help.
struct KeyBinding: Sendable {
    /// The keys, the one to show first.
    let keys: [Key]
    /// Where they have this meaning.
    let contexts: [KeyContext]
    /// What they do.
    let action: Action
    /// What they do, for the help.
    let help: String
    /// What they do, for the footer; nil keeps them out of it.
    let hint: String?
    /// The place in the footer: lower stands further left and is dropped later.
    let rank: Int

    init(
        _ keys: [Key], _ contexts: [KeyContext], _ action: Action, _ help: String, hint: String? = nil,
        rank: Int = 50
    ) {
        self.keys = keys
        self.contexts = contexts
        self.action = action
        self.help = help
        self.hint = hint
        self.rank = rank
    }

    /// The keys as people write them.
    var keyText: String { keys.map(Self.name).joined(separator: " ") }

    /// The first key as people write it.
    var firstKeyText: String { keys.first.map(Self.name) ?? "" }

    /// The name of a key.
    static func name(_ key: Key) -> String {
        switch key {
        case .character(" "): "Space"
        case .character(let character): String(character)
        case .control(let character): "Ctrl-\(character.uppercased())"
        case .alt(let character): "Alt-\(character)"
        case .enter: "Enter"
        case .escape: "Esc"
        case .tab: "Tab"
        case .backtab: "Shift-Tab"
        case .up: "Up"
        case .down: "Down"
        case .left: "Left"
        case .right: "Right"
        case .home: "Home"
        case .end: "End"
        case .pageUp: "PgUp"
        case .pageDown: "PgDn"
        case .insert: "Ins"
        case .backspace: "Backspace"
        case .delete: "Del"
        case .function(let number): "F\(number)"
        }
    }
}
