/// Something that a key or a click does.
enum Action: Hashable, Sendable {
    case quit, interrupt, suspend, redraw, help, glyphs, themes, mouse
    case start, newRun, pause, step, edit, finishUnit, sweep, export
    case focus(Panel), nextPanel, previousPanel, fullScreen, back
    case up, down, left, right, first, last, pageUp, pageDown
    case logY, logX, smoothing, measure, previousUnit, nextUnit, pin
    case zoomIn, zoomOut, zoomReset, cursorLeft, cursorRight
    case wider, narrower, taller, shorter, evenPanels
    case palette, open, resumeRun, complete, reload, copy
    case filter, search, findNext, findPrevious
    case redo, redoStale, attempts, rollBack, undoDecision, evaluate, cancelAttempt
    case inspectSite, images, scope, heldOut
    case editField, undo, apply, adopt
    case confirm, cancel, switchFormat

    /// The name that settings and the palette use, such as `finish-unit`.
    var name: String {
        if case .focus(let panel) = self { return "show-\(panel.name.lowercased())" }
        return "\(self)".reduce(into: "") { name, character in
            name += character.isUppercase ? "-\(character.lowercased())" : String(character)
        }
    }
}

/// Where a key has a meaning.
///
/// What is innermost is looked at first.
enum KeyContext: String, CaseIterable, Sendable {
    case units = "Units"
    case reconstruction = "Reconstruction"
    case contributions = "Contributions"
    case sweep = "Sweep"
    case parameters = "Parameters"
    case log = "Log"
    case run = "Run"
    case start = "Start"
    case everywhere = "Everywhere"
    case always = "Always"
    case small = "Small screen"
    case field = "While typing a value"
    case filter = "While typing a filter"
    case filtered = "Log, while it is filtered"
    case search = "While typing what to find"
    case found = "Units and parameters, while words are looked for"
    case palette = "Commands"
    case open = "Open"
    case redo = "Redo"
    case attempts = "Attempts"
    case rollBack = "Roll back"
    case site = "Site"
    case images = "Images"
    case help = "Help"
    case themes = "Themes"
    case export = "Export"
    case overwrite = "Export: the file exists"
    case result = "Export: result"
    case quit = "Quit"

    init(_ panel: Panel) {
        switch panel {
        case .units: self = .units
        case .reconstruction: self = .reconstruction
        case .contributions: self = .contributions
        case .sweep: self = .sweep
        case .parameters: self = .parameters
        case .log: self = .log
        }
    }
}
