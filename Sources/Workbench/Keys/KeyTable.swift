internal import TerminalUI

/// Every key there is.
///
/// One table, so that what is shown is what works.
enum KeyTable {
    /// The bindings in the order of the help.
    static let all = run + parameters + moving + start + everywhere + overlays

    /// What a key does in the first of some contexts in which it does anything.
    static func action(for key: Key, in contexts: [KeyContext]) -> Action? {
        for context in contexts {
            if let binding = all.first(where: { $0.contexts.contains(context) && $0.keys.contains(key) }) {
                return binding.action
            }
        }
        return nil
    }

    /// The bindings of some contexts, each action once.
    static func bindings(in contexts: [KeyContext]) -> [KeyBinding] {
        var seen: Set<Action> = []
        var taken: Set<Key> = []
        var result: [KeyBinding] = []
        for context in contexts {
            for binding in all where binding.contexts.contains(context) {
                let isShadowed = binding.keys.first.map { taken.contains($0) } ?? true
                if !isShadowed, seen.insert(binding.action).inserted { result.append(binding) }
            }
            for binding in all where binding.contexts.contains(context) { taken.formUnion(binding.keys) }
        }
        return result
    }

    private static let panels: [KeyContext] = Panel.allCases.map { KeyContext($0) }

    private static let run: [KeyBinding] = [
        KeyBinding(
            [.character(" ")], [.run, .small], .pause, "pause at the next gate, or go on", hint: "pause",
            rank: 10),
        KeyBinding([.character("s")], [.run], .step, "do one unit, then wait", hint: "step", rank: 14),
        KeyBinding(
            [.character("e")], [.run], .edit, "pause at the next gate, then edit parameters", hint: "edit",
            rank: 12),
        KeyBinding(
            [.character("d")], [.run], .finishUnit, "end the unit in work now, with what it has learned",
            hint: "finish unit", rank: 60),
        KeyBinding(
            [.character("w")], [.run], .sweep, "start a sweep of bit-widths at a gate, or stop it",
            hint: "sweep", rank: 16),
        KeyBinding(
            [.character("x")], [.run], .export, "export the recipe or the packed checkpoint", hint: "export",
            rank: 18),
        KeyBinding(
            [.character("n")], [.run], .newRun, "back to the start screen when the run has ended",
            hint: "new run", rank: 19),
        KeyBinding(
            [.character("a")], [.sweep], .adopt, "give the coming units the bits of the selected point",
            hint: "adopt bits", rank: 5),
        KeyBinding(
            [.character("l")], [.units, .reconstruction, .contributions, .log], .logY,
            "logarithmic or linear loss axis", hint: "log-y", rank: 40),
        KeyBinding(
            [.character("m")], [.run], .smoothing, "smoothing off, .6, .9, .98", hint: "smooth", rank: 42),
        KeyBinding(
            [.character("v")], [.run], .measure, "contributions as weighted loss or as gradient norm",
            hint: "loss/grad", rank: 41),
        KeyBinding(
            [.character("[")], [.run], .previousUnit, "look at the unit before", hint: "previous", rank: 43),
        KeyBinding([.character("]")], [.run], .nextUnit, "look at the unit after", hint: "next", rank: 44),
    ]

    private static let parameters: [KeyBinding] = [
        KeyBinding(
            [.enter], [.parameters], .editField, "type a value, or take the next choice", hint: "change",
            rank: 2),
        KeyBinding(
            [.character("a")], [.parameters], .apply, "apply the draft to the coming units", hint: "apply",
            rank: 3),
        KeyBinding(
            [.character("u")], [.parameters], .undo, "undo the last change of the draft", hint: "undo",
            rank: 4),
        KeyBinding([.enter], [.field], .confirm, "take the value", hint: "take", rank: 1),
        KeyBinding([.escape], [.field], .cancel, "leave the value as it was", hint: "cancel", rank: 2),
    ]

    private static let moving: [KeyBinding] =
        [
            KeyBinding([.tab], [.run], .nextPanel, "next panel", hint: "panel", rank: 30),
            KeyBinding([.backtab], [.run], .previousPanel, "previous panel"),
        ]
        + Panel.allCases.map { panel in
            KeyBinding(
                [.character(Character(String(panel.rawValue)))], [.run], .focus(panel), "panel \(panel.name)")
        } + [
            KeyBinding(
                [.character("f"), .enter], [.run], .fullScreen, "panel on the full screen", hint: "full",
                rank: 31),
            KeyBinding(
                [.escape], [.run], .back, "back from the full screen; back to the result", hint: "back",
                rank: 8),
            KeyBinding([.up, .character("k")], panels + [.start, .themes], .up, "up"),
            KeyBinding([.down, .character("j")], panels + [.start, .themes], .down, "down"),
            KeyBinding([.up], [.help], .up, "up"),
            KeyBinding([.down], [.help], .down, "down", hint: "scroll", rank: 2),
            KeyBinding(
                [.left, .character("h")], [.sweep, .parameters, .start], .left, "previous point or choice"),
            KeyBinding(
                [.right, .character("l")], [.sweep, .parameters, .start], .right, "next point or choice"),
            KeyBinding([.character("g"), .home], panels + [.start, .themes], .first, "to the first"),
            KeyBinding([.character("G"), .end], panels + [.start, .themes], .last, "to the last"),
            KeyBinding([.pageUp, .control("u")], panels, .pageUp, "one page up"),
            KeyBinding([.pageDown, .control("d")], panels, .pageDown, "one page down"),
            KeyBinding([.pageUp, .control("u")], [.help], .pageUp, "one page up"),
            KeyBinding(
                [.pageDown, .control("d")], [.help], .pageDown, "one page down", hint: "page", rank: 3),
        ]

    private static let start: [KeyBinding] = [
        KeyBinding([.enter], [.start], .start, "start the run", hint: "start the run", rank: -1)
    ]

    private static let everywhere: [KeyBinding] = [
        KeyBinding(
            [.character("q")], [.everywhere, .small], .quit, "quit; asks while a run is in work",
            hint: "quit", rank: 0),
        KeyBinding(
            [.character("?"), .function(1)], [.everywhere], .help, "this help", hint: "help", rank: 20),
        KeyBinding([.character("t")], [.everywhere], .themes, "choose a theme", hint: "theme", rank: 61),
        KeyBinding(
            [.character("b")], [.everywhere], .glyphs, "glyphs: braille, block, ASCII", hint: "glyphs",
            rank: 62),
        KeyBinding(
            [.character("M")], [.everywhere], .mouse, "mouse on or off; off lets the terminal select text",
            hint: "mouse", rank: 63),
        KeyBinding([.control("c")], [.always], .interrupt, "as q; twice within 2 s quits at once"),
        KeyBinding([.control("z")], [.always], .suspend, "suspend; fg in the shell goes on"),
        KeyBinding([.control("l")], [.always], .redraw, "draw the screen again"),
    ]

    private static let overlays: [KeyBinding] = [
        KeyBinding(
            [.character("y"), .character("q"), .enter], [.quit], .confirm, "stop the run and quit",
            hint: "stop and quit", rank: 1),
        KeyBinding([.character("n"), .escape], [.quit], .cancel, "stay", hint: "stay", rank: 2),
        KeyBinding([.enter], [.themes], .confirm, "keep the theme", hint: "keep", rank: 1),
        KeyBinding(
            [.escape, .character("q")], [.themes], .cancel, "back to the old theme", hint: "cancel", rank: 2),
        KeyBinding(
            [.escape, .function(1)], [.help], .cancel, "clear the filter, then close", hint: "close", rank: 1),
        KeyBinding([.enter], [.export], .confirm, "write the file", hint: "write", rank: 1),
        KeyBinding([.tab, .backtab], [.export], .switchFormat, "the other format", hint: "format", rank: 2),
        KeyBinding([.escape], [.export], .cancel, "close", hint: "cancel", rank: 3),
        KeyBinding(
            [.character("y")], [.overwrite], .confirm, "replace the file", hint: "replace it", rank: 1),
        KeyBinding(
            [.character("n"), .escape], [.overwrite], .cancel, "choose another path", hint: "another path",
            rank: 2),
        KeyBinding([.escape, .enter], [.result], .cancel, "close", hint: "close", rank: 1),
    ]
}
