internal import Runs
internal import TerminalUI

extension WorkbenchState {
    mutating func performInRun(_ action: Action) -> [WorkbenchEffect] {
        switch action {
        case .pause, .step, .edit, .finishUnit, .sweep, .newRun, .apply, .adopt: return steer(action)
        case .export: openExport()
        case .focus(let panel): show(panel)
        case .nextPanel: show(focus.next)
        case .previousPanel: show(focus.previous)
        case .fullScreen: isFullScreen.toggle()
        case .back: goBack()
        case .wider, .narrower, .taller, .shorter: resizePanel(action)
        case .evenPanels: memory.splits = PanelSplits()
        case .logY, .logX, .smoothing, .pin, .zoomIn, .zoomOut, .zoomReset, .cursorLeft, .cursorRight:
            changeChart(action)
        case .measure: showsGradients.toggle()
        case .copy: return copy()
        case .redo, .redoStale, .attempts, .rollBack, .undoDecision, .evaluate, .cancelAttempt, .inspectSite,
            .images, .scope, .heldOut:
            return decide(action)
        case .search: beginSearch()
        case .findNext where focus == search?.panel, .findPrevious where focus == search?.panel:
            goOnSearching(backwards: action == .findPrevious)
        case .filter, .findNext, .findPrevious: changeFilter(action)
        case .previousUnit: choose(unit: (shownUnit ?? 0) - 1)
        case .nextUnit: choose(unit: (shownUnit ?? 0) + 1)
        case .editField: editField()
        case .undo: editor.undo()
        case .confirm, .cancel: endTyping(keeping: action == .confirm)
        case .up, .down, .left, .right, .first, .last, .pageUp, .pageDown: move(action)
        default: break
        }
        return []
    }

    private mutating func goBack() {
        if isFullScreen {
            isFullScreen = false
        } else if chart.cursor != nil {
            chart.cursor = nil
        } else if focus == search?.panel {
            search = nil
        } else if logFilter != nil {
            logFilter = nil
        } else {
            chosenUnit = nil
        }
    }

    private mutating func endTyping(keeping: Bool) {
        if editor.typing != nil {
            if keeping { editor.commitTyping(over: draftBase) } else { editor.typing = nil }
        } else if search?.isTyping == true {
            endSearch(keeping: keeping)
        } else if keeping, let filter = logFilter, !filter.line.isEmpty {
            logFilter?.isTyping = false
        } else {
            logFilter = nil
        }
    }

    /// Gives a panel the focus.
    mutating func show(_ panel: Panel) {
        focus = panel
        if panel != .units, panel != .log { tab = panel }
    }

    // MARK: - Steering the engine

    private mutating func steer(_ action: Action) -> [WorkbenchEffect] {
        switch action {
        case .pause: return pauseOrGoOn()
        case .step: return step()
        case .edit: return edit()
        case .finishUnit:
            notify("the unit ends with what it has learned")
            return [.send(.finishUnit)]
        case .sweep:
            guard let run, run.isSweeping else { return startSweep() }
            return [.send(.stopSweep)]
        case .apply:
            return [.send(.change(unit: draftUnit, draftBase.changes(to: editor.applied(to: draftBase))))]
        case .adopt: return adopt()
        default:
            (run, runDirectory) = (nil, nil)
            return [.forgetRun]
        }
    }

    private mutating func pauseOrGoOn() -> [WorkbenchEffect] {
        editsAtGate = false
        guard let run else { return [] }
        if run.hasEnded { return resumeRun() }
        if run.gate != nil { return [.send(.resume)] }
        self.run?.isPauseQueued.toggle()
        return [.send(run.isPauseQueued ? .resume : .pause)]
    }

    private mutating func step() -> [WorkbenchEffect] {
        // The pause for the gate behind the unit is part of the wish.
        run?.isPauseQueued = true
        return [.send(.step)]
    }

    private mutating func edit() -> [WorkbenchEffect] {
        if run?.gate != nil {
            show(.parameters)
            notify("\(key(.editField)) changes a value, \(key(.apply)) applies, \(key(.pause)) goes on")
            return []
        }
        editsAtGate = true
        notify("parameters can be changed when the unit in work is done")
        guard run?.isPauseQueued == false else { return [] }
        run?.isPauseQueued = true
        return [.send(.pause)]
    }

    private mutating func startSweep() -> [WorkbenchEffect] {
        show(.sweep)
        chosenBits = nil
        return [.send(.sweep(SweepRequest()))]
    }

    private mutating func adopt() -> [WorkbenchEffect] {
        guard let point = shownPoint else { return [] }
        return [
            .send(
                .change([
                    HyperparameterChange(key: "weight_bits", value: String(point.weightBits)),
                    HyperparameterChange(key: "activation_bits", value: String(point.activationBits)),
                ]))
        ]
    }

    private mutating func editField() {
        guard let field = editor.field else { return }
        switch field.kind {
        case .choice, .flag: cycle(field, by: 1, wrapping: true)
        case .bits, .integer, .number: editor.beginTyping(from: draftBase)
        }
    }

    /// Takes the next or previous value of a field of few values into the draft.
    private mutating func cycle(_ field: HyperparameterField, by offset: Int, wrapping: Bool) {
        guard let choices = ParameterEditor.choices(of: field) else {
            return notify("\(key(.editField)) types a value for \(field.key)")
        }
        let value = field.value(in: editor.applied(to: draftBase))
        let index = (choices.firstIndex(of: value) ?? 0) + offset
        let next = wrapping ? (index + choices.count) % choices.count : min(max(index, 0), choices.count - 1)
        if let problem = editor.put(choices[next], into: field, over: draftBase) { notify(problem, .error) }
    }

    // MARK: - Moving

    private mutating func move(_ action: Action) {
        let page = max(1, Layout(self).content(of: focus).height - 1)
        switch focus {
        case .units, .reconstruction, .contributions:
            let count = run?.units.count ?? 0
            let target = Self.target(of: action, from: shownUnit ?? 0, count: count, page: page)
            choose(unit: target)
        case .sweep: movePoint(action, page: page)
        case .parameters:
            if action == .left || action == .right { return moveChoice(by: action == .left ? -1 : 1) }
            editor.selected = Self.target(
                of: action, from: editor.selected, count: HyperparameterField.all.count, page: page)
        case .log:
            let count = shownLog.count
            let first = max(0, count - 1 - logOffset)
            logOffset = max(0, count - 1 - Self.target(of: action, from: first, count: count, page: page))
        }
    }

    private mutating func moveChoice(by offset: Int) {
        if let obstacle = obstacle(to: .editField) { return notify(obstacle, .warning) }
        if let field = editor.field { cycle(field, by: offset, wrapping: false) }
    }

    private mutating func movePoint(_ action: Action, page: Int) {
        guard let ordered = run?.sweep?.ordered, let shownPoint else { return }
        let index = ordered.firstIndex(of: shownPoint) ?? 0
        let target = Self.target(of: action, from: index, count: ordered.count, page: page)
        choose(ordered[target])
    }

    mutating func choose(_ point: SweepPoint) {
        chosenBits = BitsPair(weightBits: point.weightBits, activationBits: point.activationBits)
    }

    /// Looks at a unit; at the one in work, follows.
    mutating func choose(unit: Int) {
        guard let run, !run.units.isEmpty else { return }
        let unit = min(max(unit, 0), run.units.count - 1)
        chosenUnit = unit == run.currentUnit && !run.hasEnded ? nil : unit
    }

    private static func target(of action: Action, from index: Int, count: Int, page: Int) -> Int {
        let target =
            switch action {
            case .up, .left: index - 1
            case .down, .right: index + 1
            case .first: 0
            case .last: count - 1
            case .pageUp: index - page
            case .pageDown: index + page
            default: index
            }
        return min(max(target, 0), max(count - 1, 0))
    }
}
