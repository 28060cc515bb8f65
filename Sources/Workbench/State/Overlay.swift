package import TerminalUI

/// What is drawn over the screen and takes the keys.
package enum Overlay: Equatable, Sendable {
    /// Asks whether to end the run in work.
    case quit
    /// The key table.
    case help(HelpOverlay)
    /// The choice of a theme, each shown while it is selected.
    case themes(ThemePicker)
    /// Writes a file.
    case export(ExportDialog)
    /// Every action by its name.
    case palette(CommandPalette)
    /// Asks for what to open.
    case open(OpenDialog)
    /// Asks whether to make another attempt at a unit.
    case redo(RedoDialog)
    /// The attempts at a unit, side by side.
    case attempts(AttemptsView)
    /// Asks whether to go back to the gate before a unit.
    case rollBack(unit: Int)
    /// A site, its values and its quantizer.
    case site(SiteView)
    /// Images and what the models say of them.
    case images(ImagesView)
}

/// The help, with its filter.
package struct HelpOverlay: Equatable, Sendable {
    /// What lines must contain.
    package var filter = EditLine()
    /// How many lines are left out at the top.
    package var offset = 0
}

/// The choice of a theme.
package struct ThemePicker: Equatable, Sendable {
    /// The theme that was there before.
    package let previous: String
}
