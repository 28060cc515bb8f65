/// The name of an action: settings bind keys to it, the palette lists it, sentences name its key.
///
/// Everything else about an action is in its one row of the key table, a `KeyBinding`.
enum Action: CaseIterable, Hashable, Sendable {
    // The run
    case pause, step, edit, finishUnit, cancelAttempt, redo, redoStale, attempts, rollBack, undoDecision
    case evaluate, inspectSite, images, sweep, export, newRun, stop, copy
    // Charts
    case logY, logX, smoothing, measure, heldOut, previousUnit, nextUnit, compare, tryWithout
    case zoomIn, zoomOut, zoomReset, cursorLeft, cursorRight
    // Panels
    case adopt, editField, apply, undo, scope, takeValue, leaveValue
    case filter, search, findNext, findPrevious, keepFilter, dropFilter, keepMatch, dropMatch
    case nextPanel, previousPanel, showUnits, showReconstruction, showContributions, showSweep
    case showParameters, showLog, fullScreen, back, wider, narrower, taller, shorter, evenPanels
    // Lists
    case up, down, left, right, first, last, pageUp, pageDown, listUp, listDown, helpPageUp, helpPageDown
    // The start screen
    case start, open, runs, resumeRun, lineAbove, lineBelow, valueBefore, valueAfter
    // All parameters before a run
    case typeValue, takeTyped, leaveTyped, presetValue, closeParameters
    // The list of runs, and runs side by side
    case openListed, resumeListed, markRun, compareRuns, forgetListed, closeRuns, closeComparison,
        comparisonMeasure
    // Everywhere
    case quit, help, themes, glyphs, mouse, palette, reload, writeConfig, interrupt, suspend, redraw
    // Overlays
    case stopAndQuit, stay, keepTheme, oldTheme, closeHelp, otherPage
    case applyAndContinue, continueWithout, keepEditing, editForRedo
    case startSweep, toggleWidth, closeSweep, adoptComing, adoptAll, closeAdopt
    case stopAndLeave, stopAndStay, doNotStop
    case writeFile, complete, switchFormat, closeExport, replaceFile, anotherPath, closeResult
    case runCommand, closePalette, openIt, closeOpen, redoIt, redoWithDraft, closeRedo
    case tryIt, otherTerm, closeTrial, rollBackIt, doNotRollBack, chooseAttempt, before, next, above, below,
        closeView
    case headBefore, headAfter, nextImage, moreBits, fewerBits, applyBits, otherImages

    /// The name in settings and in the palette, such as `finish-unit`.
    var name: String {
        "\(self)".reduce(into: "") { name, character in
            name += character.isUppercase ? "-\(character.lowercased())" : String(character)
        }
    }
}

/// Where a key has a meaning, in the order of the help; the innermost context wins.
enum KeyContext: String, CaseIterable, Sendable {
    case run = "Run"
    case units = "Units"
    case reconstruction = "Reconstruction"
    case contributions = "Contributions"
    case sweep = "Sweep"
    case parameters = "Parameters"
    case log = "Log"
    case filtered = "Log, while it is filtered"
    case found = "Units and parameters, after a search"
    case field = "While typing a value"
    case filter = "While typing a filter"
    case search = "While typing a search"
    case start = "Start"
    case everywhere = "Everywhere"
    case always = "Always"
    case small = "Small screen"
    case palette = "Commands"
    case open = "Open"
    case export = "Export"
    case overwrite = "Export: the file exists"
    case result = "Export: result"
    case redo = "Redo"
    case trial = "Try without a term"
    case unapplied = "Continue with edits"
    case sweepDialog = "Sweep dialog"
    case adopt = "Adopt bits"
    case stop = "Stop"
    case allParameters = "All parameters"
    case parameterValue = "All parameters, while typing a value"
    case runs = "Runs"
    case comparison = "Runs side by side"
    case attempts = "Attempts"
    case rollBack = "Roll back"
    case site = "Site"
    case images = "Images"
    case themes = "Themes"
    case quit = "Quit"
    case help = "Help"

    /// The contexts of the panels.
    static let panels = Panel.allCases.map(\.content.context)
}
