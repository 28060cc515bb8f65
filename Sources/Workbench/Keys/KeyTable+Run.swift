internal import Runs
internal import TerminalUI

extension KeyTable {
    /// The run and its export.
    static let run: [KeyBinding] = [
        KeyBinding(
            .pause, [" "], [.run, .small], "pause at the next gate, or continue; also after the end of a run",
            hint: "pause", rank: 10, liveHint: \.pauseHint,
            .perform(unless: \.obstacleToPausing) { $0.pauseOrGoOn() }),
        KeyBinding(
            .step, ["s"], [.run], "do one unit, then wait", hint: "step", rank: 14,
            .perform(unless: \.obstacleToStepping) { $0.step() }),
        KeyBinding(
            .edit, ["e"], [.run], "pause at the next gate, then edit parameters", hint: "edit", rank: 12,
            .perform(unless: \.obstacleToEditing) { $0.edit() }),
        KeyBinding(
            .finishUnit, ["d"], [.run], "finish this unit now, keep what it has learned",
            hint: "finish unit", rank: 60,
            .perform(unless: \.obstacleToEndingUnit) {
                $0.say("the unit ends with what it has learned", sending: .finishUnit)
            }),
        KeyBinding(
            .cancelAttempt, ["D"], [.run], "discard the running attempt", hint: "cancel", rank: 61,
            .perform(unless: \.obstacleToEndingUnit) {
                $0.say("the attempt is cancelled", sending: .cancelAttempt)
            }),
        KeyBinding(
            .redo, ["r"], [.run], "make another attempt at the selected unit, at a gate", hint: "redo",
            rank: 15, liveHint: { $0.suggestionHint ?? "redo" },
            .change(unless: \.obstacleToRedoing) { $0.openRedo() }),
        KeyBinding(
            .redoStale, ["R"], [.run], "redo every stale unit, at a gate", hint: "redo stale", rank: 9,
            .perform(unless: \.obstacleToRedoingStale) { $0.redoStale() }),
        KeyBinding(
            .attempts, ["A"], [.run], "compare the attempts at the selected unit, and choose",
            hint: "attempts", rank: 17, .change(unless: \.obstacleToComparing) { $0.openAttempts() }),
        KeyBinding(
            .rollBack, ["B"], [.run], "go back to the gate before the selected unit", hint: "roll back",
            rank: 55, .change(unless: \.obstacleToRedoing) { $0.openRollBack() }),
        KeyBinding(
            .undoDecision, ["U"], [.run], "undo the last decision at a gate", hint: "undo decision", rank: 13,
            .perform(unless: \.obstacleToUndoing) { _ in [.send(.undo)] }),
        KeyBinding(
            .evaluate, ["E"], [.run], "evaluate the model as it is now, at a gate", hint: "evaluate",
            rank: 56,
            .perform(unless: \.obstacleToEvaluating) {
                $0.say("evaluating the model as it is now", sending: .evaluate)
            }),
        KeyBinding(
            .inspectSite, ["i"], [.run], "inspect the values of a site and its quantizer, at a gate",
            hint: "site", rank: 23, .perform(unless: \.obstacleToInspecting) { $0.openSite() }),
        KeyBinding(
            .images, ["I"], [.run], "show images with both models' predictions, at a gate", hint: "images",
            rank: 24, .perform(unless: \.obstacleToDeciding) { $0.openImages() }),
        KeyBinding(
            .sweep, ["w"], [.run], "choose and start a sweep of bit-widths at a gate, or stop it",
            hint: "sweep",
            rank: 16, liveHint: { $0.run?.isSweeping == true ? "stop sweep" : "sweep" },
            .perform(unless: \.obstacleToSweeping) { $0.startOrStopSweep() }),
        KeyBinding(
            .export, ["x"], [.run], "export the run, its curves or a picture",
            hint: "export", rank: 18, .change(unless: \.obstacleToExport) { $0.openExport() }),
        KeyBinding(
            .newRun, ["n"], [.run], "back to the start screen; a run that is going on is stopped first",
            hint: "new run", rank: 19, liveHint: { $0.run?.hasEnded == true ? "new run" : "" },
            .perform(unless: \.obstacleToLeaving) { $0.leaveOrAsk() }),
        KeyBinding(
            .stop, [], [.run], "stop the run: stay here, or go to the start screen", hint: "stop", rank: 59,
            .change(unless: \.obstacleToStopping) { $0.overlay = StopDialog() }),
        KeyBinding(
            .copy, ["y"], [.run], "copy the selected value or line to the clipboard", hint: "copy", rank: 58,
            .perform { $0.copy() }),
    ]

    /// The panels with curves.
    private static let curves: [KeyContext] = [.reconstruction, .contributions]

    /// What charts show and how.
    static let charts: [KeyBinding] = [
        KeyBinding(
            .logY, ["l"], [.units, .reconstruction, .contributions, .log], "logarithmic or linear loss axis",
            hint: "log-y", rank: 40, home: curves, liveHint: { $0.focusHasLosses ? "log-y" : "" },
            .change { $0.chart.isLogarithmicY.toggle() }),
        KeyBinding(
            .logX, ["L"], [.run], "logarithmic or linear step axis", hint: "log-x", rank: 45, home: curves,
            liveHint: { $0.focusHasSteps ? "log-x" : "" },
            .change { $0.chart.isLogarithmicX.toggle() }),
        KeyBinding(
            .smoothing, ["m"], [.run], "smoothing off, .6, .9, .98", hint: "smooth", rank: 42, home: curves,
            liveHint: { $0.focusHasSteps ? "smooth" : "" },
            .change { $0.chart.smoothing = ($0.chart.smoothing + 1) % ChartView.smoothings.count }),
        KeyBinding(
            .measure, ["v"], [.run],
            "contributions as shares of the gradient, as weighted losses, or as shares in all units",
            hint: "view", rank: 41, home: curves, liveHint: \.nextContributionHint,
            .change { $0.showNextContributions() }),
        KeyBinding(
            .previousUnit, ["["], [.run], "show the previous unit", hint: "previous", rank: 43,
            .change(unless: { $0.obstacleToTurning(.up) }) { $0.turn(.up) }),
        KeyBinding(
            .nextUnit, ["]"], [.run], "show the next unit", hint: "next", rank: 44,
            .change(unless: { $0.obstacleToTurning(.down) }) { $0.turn(.down) }),
        KeyBinding(
            .compare, ["c"], [.run], "draw this unit's curve in the charts of other units too, or no longer",
            hint: "compare", rank: 46, home: curves,
            liveHint: {
                guard $0.focusHasSteps else { return "" }
                return $0.chart.compared == $0.shownUnit ? "stop comparing" : "compare"
            },
            .change(unless: { $0.shownCurves == nil ? "there is no curve to compare with" : nil }) {
                $0.chart.compared = $0.chart.compared == $0.shownUnit ? nil : $0.shownUnit
            }),
        KeyBinding(
            .zoomIn, ["+", "="], [.run], "zoom into the steps", hint: "zoom", rank: 47, home: curves,
            liveHint: { $0.focusHasSteps ? "zoom" : "" },
            .change(unless: { $0.chart.canZoomIn ? nil : "the zoom is at its limit" }) { $0.chart.zoomIn() }),
        KeyBinding(
            .zoomOut, ["-"], [.run], "back to the previous zoom", hint: "zoom out", rank: 48, home: curves,
            .change(unless: \.obstacleToZoomingOut) { $0.chart.zoomOut() }),
        KeyBinding(
            .zoomReset, ["0"], [.run], "show all steps", hint: "all steps", rank: 49, home: curves,
            .change(unless: \.obstacleToZoomingOut) { $0.chart.zoomReset() }),
        KeyBinding(
            .cursorLeft, [.left], [.reconstruction, .contributions], "inspect the values further left",
            isInPalette: false, .change(unless: \.obstacleToMovingCursor) { $0.moveCursor(by: -1) }),
        KeyBinding(
            .cursorRight, [.right], [.reconstruction, .contributions], "inspect the values further right",
            hint: "inspect", rank: 39, partner: .cursorLeft, isInPalette: false,
            .change(unless: \.obstacleToMovingCursor) { $0.moveCursor(by: 1) }),
    ]
}
