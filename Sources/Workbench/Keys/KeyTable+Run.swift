internal import TerminalUI

extension KeyTable {
    /// The run: steering it, and what panels show.
    static let run: [KeyBinding] = [
        KeyBinding(
            [.character(" ")], [.run, .small], .pause,
            "pause at the next gate, or go on; with a run that has ended, too", hint: "pause",
            rank: 10),
        KeyBinding([.character("s")], [.run], .step, "do one unit, then wait", hint: "step", rank: 14),
        KeyBinding(
            [.character("e")], [.run], .edit, "pause at the next gate, then edit parameters", hint: "edit",
            rank: 12),
        KeyBinding(
            [.character("d")], [.run], .finishUnit, "end the unit in work now, with what it has learned",
            hint: "finish unit", rank: 60),
        KeyBinding(
            [.character("D")], [.run], .cancelAttempt, "give the attempt in work up", hint: "give up",
            rank: 61),
        KeyBinding(
            [.character("r")], [.run], .redo, "make another attempt at the selected unit, at a gate",
            hint: "redo", rank: 15),
        KeyBinding(
            [.character("R")], [.run], .redoStale, "redo every stale unit, at a gate", hint: "redo stale",
            rank: 9),
        KeyBinding(
            [.character("A")], [.run], .attempts, "compare the attempts at the selected unit, and choose",
            hint: "attempts", rank: 17),
        KeyBinding(
            [.character("B")], [.run], .rollBack, "go back to the gate before the selected unit",
            hint: "roll back", rank: 55),
        KeyBinding(
            [.character("U")], [.run], .undoDecision, "take the last decision at a gate back",
            hint: "undo decision", rank: 13),
        KeyBinding(
            [.character("E")], [.run], .evaluate, "evaluate the model as it is now, at a gate",
            hint: "evaluate", rank: 56),
        KeyBinding(
            [.character("i")], [.run], .inspectSite,
            "look at the values of a site and its quantizer, at a gate",
            hint: "site", rank: 23),
        KeyBinding(
            [.character("I")], [.run], .images, "look at images and what the models say of them, at a gate",
            hint: "images", rank: 24),
        KeyBinding(
            [.character("w")], [.run], .sweep, "start a sweep of bit-widths at a gate, or stop it",
            hint: "sweep", rank: 16),
        KeyBinding(
            [.character("x")], [.run], .export,
            "export the packed checkpoint, the recipe, the curves or a picture", hint: "export",
            rank: 18),
        KeyBinding(
            [.character("n")], [.run], .newRun, "back to the start screen when the run has ended",
            hint: "new run", rank: 19),
        KeyBinding(
            [.character("a")], [.sweep], .adopt, "give the coming units the bits of the selected point",
            hint: "adopt bits", rank: 5),
        KeyBinding(
            [.character("y")], [.run], .copy, "copy the selected value or line to the clipboard",
            hint: "copy",
            rank: 58),
    ]

    /// What charts show and how.
    static let charts: [KeyBinding] = [
        KeyBinding(
            [.character("l")], [.units, .reconstruction, .contributions, .log], .logY,
            "logarithmic or linear loss axis", hint: "log-y", rank: 40),
        KeyBinding(
            [.character("L")], [.run], .logX, "logarithmic or linear step axis", hint: "log-x", rank: 45),
        KeyBinding(
            [.character("m")], [.run], .smoothing, "smoothing off, .6, .9, .98", hint: "smooth", rank: 42),
        KeyBinding(
            [.character("v")], [.run], .measure, "contributions as weighted loss or as gradient norm",
            hint: "loss/grad", rank: 41),
        KeyBinding(
            [.character("v")], [.reconstruction], .heldOut,
            "the steps of a unit, or top-1 or KL of held-out images by unit",
            hint: "held out", rank: 22),
        KeyBinding(
            [.character("[")], [.run], .previousUnit, "look at the unit before", hint: "previous", rank: 43),
        KeyBinding([.character("]")], [.run], .nextUnit, "look at the unit after", hint: "next", rank: 44),
        KeyBinding(
            [.character("c")], [.run], .pin, "keep the unit's curve for comparison, or let it go",
            hint: "pin",
            rank: 46),
        KeyBinding(
            [.character("+"), .character("=")], [.run], .zoomIn, "zoom into the steps", hint: "zoom", rank: 47
        ),
        KeyBinding(
            [.character("-")], [.run], .zoomOut, "back to the zoom before", hint: "zoom out", rank: 48),
        KeyBinding([.character("0")], [.run], .zoomReset, "show all steps", hint: "all steps", rank: 49),
        KeyBinding(
            [.left], [.reconstruction, .contributions], .cursorLeft, "inspect the values further left"),
        KeyBinding(
            [.right], [.reconstruction, .contributions], .cursorRight, "inspect the values further right",
            hint: "inspect", rank: 39, partner: .cursorLeft),
    ]

    /// The parameters.
    static let parameters: [KeyBinding] = [
        KeyBinding(
            [.enter], [.parameters], .editField, "type a value, or take the next choice", hint: "change",
            rank: 2),
        KeyBinding(
            [.character("a")], [.parameters], .apply, "apply the draft to the coming units", hint: "apply",
            rank: 3),
        KeyBinding(
            [.character("u")], [.parameters], .undo, "undo the last change of the draft", hint: "undo",
            rank: 4),
        KeyBinding(
            [.character("o")], [.parameters], .scope, "change all coming units, or one", hint: "scope",
            rank: 4),
        KeyBinding([.enter], [.field], .confirm, "take the value", hint: "take", rank: 1, name: "take-value"),
        KeyBinding(
            [.escape], [.field], .cancel, "leave the value as it was", hint: "cancel", rank: 2,
            name: "leave-value"),
    ]

    /// The log and its filter, and what is looked for in lists.
    static let log: [KeyBinding] = [
        KeyBinding(
            [.character("/")], [.log], .filter, "show only lines of the log that have some words",
            hint: "filter", rank: 5),
        KeyBinding(
            [.character("/")], [.units, .parameters], .search, "find a line of the list by words in it",
            hint: "find", rank: 57),
        KeyBinding(
            [.character("n")], [.filtered, .found], .findNext, "to the match below", hint: "next match",
            rank: 3),
        KeyBinding(
            [.character("N")], [.filtered, .found], .findPrevious, "to the match above",
            hint: "match before", rank: 4),
        KeyBinding(
            [.enter], [.filter], .confirm, "keep the filter", hint: "keep", rank: 1, name: "keep-filter"),
        KeyBinding(
            [.escape], [.filter], .cancel, "show every line", hint: "all lines", rank: 2, name: "drop-filter"),
        KeyBinding(
            [.enter], [.search], .confirm, "stay at the match", hint: "stay", rank: 1, name: "keep-match"),
        KeyBinding(
            [.escape], [.search], .cancel, "back to where it began", hint: "back", rank: 2,
            name: "drop-match"),
    ]
}
