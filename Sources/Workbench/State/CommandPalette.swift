package import TerminalUI

/// The command palette: what was typed, and which of the commands that match is selected.
package struct CommandPalette: Equatable, Sendable {
    /// How many commands are remembered.
    static let historyLength = 50

    /// What was typed.
    package internal(set) var line = EditLine()
    /// The selected entry: an index into those that match.
    package internal(set) var selected = 0
    /// Why what was typed could not be done.
    package internal(set) var problem: String?
}

/// Something that the palette offers.
struct PaletteEntry: Equatable, Sendable {
    /// What can be typed for it.
    let command: String
    /// What it does.
    let text: String
    /// The keys that do the same.
    let keys: String
    /// Why it cannot be done now.
    let obstacle: String?
    /// Whether the command needs more words, so that it is completed and not done.
    var isIncomplete = false
}
