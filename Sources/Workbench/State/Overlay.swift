public import Runs
public import TerminalUI

/// What is drawn over the screen and takes the keys.
public enum Overlay: Equatable, Sendable {
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
public struct HelpOverlay: Equatable, Sendable {
    /// What lines must contain.
    public var filter = EditLine()
    /// How many lines are left out at the top.
    public var offset = 0
}

/// The choice of a theme.
public struct ThemePicker: Equatable, Sendable {
    /// The theme that was there before.
    public let previous: String
}

/// The export dialog.
public struct ExportDialog: Equatable, Sendable {
    /// Where it is.
    public enum Stage: Equatable, Sendable {
        /// The path is edited.
        case editing
        /// It is found out whether the path can be written.
        case checking
        /// There is a file at the path.
        case overwriting
        /// The file is written.
        case writing
        /// It was written and read back.
        case done(ExportResult)
    }

    /// What is written.
    public var format: ExportFormat
    /// The path of each format.
    public var paths: [ExportFormat: EditLine]
    /// Where the dialog is.
    public var stage = Stage.editing
    /// Why the last try failed.
    public var problem: String?
    /// How the path could go on.
    public var suggestions: [String] = []

    /// The path of the chosen format.
    public var line: EditLine {
        get { paths[format] ?? EditLine() }
        set { paths[format] = newValue }
    }

    /// The path as text.
    var path: String { line.text }
}
