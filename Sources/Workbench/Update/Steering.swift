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
            ?? (run?.waitsAtLastGate == true ? "no unit is left; \(key(.pause)) finishes the run" : nil)
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
        guard let run, run.phase == .running, let unit = run.currentUnit.map({ run.units[$0] }) else {
            return "no unit is being optimised"
        }
        switch unit.phase {
        case .running: return nil
        case .calibrating: return "\(unit.name) is still calibrating; this works once its steps begin"
        case .waiting, .done, .reverted: return "no unit is being optimised"
        }
    }

    var obstacleToSweeping: String? {
        obstacleToSteering
            ?? (run?.gate == nil ? "a sweep starts at a gate: \(key(.pause)) waits at the next one" : nil)
    }

    var obstacleToLeaving: String? {
        run == nil ? "no run is in progress: \(key(.start)) starts one" : nil
    }

    var obstacleToStopping: String? {
        guard let run else { return "no run is in progress: \(key(.start)) starts one" }
        if stopping != nil { return "the run is being stopped" }
        return run.hasEnded ? endedText : nil
    }

    // MARK: - Behaviour

    var pauseHint: String {
        guard let run else { return "pause" }
        if run.report != nil { return "reopen" }
        if run.hasEnded { return "resume" }
        if run.gate != nil { return run.waitsAtLastGate ? "finish" : "continue" }
        return run.isPauseQueued ? "cancel pause" : "pause"
    }

    /// Pauses, withdraws the pause, goes on, or resumes a run that has ended.
    mutating func pauseOrGoOn() -> [WorkbenchEffect] {
        editsAtGate = false
        guard let run else { return [] }
        if run.hasEnded { return resumeRun() }
        if run.gate != nil { return continuing(.resume) }
        self.run?.isPauseQueued.toggle()
        return [.send(run.isPauseQueued ? .resume : .pause)]
    }

    /// Does one unit and pauses at the gate after it.
    mutating func step() -> [WorkbenchEffect] {
        if run?.gate != nil { return continuing(.step) }
        run?.isPauseQueued = true
        return [.send(.step)]
    }

    /// Leaves a gate; asks first if edits are not applied.
    private mutating func continuing(_ command: RunCommand) -> [WorkbenchEffect] {
        guard unapplied.isEmpty else {
            overlay = UnappliedDialog(steps: command == .step)
            return []
        }
        if command == .step { run?.isPauseQueued = true }
        return [.send(command)]
    }

    mutating func edit() -> [WorkbenchEffect] {
        if run?.gate != nil {
            show(.parameters)
            return say(editText)
        }
        editsAtGate = true
        let unit = run?.currentUnit.flatMap { run?.units[$0].isInWork == true ? run?.units[$0].name : nil }
        notify(unit.map { "edits open when \($0) is done" } ?? "edits open at the first gate")
        guard run?.isPauseQueued == false else { return [] }
        run?.isPauseQueued = true
        return [.send(.pause)]
    }

    private var editText: String {
        "\(key(.left)) \(key(.right)) change a value, \(key(.editField)) types one, \(key(.apply)) applies, "
            + "\(key(.pause)) continues"
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
        overlay = SweepDialog(heldOut: run?.heldOutImages, of: run?.summary)
        return []
    }

    /// Goes from a run that has ended to the start screen; asks whether to stop another.
    mutating func leaveOrAsk() -> [WorkbenchEffect] {
        guard run?.hasEnded == false else { return leaveRun() }
        overlay = StopDialog()
        return []
    }

    /// Goes from a run that has ended to the start screen.
    mutating func leaveRun() -> [WorkbenchEffect] {
        keepRun()
        editor = ParameterEditor()
        (run, runDirectory, stopping) = (nil, nil, nil)
        return [.forgetRun, .remember(memory)] + checkRuns()
    }

    /// Stops the run; its last event ends the wait.
    mutating func stopRun(_ then: Stopping) -> [WorkbenchEffect] {
        overlay = nil
        stopping = then
        return say("the run is being stopped", sending: .stop)
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
        // At the end, edits are for attempts at units that are quantized.
        return gate >= run.units.count && run.ledger?.unitsDone == 0
            ? "no unit is left that could have other parameters" : nil
    }

    var obstacleToChangingField: String? {
        obstacleToDrafting ?? editor.field.flatMap(ParameterEditor.obstacle)
    }

    var obstacleToApplying: String? {
        if let obstacleToDrafting { return obstacleToDrafting }
        if run?.waitsAtLastGate == true {
            return
                "no unit is left that could have other parameters; \(key(.redo)) redoes the selected unit with them"
        }
        return draftedChanges.isEmpty
            ? "nothing is changed: \(key(.editField)) changes the selected value" : nil
    }

    var obstacleToScope: String? { obstacleToDeciding ?? obstacleToDrafting }

    func applyDraft() -> [WorkbenchEffect] {
        [.send(.change(unit: draftUnit, draftedChanges))]
    }

    /// Types a value for the selected field, or takes its next choice.
    mutating func editField() {
        guard let field = editor.field else { return }
        guard let next = field.nextWord(after: field.value(in: editor.applied(to: draftBase))) else {
            return editor.beginTyping(from: draftBase)
        }
        if let problem = editor.put(next, into: field, over: draftBase) { notify(problem, .error) }
    }

    /// Drafts the next higher or lower value of the selected field.
    mutating func moveField(by offset: Int) {
        guard let field = editor.field else { return }
        if let problem = editor.move(field, by: offset, over: draftBase) { notify(problem, .warning) }
    }

    /// What the draft changes in the values that it is applied to.
    var draftedChanges: [HyperparameterChange] { draftBase.changes(to: editor.applied(to: draftBase)) }

    /// The changes of the draft that the coming units do not have.
    var unapplied: [HyperparameterChange] {
        guard let run, let gate = run.gate, gate < run.units.count else { return [] }
        return draftedChanges
    }

    /// Lists changed fields first, by the values that the panel shows.
    mutating func listChangedParametersFirst() {
        editor.listChangedFirst(
            obstacleToDrafting == nil ? draftBase : shownParameters,
            plan: run?.plan ?? start.plan)
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
        notify("\(count == 1 ? "1 edit" : "\(count) edits") not applied, kept as a draft", .warning)
    }
}
