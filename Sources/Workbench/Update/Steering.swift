internal import Runs
internal import TerminalUI

/// Steering the run in progress.
extension WorkbenchState {
    // MARK: - Obstacles

    var sweepingText: String { "a sweep is running: \(key(.sweep)) stops it" }
    var endedText: String { "the run has ended; \(key(.newRun)) goes to the start screen" }

    /// Why the run cannot be steered now.
    private var obstacleToSteering: String? {
        guard let run else { return "no run is in progress: \(key(.start)) starts one" }
        if run.hasEnded { return endedText }
        return quittingSince == nil ? nil : "the run is being stopped"
    }

    private var obstacleToSteeringUnits: String? {
        obstacleToSteering ?? (run?.isSweeping == true ? sweepingText : nil)
    }

    var obstacleToPausing: String? {
        guard run?.hasEnded == true else { return obstacleToSteeringUnits }
        if isResuming { return "the journal of the run is being read" }
        return runDirectory == nil ? "the run keeps no folder to resume it from" : nil
    }

    var obstacleToStepping: String? {
        obstacleToSteeringUnits
            ?? (run?.gate == run?.units.count ? "no unit is left; \(key(.pause)) goes on to the end" : nil)
    }

    var obstacleToEditing: String? {
        if let obstacle = obstacleToSteeringUnits { return obstacle }
        guard let run, run.firstComingUnit >= run.units.count, run.gate != nil || !run.units.isEmpty else {
            return nil
        }
        return "no unit is left that could have other parameters"
    }

    var obstacleToEndingUnit: String? {
        if let obstacle = obstacleToSteeringUnits { return obstacle }
        let isOptimized =
            run?.phase == .running && run?.currentUnit.flatMap { run?.units[$0].phase } == .running
        return isOptimized ? nil : "no unit is being optimized"
    }

    var obstacleToSweeping: String? {
        obstacleToSteering
            ?? (run?.gate == nil ? "a sweep starts at a gate: \(key(.pause)) waits at the next one" : nil)
    }

    var obstacleToLeaving: String? {
        guard let run else { return "no run is in progress: \(key(.start)) starts one" }
        return run.hasEnded ? nil : "the run is still in progress; \(key(.quit)) ends it"
    }

    // MARK: - Behaviour

    var pauseHint: String {
        guard let run else { return "pause" }
        if run.report != nil { return "reopen" }
        if run.hasEnded || run.gate != nil { return "go on" }
        return run.isPauseQueued ? "don't pause" : "pause"
    }

    /// Pauses, withdraws the pause, goes on, or resumes a run that has ended.
    mutating func pauseOrGoOn() -> [WorkbenchEffect] {
        editsAtGate = false
        guard let run else { return [] }
        if run.hasEnded { return resumeRun() }
        if run.gate != nil { return [.send(.resume)] }
        self.run?.isPauseQueued.toggle()
        return [.send(run.isPauseQueued ? .resume : .pause)]
    }

    /// Does one unit and pauses at the gate after it.
    mutating func step() -> [WorkbenchEffect] {
        run?.isPauseQueued = true
        return [.send(.step)]
    }

    mutating func edit() -> [WorkbenchEffect] {
        if run?.gate != nil {
            show(.parameters)
            return say(editText)
        }
        editsAtGate = true
        notify("parameters can be changed when the current unit is done")
        guard run?.isPauseQueued == false else { return [] }
        run?.isPauseQueued = true
        return [.send(.pause)]
    }

    private var editText: String {
        "\(key(.editField)) changes a value, \(key(.apply)) applies, \(key(.pause)) goes on"
    }

    /// Shows the parameters at a gate at which they were to be edited.
    mutating func editAtGate(before unit: Int) {
        guard editsAtGate, let run else { return }
        editsAtGate = false
        guard unit < run.units.count else {
            return notify("no unit is left that could have other parameters", .warning)
        }
        show(.parameters)
        notify("the run waits: \(editText)")
    }

    mutating func startOrStopSweep() -> [WorkbenchEffect] {
        if run?.isSweeping == true { return [.send(.stopSweep)] }
        show(.sweep)
        chosenBits = nil
        return [.send(.sweep(SweepRequest()))]
    }

    /// Goes from a run that has ended to the start screen.
    mutating func leaveRun() -> [WorkbenchEffect] {
        (run, runDirectory) = (nil, nil)
        return [.forgetRun]
    }
}

/// Drafting parameters.
extension WorkbenchState {
    /// Why no parameter can be changed now.
    var obstacleToDrafting: String? {
        guard let run else { return "no run is in progress" }
        if run.hasEnded { return endedText }
        if run.isSweeping { return sweepingText }
        guard let gate = run.gate else {
            return "read-only while a unit is in progress: \(key(.edit)) waits at the next gate"
        }
        return gate >= run.units.count ? "no unit is left that could have other parameters" : nil
    }

    var obstacleToChangingField: String? {
        obstacleToDrafting ?? editor.field.flatMap(ParameterEditor.obstacle)
    }

    var obstacleToApplying: String? {
        if let obstacleToDrafting { return obstacleToDrafting }
        return draftBase.changes(to: editor.applied(to: draftBase)).isEmpty
            ? "nothing is changed: \(key(.editField)) changes the selected value" : nil
    }

    var obstacleToScope: String? { obstacleToDeciding ?? obstacleToDrafting }

    func applyDraft() -> [WorkbenchEffect] {
        [.send(.change(unit: draftUnit, draftBase.changes(to: editor.applied(to: draftBase))))]
    }

    /// Types a value for the selected field, or takes its next choice.
    mutating func editField() {
        guard let field = editor.field else { return }
        switch field.kind {
        case .choice, .flag: cycle(field, by: 1, wrapping: true)
        case .bits, .integer, .number: editor.beginTyping(from: draftBase)
        }
    }

    /// Drafts the next or previous value of a field with few values.
    mutating func cycle(_ field: HyperparameterField, by offset: Int, wrapping: Bool) {
        guard let choices = ParameterEditor.choices(of: field) else {
            return notify("\(key(.editField)) types a value for \(field.key)")
        }
        let value = field.value(in: editor.applied(to: draftBase))
        let index = (choices.firstIndex(of: value) ?? 0) + offset
        let next = wrapping ? (index + choices.count) % choices.count : min(max(index, 0), choices.count - 1)
        if let problem = editor.put(choices[next], into: field, over: draftBase) { notify(problem, .error) }
    }

    /// Switches between changes for all coming units and for one.
    mutating func changeScope() {
        guard let run else { return }
        let unit = max(run.firstComingUnit, min(shownUnit ?? 0, run.units.count - 1))
        editor.unit = draftUnit == nil ? unit : nil
        notify(
            draftUnit.map { "changes are for \(run.units[$0].name) alone" }
                ?? "changes are for all coming units")
    }

    /// Says at the end of a gate that the draft was not applied.
    mutating func leaveGate() {
        editor.typing = nil
        let count = editor.draft.count
        guard count > 0 else { return }
        notify("\(count == 1 ? "1 change" : "\(count) changes") not applied, kept as a draft", .warning)
    }
}
