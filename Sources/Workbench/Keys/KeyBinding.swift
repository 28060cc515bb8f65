internal import TerminalUI

/// One line of the key table: what some keys do in some places.
///
/// The table drives dispatch, the footer, clicks on it, the help, the palette and what settings may change.
struct KeyBinding: Equatable, Sendable {
    /// What settings and the palette call it; unique in the table.
    let name: String
    /// The keys, the one to show first.
    var keys: [Key]
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
    /// The action of the opposite direction, whose key stands before this one's in the footer.
    let partner: Action?

    init(
        _ keys: [Key], _ contexts: [KeyContext], _ action: Action, _ help: String, hint: String? = nil,
        rank: Int = 50, name: String? = nil, partner: Action? = nil
    ) {
        self.name = name ?? action.name
        self.keys = keys
        self.contexts = contexts
        self.action = action
        self.help = help
        self.hint = hint
        self.rank = rank
        self.partner = partner
    }

    /// The keys as people write them.
    var keyText: String { keys.map(\.name).joined(separator: " ") }

    /// The first key as people write it.
    var firstKeyText: String { keys.first?.name ?? "" }
}
