internal import TerminalUI

extension KeyTable {
    /// Lists and panels.
    static let moving: [KeyBinding] =
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
                [.escape], [.run], .back, "back from the full screen, from a value, to the result",
                hint: "back",
                rank: 8),
            KeyBinding(
                [.character(">")], [.run], .wider, "make the panel wider, as dragging its edge does"),
            KeyBinding([.character("<")], [.run], .narrower, "make the panel narrower"),
            KeyBinding([.character("}")], [.run], .taller, "make the panel taller"),
            KeyBinding([.character("{")], [.run], .shorter, "make the panel shorter"),
            KeyBinding([.character("|")], [.run], .evenPanels, "put all edges of panels back"),
            KeyBinding([.up, .character("k")], panels + [.themes], .up, "up"),
            KeyBinding([.down, .character("j")], panels + [.themes], .down, "down"),
            KeyBinding([.up], [.help, .palette, .export, .open], .up, "up", name: "list-up"),
            KeyBinding(
                [.down], [.help, .palette, .export, .open], .down, "down", hint: "down", rank: 2,
                name: "list-down"),
            KeyBinding([.left, .character("h")], [.sweep, .parameters], .left, "previous point or choice"),
            KeyBinding([.right, .character("l")], [.sweep, .parameters], .right, "next point or choice"),
            KeyBinding([.character("g"), .home], panels + [.start, .themes], .first, "to the first"),
            KeyBinding([.character("G"), .end], panels + [.start, .themes], .last, "to the last"),
            KeyBinding([.pageUp, .control("u")], panels, .pageUp, "one page up"),
            KeyBinding([.pageDown, .control("d")], panels, .pageDown, "one page down"),
            KeyBinding([.pageUp, .control("u")], [.help], .pageUp, "one page up", name: "help-page-up"),
            KeyBinding(
                [.pageDown, .control("d")], [.help], .pageDown, "one page down", hint: "page", rank: 3,
                name: "help-page-down"),
        ]

    /// The start screen.
    static let start: [KeyBinding] = [
        KeyBinding([.enter], [.start], .start, "start the run", hint: "start the run", rank: -1),
        KeyBinding(
            [.character("o")], [.start], .open, "open a checkpoint, images, a plan or a run", hint: "open",
            rank: 1),
        KeyBinding(
            [.character("r")], [.start], .resumeRun,
            "go on with the selected run where it was interrupted, or wait at the end of one that is done",
            hint: "go on with it", rank: 0),
        KeyBinding([.up, .character("k")], [.start], .up, "the line above", name: "line-above"),
        KeyBinding(
            [.down, .character("j")], [.start], .down, "the line below", hint: "choose", rank: 2,
            name: "line-below", partner: .up),
        KeyBinding([.left, .character("h")], [.start], .left, "the value before", name: "value-before"),
        KeyBinding(
            [.right, .character("l")], [.start], .right, "the value behind", hint: "change", rank: 3,
            name: "value-behind", partner: .left),
    ]

    /// What is the same everywhere.
    static let everywhere: [KeyBinding] = [
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
        KeyBinding(
            [.character(":"), .control("p")], [.everywhere], .palette,
            "command palette: every action by name",
            hint: "commands", rank: 21),
        KeyBinding(
            [.control("r")], [.everywhere], .reload, "read settings and themes again", hint: nil),
        KeyBinding([.control("c")], [.always], .interrupt, "as q; twice within 2 s quits at once"),
        KeyBinding([.control("z")], [.always], .suspend, "suspend; fg in the shell goes on"),
        KeyBinding([.control("l")], [.always], .redraw, "draw the screen again"),
    ]

    /// What is drawn over the screen.
    static let overlays: [KeyBinding] = [
        KeyBinding(
            [.character("y"), .character("q"), .enter], [.quit], .confirm, "stop the run and quit",
            hint: "stop and quit", rank: 1, name: "stop-and-quit"),
        KeyBinding(
            [.character("n"), .escape], [.quit], .cancel, "stay", hint: "stay", rank: 2, name: "stay"),
        KeyBinding(
            [.enter], [.themes], .confirm, "keep the theme", hint: "keep", rank: 1, name: "keep-theme"),
        KeyBinding(
            [.escape, .character("q")], [.themes], .cancel, "back to the old theme", hint: "cancel", rank: 2,
            name: "old-theme"),
        KeyBinding(
            [.escape, .function(1)], [.help], .cancel, "clear the filter, then close", hint: "close", rank: 1,
            name: "close-help"),
        KeyBinding(
            [.enter], [.export], .confirm, "write the file", hint: "write", rank: 1, name: "write-file"),
        KeyBinding([.tab], [.export, .open, .palette], .complete, "complete", hint: "complete", rank: 2),
        KeyBinding(
            [.backtab], [.export], .switchFormat, "what stands below: another format", hint: "format", rank: 3
        ),
        KeyBinding([.escape], [.export], .cancel, "close", hint: "cancel", rank: 3, name: "close-export"),
        KeyBinding(
            [.character("y")], [.overwrite], .confirm, "replace the file", hint: "replace it", rank: 1,
            name: "replace-file"),
        KeyBinding(
            [.character("n"), .escape], [.overwrite], .cancel, "choose another path", hint: "another path",
            rank: 2, name: "another-path"),
        KeyBinding(
            [.escape, .enter], [.result], .cancel, "close", hint: "close", rank: 1, name: "close-result"),
        KeyBinding(
            [.enter], [.palette], .confirm, "do it", hint: "do it", rank: 1, name: "run-command"),
        KeyBinding([.escape], [.palette], .cancel, "close", hint: "close", rank: 3, name: "close-palette"),
        KeyBinding([.enter], [.open], .confirm, "open", hint: "open", rank: 1, name: "open-it"),
        KeyBinding([.escape], [.open], .cancel, "close", hint: "cancel", rank: 3, name: "close-open"),
        KeyBinding(
            [.enter], [.redo], .confirm, "make the attempt", hint: "redo it", rank: 1, name: "redo-it"),
        KeyBinding(
            [.tab], [.redo], .switchFormat, "with the drafted parameters or without",
            hint: "with/without draft",
            rank: 2, name: "redo-with-draft"),
        KeyBinding([.escape], [.redo], .cancel, "close", hint: "cancel", rank: 3, name: "close-redo"),
        KeyBinding(
            [.enter], [.attempts], .confirm, "choose the attempt", hint: "choose", rank: 1,
            name: "choose-attempt"),
        KeyBinding(
            [.left, .character("h")], [.attempts, .site, .images], .left, "the one before", hint: "before",
            rank: 3,
            name: "before"),
        KeyBinding(
            [.right, .character("l")], [.attempts, .site, .images], .right, "the one behind", hint: "next",
            rank: 2,
            name: "next"),
        KeyBinding(
            [.up, .character("k")], [.attempts, .site], .up, "the unit or channel before", name: "above"),
        KeyBinding(
            [.down, .character("j")], [.attempts, .site], .down, "the unit or channel behind", hint: "down",
            rank: 4, name: "below"),
        KeyBinding(
            [.pageUp], [.site], .pageUp, "the head before, of an attention map", name: "head-before"),
        KeyBinding(
            [.pageDown], [.site], .pageDown, "the head behind, of an attention map", hint: "head", rank: 5,
            name: "head-behind"),
        KeyBinding(
            [.tab], [.site], .switchFormat, "the next image, of an attention map", hint: "image", rank: 6,
            name: "next-image"),
        KeyBinding(
            [.character("+")], [.site], .zoomIn, "more bits for the site", hint: "bits", rank: 7,
            name: "more-bits"),
        KeyBinding([.character("-")], [.site], .zoomOut, "fewer bits for the site", name: "fewer-bits"),
        KeyBinding(
            [.enter], [.site], .confirm, "give the site the chosen bits", hint: "apply bits", rank: 1,
            name: "apply-bits"),
        KeyBinding(
            [.tab], [.images], .switchFormat, "calibration or evaluation images", hint: "other images",
            rank: 1,
            name: "other-images"),
        KeyBinding(
            [.escape, .character("q")], [.attempts, .site, .images], .cancel, "close", hint: "close", rank: 8,
            name: "close-view"),
        KeyBinding(
            [.enter, .character("y")], [.rollBack], .confirm, "go back", hint: "go back", rank: 1,
            name: "roll-back-it"),
        KeyBinding(
            [.escape, .character("n")], [.rollBack], .cancel, "stay", hint: "stay", rank: 2,
            name: "do-not-roll-back"),
    ]
}
