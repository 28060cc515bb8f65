internal import TerminalUI

extension KeyTable {
    /// Panels: which has the focus, and how large it is.
    static let panels: [KeyBinding] =
        [
            KeyBinding(
                .nextPanel, [.tab], [.run], "next panel", hint: "panel", rank: 30,
                .change { $0.show($0.focus.next) }),
            KeyBinding(
                .previousPanel, [.backtab], [.run], "previous panel", .change { $0.show($0.focus.previous) }),
        ]
        + Panel.allCases.map { panel in
            KeyBinding(
                panel.content.action, [.character(Character("\(panel.rawValue)"))], [.run],
                "panel \(panel.content.name)", .change { $0.show(panel) })
        } + [
            KeyBinding(
                .fullScreen, ["f", .enter], [.run], "panel on the full screen", hint: "full", rank: 31,
                liveHint: { $0.isFullScreen ? "shrink" : "full" },
                .change(unless: {
                    Layout($0).mode == .single ? "there is room for one panel only" : nil
                }) { $0.isFullScreen.toggle() }),
            KeyBinding(
                .back, [.escape], [.run],
                "back from the full screen, from a value, from a unit selected by hand to the run or its result",
                hint: "back", rank: 8, isInPalette: false, liveHint: \.backHint,
                .change(unless: \.obstacleToGoingBack) { $0.goBack() }),
            resize(.wider, ">", "make the panel wider, as dragging its edge does", isVertical: true, by: 4),
            resize(.narrower, "<", "make the panel narrower", isVertical: true, by: -4),
            resize(.taller, "}", "make the panel taller", isVertical: false, by: 2),
            resize(.shorter, "{", "make the panel shorter", isVertical: false, by: -2),
            KeyBinding(
                .evenPanels, ["|"], [.run], "reset all edges between panels",
                .change(unless: { $0.memory.splits.isEmpty ? "no edge of a panel was moved" : nil }) {
                    $0.memory.splits = PanelSplits()
                }),
        ]

    private static func resize(
        _ action: Action, _ key: Key, _ help: String, isVertical: Bool, by cells: Int
    ) -> KeyBinding {
        KeyBinding(
            action, [key], [.run], help,
            .change(unless: { $0.obstacleToResizing(isVertical: isVertical) }) {
                $0.resizePanel(isVertical: isVertical, by: cells)
            })
    }

    /// Overlays with a list.
    private static let lists: [KeyContext] = [.themes, .allParameters, .runs, .sweepDialog]
    /// Places where a key to the left or right changes a value or moves between points.
    private static let values: [KeyContext] = [.sweep, .parameters, .allParameters, .sweepDialog]

    /// Moves in lists of panels and overlays.
    static let moves: [KeyBinding] = [
        KeyBinding(.up, [.up, "k"], KeyContext.panels + lists, "up", .move(.up)),
        KeyBinding(.down, [.down, "j"], KeyContext.panels + lists, "down", .move(.down)),
        KeyBinding(.listUp, [.up], [.help, .palette, .export, .open], "up", .move(.up)),
        KeyBinding(
            .listDown, [.down], [.help, .palette, .export, .open], "down", hint: "next line",
            rank: 2, .move(.down)),
        KeyBinding(.left, [.left, "h"], values, "lower value, or point to the left", .move(.left)),
        KeyBinding(
            .right, [.right, "l"], values, "higher value, or point to the right", hint: "change", rank: 3,
            partner: .left, liveHint: { $0.focus == .sweep && $0.overlay == nil ? "choose" : "change" },
            .move(.right)),
        KeyBinding(
            .first, ["g", .home], KeyContext.panels + lists + [.start], "to the first", .move(.first)),
        KeyBinding(.last, ["G", .end], KeyContext.panels + lists + [.start], "to the last", .move(.last)),
        KeyBinding(
            .pageUp, [.pageUp, .control("u")], KeyContext.panels + [.allParameters, .runs], "one page up",
            .move(.pageUp)),
        KeyBinding(
            .pageDown, [.pageDown, .control("d")], KeyContext.panels + [.allParameters, .runs],
            "one page down", .move(.pageDown)),
    ]

    /// Searches in the lists of units and parameters.
    static let search: [KeyBinding] = [
        KeyBinding(
            .search, ["/"], [.units, .parameters], "find a line of the list by words in it", hint: "find",
            rank: 57, .change(unless: \.obstacleToSearching) { $0.beginSearch() }),
        KeyBinding(
            .findNext, ["n"], [.filtered, .found], "to the next match", hint: "next match", rank: 3,
            .change(unless: { $0.obstacleToFinding(backwards: false) }) { $0.find(backwards: false) }),
        KeyBinding(
            .findPrevious, ["N"], [.filtered, .found], "to the previous match", hint: "previous match",
            rank: 4,
            .change(unless: { $0.obstacleToFinding(backwards: true) }) { $0.find(backwards: true) }),
        KeyBinding(
            .keepMatch, [.enter], [.search], "stay at the match", hint: "stay", rank: 1,
            .change { $0.endSearch(keeping: true) }),
        KeyBinding(
            .dropMatch, [.escape], [.search], "back to where the search began", hint: "back", rank: 2,
            .change { $0.endSearch(keeping: false) }),
    ]

    static let start: [KeyBinding] = [
        KeyBinding(
            .start, [.enter], [.start], "start the run", hint: "start the run", rank: -1, isInPalette: false,
            liveHint: \.startVerb,
            .perform(unless: { $0.start.opening.map { "\($0) is being read" } }) { $0.startOrOpen() }),
        KeyBinding(
            .open, ["o"], [.start], "open a checkpoint, images, a plan or a run", hint: "open", rank: 1,
            .change { $0.showOpenDialog() }),
        KeyBinding(
            .runs, ["R"], [.start], "list all runs, compare and forget them", hint: "all runs", rank: 2,
            .perform(unless: { $0.memory.runs.isEmpty ? "no run is remembered yet" : nil }) { $0.openRuns() }),
        KeyBinding(
            .resumeRun, ["r"], [.start],
            "resume the selected run where it was interrupted, or at the end if it is done",
            hint: "resume it", rank: 0, .perform(unless: \.obstacleToResuming) { $0.resumeRun() }),
        KeyBinding(.lineAbove, [.up, "k"], [.start], "the line above", .move(.up)),
        KeyBinding(
            .lineBelow, [.down, "j"], [.start], "the line below", hint: "choose", rank: 2,
            partner: .lineAbove, .move(.down)),
        KeyBinding(.valueBefore, [.left, "h"], [.start], "the previous value", .move(.left)),
        KeyBinding(
            .valueAfter, [.right, "l"], [.start], "the next value", hint: "change", rank: 3,
            partner: .valueBefore, .move(.right)),
    ]

    /// Keys with the same meaning everywhere.
    static let everywhere: [KeyBinding] = [
        KeyBinding(
            .quit, ["q"], [.everywhere, .small], "quit; asks first while a run is in progress", hint: "quit",
            rank: 0, .perform { $0.askToQuit() }),
        KeyBinding(
            .help, ["?", .function(1)], [.everywhere], "this help", hint: "help", rank: 20,
            .change { $0.overlay = HelpOverlay() }),
        KeyBinding(
            .themes, ["t"], [.everywhere], "choose a theme", hint: "theme", rank: 61,
            .change { $0.overlay = ThemePicker(previous: $0.theme) }),
        KeyBinding(
            .glyphs, ["b"], [.everywhere], "glyphs: braille, block, ASCII", hint: "glyphs", rank: 62,
            .change {
                $0.glyphs = $0.glyphs.next
                $0.notify("glyphs: \($0.glyphs.rawValue)")
            }),
        KeyBinding(
            .mouse, ["M"], [.everywhere], "mouse on or off; off lets the terminal select text", hint: "mouse",
            rank: 63, liveHint: { $0.capturesMouse ? "mouse off" : "mouse on" },
            .perform { $0.toggleMouse() }),
        KeyBinding(
            .palette, [":", .control("p")], [.everywhere], "command palette: every action by name",
            hint: "commands", rank: 21, isInPalette: false, .change { $0.overlay = CommandPalette() }),
        KeyBinding(
            .reload, [.control("r")], [.everywhere], "read settings and themes again",
            .perform { _ in [.reloadSettings] }),
        KeyBinding(
            .writeConfig, [], [.everywhere], "write the settings as a file with comments",
            .perform { _ in [.writeSettings] }),
        KeyBinding(
            .interrupt, [.control("c")], [.always], "as q; twice within 2 s quits at once",
            isInPalette: false, .perform { $0.interrupt() }),
        KeyBinding(
            .suspend, [.control("z")], [.always], "suspend; fg in the shell resumes",
            .perform { _ in [.loop(.suspend)] }),
        KeyBinding(
            .redraw, [.control("l")], [.always], "draw the screen again", .perform { _ in [.loop(.redraw)] }),
    ]

    /// The keys of overlays: those that several share, then each one's own.
    static let overlays: [KeyBinding] =
        [
            KeyBinding(
                .complete, [.tab], [.export, .open, .palette], "complete", hint: "complete", rank: 2,
                .perform { $0.withOverlay { $0.complete(in: &$1) } }),
            KeyBinding(
                .before, [.left, "h"], [.attempts, .site, .images, .comparison], "the previous one",
                hint: "previous",
                rank: 3, .move(.left)),
            KeyBinding(
                .next, [.right, "l"], [.attempts, .site, .images, .comparison], "the next one", hint: "next",
                rank: 2,
                .move(.right)),
            KeyBinding(
                .above, [.up, "k"], [.attempts, .site], "the previous unit or channel", .move(.up)),
            KeyBinding(
                .below, [.down, "j"], [.attempts, .site], "the next unit or channel", hint: "next unit",
                rank: 4, liveHint: { $0.overlay is SiteView ? "groups" : "next unit" }, .move(.down)),
            KeyBinding(
                .closeView, [.escape, "q"], [.attempts, .site, .images], "close", hint: "close",
                rank: 8,
                .close),
        ]
        + QuitDialog.keys + ThemePicker.keys + HelpOverlay.keys + ExportDialog.keys + CommandPalette.keys
        + OpenDialog.keys + RedoDialog.keys + TrialDialog.keys + AttemptsView.keys + RollBackDialog.keys
        + SiteView.keys + ImagesView.keys + UnappliedDialog.keys + SweepDialog.keys + AdoptDialog.keys
        + StopDialog.keys + ParametersDialog.keys + RunsView.keys + RunComparisonView.keys
}
