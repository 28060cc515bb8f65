internal import Runs
internal import TerminalUI

extension WorkbenchState {
    /// Why an action cannot be done now, in a sentence that says what would help.
    ///
    /// Nil for what can be done. The footer shows only what has no obstacle.
    func obstacle(to action: Action) -> String? {
        switch action {
        // The model that is shown is not the plan's yet.
        case .start: start.opening.map { "\($0) is being read" }
        case .pause, .step, .edit, .finishUnit, .sweep, .newRun: obstacleToSteering(action)
        case .export: obstacleToExport
        case .editField: obstacleToDrafting ?? editor.field.flatMap(ParameterEditor.obstacle)
        case .apply: obstacleToApplying
        case .undo: editor.canUndo ? nil : "there is nothing to undo"
        case .adopt: obstacleToAdopting
        case .back:
            isFullScreen || looksAwayFromResult || chart.cursor != nil || logFilter != nil
                || focus == search?.panel
                ? nil
                : "\(key(.back)) leaves the full screen; this is not one. \(key(.quit)) quits"
        case .fullScreen:
            Layout(self).mode == .single ? "there is room for one panel only" : nil
        case .redo, .redoStale, .attempts, .rollBack, .undoDecision, .evaluate, .inspectSite, .images, .scope,
            .heldOut:
            obstacleToDeciding(action)
        case .cancelAttempt: obstacleToSteering(.finishUnit)
        case .wider, .narrower, .taller, .shorter: obstacleToSizing(action)
        case .evenPanels: memory.splits.isEmpty ? "no edge of a panel was moved" : nil
        case .pin: shownCurves == nil ? "there is no curve to keep" : nil
        case .zoomIn: chart.canZoomIn ? nil : "this is as near as it gets"
        case .zoomOut, .zoomReset: chart.isZoomed ? nil : "all steps are shown"
        case .cursorLeft, .cursorRight: shownCurves == nil ? "there is no curve to inspect" : nil
        case .search:
            focus == .parameters || (focus == .units && run?.units.isEmpty == false)
                ? nil : "units and parameters are lists to find something in; \(key(.filter)) filters the log"
        case .findNext where focus == search?.panel, .findPrevious where focus == search?.panel: nil
        case .findNext: logOffset > 0 ? nil : "this is the last match"
        case .findPrevious: logOffset + 1 < shownLog.count ? nil : "this is the first match"
        case .resumeRun:
            if case .recent = start.field, !isResuming { nil } else { "no recent run is selected" }
        case .left, .right:
            if run == nil, case .recent = start.field { "\(key(.start)) opens the run" } else { nil }
        case .previousUnit, .nextUnit: obstacleToTurning(forward: action == .nextUnit)
        default: nil
        }
    }

    private func obstacleToSizing(_ action: Action) -> String? {
        let layout = Layout(self)
        guard layout.mode != .single, !isFullScreen else { return "one panel has the whole screen" }
        return layout.edge(of: focus, isVertical: action == .wider || action == .narrower) == nil
            ? "no edge of this panel can move that way" : nil
    }

    /// What was measured of the unit that is looked at.
    private var shownCurves: UnitCurves? { shownUnit.flatMap { run?.units[$0].curves } }

    private func obstacleToTurning(forward: Bool) -> String? {
        guard let shownUnit, let count = run?.units.count else { return "the units are not known yet" }
        // At the end of a run, the result stands where the last unit's curve was.
        if forward, shownUnit == count - 1 { return "this is the last unit" }
        return !forward && shownUnit == 0 ? "this is the first unit" : nil
    }

    /// Whether a unit is looked at while the result is there.
    var looksAwayFromResult: Bool { (run?.hasEnded ?? false) && chosenUnit != nil }

    private func obstacleToSteering(_ action: Action) -> String? {
        guard let run else { return "no run is in work: \(key(.start)) starts one" }
        if action == .newRun {
            return run.hasEnded ? nil : "the run is still in work; \(key(.quit)) ends it"
        }
        if run.hasEnded, action == .pause {
            if isResuming { return "what the run has done is being read" }
            return runDirectory == nil ? "the run keeps no folder to go on from" : nil
        }
        if run.hasEnded { return "the run has ended; \(key(.newRun)) goes to the start screen" }
        if quittingSince != nil { return "the run is being stopped" }
        if run.isSweeping, action != .sweep { return "a sweep is in work: \(key(.sweep)) stops it" }
        switch action {
        case .step where run.gate == run.units.count:
            return "no unit is left; \(key(.pause)) goes on to the end"
        case .edit where run.gate == run.units.count, .edit where run.gate == nil && !hasUnitsLeft:
            return "no unit is left that could have other parameters"
        case .finishUnit where !isOptimising: return "no unit is being optimised"
        case .sweep where run.gate == nil:
            return "a sweep starts at a gate: \(key(.pause)) waits at the next one"
        default: return nil
        }
    }

    private var isOptimising: Bool {
        guard let run, run.phase == .running, let unit = run.currentUnit else { return false }
        return run.units[unit].phase == .running
    }

    /// Whether a unit will come that could have other parameters.
    private var hasUnitsLeft: Bool {
        guard let run else { return false }
        return run.units.isEmpty || run.firstComingUnit < run.units.count
    }

    private var obstacleToExport: String? {
        guard let run else { return "there is nothing to export before a run" }
        if run.report != nil { return runDirectory == nil ? "the run keeps no folder to export" : nil }
        if run.hasEnded { return "the run has no result to export" }
        if run.isSweeping { return "a sweep is in work: \(key(.sweep)) stops it" }
        return run.gate == nil
            ? "export works at a gate or when the run is done: \(key(.pause)) waits at the next gate" : nil
    }

    /// Why no parameter can be changed now.
    var obstacleToDrafting: String? {
        guard let run else { return "no run is in work" }
        if run.hasEnded { return "the run has ended; \(key(.newRun)) goes to the start screen" }
        if run.isSweeping { return "a sweep is in work: \(key(.sweep)) stops it" }
        guard let gate = run.gate else {
            return "read-only while a unit is in work: \(key(.edit)) waits at the next gate"
        }
        return gate >= run.units.count ? "no unit is left that could have other parameters" : nil
    }

    private var obstacleToApplying: String? {
        if let obstacleToDrafting { return obstacleToDrafting }
        return draftBase.changes(to: editor.applied(to: draftBase)).isEmpty
            ? "nothing is changed: \(key(.editField)) changes the selected value" : nil
    }

    private var obstacleToAdopting: String? {
        guard let run else { return "no run is in work" }
        if shownPoint == nil { return "there is no point yet: \(key(.sweep)) starts a sweep at a gate" }
        if run.hasEnded { return "the run has ended; \(key(.newRun)) starts another with other bits" }
        if run.isSweeping { return "bits can be adopted when the sweep is done: \(key(.sweep)) stops it" }
        guard let gate = run.gate else {
            return "bits can be adopted at a gate: \(key(.pause)) waits at the next one"
        }
        return gate >= run.units.count ? "no unit is left that could have other bits" : nil
    }
}
