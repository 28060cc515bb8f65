internal import RunText
internal import Runs
internal import TerminalUI

/// Panels and charts.
extension WorkbenchState {
    /// The measurements of the unit shown.
    var shownCurves: UnitCurves? { shownUnit.flatMap { run?.units[$0].curves } }

    // MARK: - Panels

    mutating func show(_ panel: Panel) {
        focus = panel
        if panel == .parameters { listChangedParametersFirst() }
        if panel != .units, panel != .log { tab = panel }
    }

    /// Whether charts stay on a unit that was selected by hand while the run goes on.
    var isUnitPinned: Bool { run?.hasEnded == false && chosenUnit != nil }

    /// Shows a unit and keeps to it; the one in progress is followed.
    mutating func choose(unit: Int) {
        guard let run, !run.units.isEmpty else { return }
        let unit = min(max(unit, 0), run.units.count - 1)
        chosenUnit = unit == run.currentUnit && !run.hasEnded ? nil : unit
    }

    /// What Esc goes back from, innermost first.
    private enum Detour { case fullScreen, cursor, search, filter, unit }

    private var detour: Detour? {
        if isFullScreen { return .fullScreen }
        if chart.cursor != nil { return .cursor }
        if focus == search?.panel { return .search }
        if logFilter != nil { return .filter }
        return run != nil && chosenUnit != nil ? .unit : nil
    }

    var obstacleToGoingBack: String? {
        detour == nil
            ? "nothing to close; \(key(.quit)) quits" : nil
    }

    var backHint: String {
        switch detour {
        case .fullScreen: "back"
        case .cursor: "latest values"
        case .search: "end search"
        case .filter: "all lines"
        case .unit, nil: isUnitPinned ? "follow the run" : "result"
        }
    }

    mutating func goBack() {
        switch detour {
        case .fullScreen: isFullScreen = false
        case .cursor: chart.cursor = nil
        case .search: search = nil
        case .filter: logFilter = nil
        case .unit, nil: chosenUnit = nil
        }
    }

    func obstacleToResizing(isVertical: Bool) -> String? {
        let layout = Layout(self)
        guard layout.mode != .single, !isFullScreen else { return "one panel has the whole screen" }
        return layout.edge(of: focus, isVertical: isVertical) == nil
            ? "no edge of this panel can move that way" : nil
    }

    /// Makes the panel with the focus larger or smaller by some cells.
    mutating func resizePanel(isVertical: Bool, by cells: Int) {
        guard let (edge, isBefore) = Layout(self).edge(of: focus, isVertical: isVertical) else { return }
        memory.splits.move(edge.split, to: edge.share(movedBy: isBefore ? cells : -cells))
    }

    // MARK: - Charts

    func obstacleToTurning(_ move: Move) -> String? {
        guard let run, let shownUnit else { return "the units are not known yet" }
        // At the end of a run, its result stands between the last unit and the first.
        if run.hasEnded { return nil }
        if move.isBackward { return shownUnit == 0 ? "this is the first unit" : nil }
        return shownUnit == run.units.count - 1 ? "this is the last unit" : nil
    }

    /// Shows the unit before or after the one shown; at the end of a run its result is one of them.
    mutating func turn(_ move: Move) {
        guard let run, let shownUnit else { return }
        guard run.hasEnded else { return choose(unit: shownUnit + (move.isBackward ? -1 : 1)) }
        let last = run.units.count - 1
        chosenUnit =
            switch (chosenUnit, move.isBackward) {
            case (nil, true): last
            case (nil, false): 0
            case (let unit?, true): unit > 0 ? unit - 1 : nil
            case (let unit?, false): unit < last ? unit + 1 : nil
            }
    }

    var obstacleToZoomingOut: String? { chart.isZoomed ? nil : "all steps are shown" }
    /// Whether the panel with the focus shows curves over steps.
    var focusHasSteps: Bool {
        shownCurves != nil && (focus == .contributions ? !showsAllUnits : showsCurve)
    }

    /// Whether the panel with the focus shows losses, whose axis can be logarithmic.
    var focusHasLosses: Bool {
        focus == .contributions
            ? focusHasSteps && contributionView == .losses : focusHasSteps || shownHeldOut == .kl
    }

    var obstacleToMovingCursor: String? {
        obstacleToPointing ?? (focusHasSteps ? nil : "this view has no steps to inspect")
    }

    var obstacleToPointing: String? { shownCurves == nil ? "there is no curve to inspect" : nil }

    /// Moves the cursor by columns of the chart.
    mutating func moveCursor(by columns: Double) {
        let width = Layout(self).content(of: focus).width
        chart.moveCursor(by: columns / Double(max(16, width - 10)))
    }

    // MARK: - Searching

    var obstacleToSearching: String? {
        focus == .parameters || (focus == .units && run?.units.isEmpty == false)
            ? nil : "units and parameters can be searched; \(key(.filter)) filters the log"
    }

    func obstacleToFinding(backwards: Bool) -> String? {
        if focus == search?.panel { return nil }
        if backwards { return logOffset + 1 < shownLog.count ? nil : "this is the first match" }
        return logOffset > 0 ? nil : "this is the last match"
    }

    mutating func beginSearch() {
        search = ListSearch(panel: focus, origin: focus.content.selection(self))
    }

    /// Ends the typing of words: stays at the match, or goes back to where the search began.
    mutating func endSearch(keeping: Bool) {
        guard let search else { return }
        let panel = search.panel.content
        if !keeping { panel.select(search.origin, in: &self) }
        let isFound = keeping && search.match(in: panel.lines(self), from: 0) != nil
        if keeping, !isFound, !search.line.isEmpty {
            notify("nothing here has “\(search.line.text)”", .warning)
        }
        if isFound { self.search?.isTyping = false } else { self.search = nil }
    }

    /// Goes to the next or previous match, in a searched list or in the filtered log.
    mutating func find(backwards: Bool) {
        guard let search, focus == search.panel else {
            return logOffset += backwards ? 1 : -1
        }
        let panel = search.panel.content
        let lines = panel.lines(self)
        guard !lines.isEmpty else { return }
        let start = panel.selection(self) + (backwards ? lines.count - 1 : 1)
        if let match = search.match(in: lines, from: start, backwards: backwards) {
            panel.select(match, in: &self)
        }
    }
}
