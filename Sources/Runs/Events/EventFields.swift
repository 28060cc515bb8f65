internal import Vocabulary

/// The fields of a value that is written as an object.
func members(_ value: some Encodable) throws(RunFailure) -> [JSONMember] {
    do {
        guard case .object(let members) = try JSONValue(encoding: value) else { return [] }
        return members
    } catch {
        throw RunFailure(.internal, "an event cannot be written as JSON: \(error)")
    }
}

extension RunEvent {
    /// The name of the event in journals.
    package var name: String {
        switch self {
        case .started: "started"
        case .progressed: "progressed"
        case .continued: "continued"
        case .evaluated: "evaluated"
        case .heldOutMeasured: "held_out_measured"
        case .unitStarted: "unit_started"
        case .unitCalibrated: "unit_calibrated"
        case .stepped: "stepped"
        case .unitFinished: "unit_finished"
        case .pauseQueued: "pause_queued"
        case .waiting: "waiting"
        case .resumed: "resumed"
        case .changed: "changed"
        case .redoStarted: "redo_started"
        case .attemptChosen: "attempt_chosen"
        case .rolledBack: "rolled_back"
        case .undone: "undone"
        case .staleChanged: "stale_changed"
        case .sweepStarted: "sweep_started"
        case .sweepMeasured: "sweep_measured"
        case .sweepFinished: "sweep_finished"
        case .siteInspected: "site_inspected"
        case .imagesInspected: "images_inspected"
        case .exported: "exported"
        case .warning: "warning"
        case .finished: "finished"
        case .stopped: "stopped"
        case .failed: "failed"
        }
    }
}

// Fields of events that have no type of their own.
private struct Progress: Codable { var activity: String, done: Int, total: Int }
private struct UnitStart: Codable { var unit: Int, attempt: Int, hyperparameters: [HyperparameterChange] }
private struct UnitCalibration: Codable { var unit: Int, attempt: Int, sites: [SiteReport] }
private struct Unit: Codable { var unit: Int }
private struct Subject: Codable { var subject: String, unit: Int? }
private struct Units: Codable { var units: [Int] }
private struct UnitsChange: Codable {
    var units: [Int], changes: [HyperparameterChange], sites: [SiteOverride]
}
private struct Choice: Codable { var unit: Int, attempt: Int }
private struct Undoing: Codable { var decision: RunDecision, chosen: [Int] }
private struct Points: Codable { var points: Int }
private struct Completeness: Codable { var complete: Bool }
private struct Export: Codable {
    var format: ExportFormat, path: String, bytes: Int, verification: ExportVerification
}
private struct Message: Codable { var message: String }
private struct Count: Codable { var unitsDone: Int }

func fields(of event: RunEvent) throws(RunFailure) -> [JSONMember] {
    switch event {
    case .started(let summary): try members(summary)
    case .progressed(let activity, let done, let total):
        try members(Progress(activity: activity, done: done, total: total))
    case .evaluated(let subject, let evaluation): try members(Subject(subject)) + members(evaluation)
    case .heldOutMeasured(let baseline): try members(baseline)
    case .unitStarted(let unit, let attempt, let hyperparameters):
        try members(UnitStart(unit: unit, attempt: attempt, hyperparameters: hyperparameters))
    case .unitCalibrated(let unit, let attempt, let sites):
        try members(UnitCalibration(unit: unit, attempt: attempt, sites: sites))
    case .stepped(let sample): try members(sample)
    case .unitFinished(let report): try members(report)
    case .pauseQueued: []
    case .waiting(let unit), .resumed(let unit), .rolledBack(let unit): try members(Unit(unit: unit))
    case .changed(let units, let changes, let sites), .redoStarted(let units, let changes, let sites):
        try members(UnitsChange(units: units, changes: changes, sites: sites))
    case .attemptChosen(let unit, let attempt): try members(Choice(unit: unit, attempt: attempt))
    case .undone(let decision, let chosen): try members(Undoing(decision: decision, chosen: chosen))
    case .staleChanged(let units): try members(Units(units: units))
    case .siteInspected(let inspection): try members(inspection)
    case .imagesInspected(let page): try members(page)
    case .sweepStarted(let points): try members(Points(points: points))
    case .sweepMeasured(let point): try members(point)
    case .sweepFinished(let complete): try members(Completeness(complete: complete))
    case .exported(let format, let path, let result):
        try members(
            Export(format: format, path: path, bytes: result.bytes, verification: result.verification))
    case .warning(let message): try members(Message(message: message))
    case .finished(let report): try members(report)
    case .stopped(let units), .continued(let units): try members(Count(unitsDone: units))
    case .failed(let failure): try members(failure)
    }
}

func event(named name: String, _ json: JSONValue) throws(JSONError) -> RunEvent {
    switch name {
    case "started": return .started(try json.decoded(as: RunSummary.self))
    case "progressed":
        let fields = try json.decoded(as: Progress.self)
        return .progressed(activity: fields.activity, done: fields.done, total: fields.total)
    case "evaluated":
        return .evaluated(
            try json.decoded(as: Subject.self).value(), try json.decoded(as: Evaluation.self))
    case "continued": return .continued(unitsDone: try json.decoded(as: Count.self).unitsDone)
    case "held_out_measured": return .heldOutMeasured(try json.decoded(as: HeldOutBaseline.self))
    case "unit_started":
        let fields = try json.decoded(as: UnitStart.self)
        return .unitStarted(
            unit: fields.unit, attempt: fields.attempt, hyperparameters: fields.hyperparameters)
    case "unit_calibrated":
        let fields = try json.decoded(as: UnitCalibration.self)
        return .unitCalibrated(unit: fields.unit, attempt: fields.attempt, sites: fields.sites)
    case "stepped": return .stepped(try json.decoded(as: StepSample.self))
    case "unit_finished": return .unitFinished(try json.decoded(as: AttemptReport.self))
    case "pause_queued": return .pauseQueued
    case "waiting": return .waiting(unit: try json.decoded(as: Unit.self).unit)
    case "resumed": return .resumed(unit: try json.decoded(as: Unit.self).unit)
    case "changed":
        let fields = try json.decoded(as: UnitsChange.self)
        return .changed(units: fields.units, changes: fields.changes, sites: fields.sites)
    case "redo_started":
        let fields = try json.decoded(as: UnitsChange.self)
        return .redoStarted(units: fields.units, changes: fields.changes, sites: fields.sites)
    case "attempt_chosen":
        let fields = try json.decoded(as: Choice.self)
        return .attemptChosen(unit: fields.unit, attempt: fields.attempt)
    case "rolled_back": return .rolledBack(unit: try json.decoded(as: Unit.self).unit)
    case "undone":
        let fields = try json.decoded(as: Undoing.self)
        return .undone(fields.decision, chosen: fields.chosen)
    case "stale_changed": return .staleChanged(units: try json.decoded(as: Units.self).units)
    case "site_inspected": return .siteInspected(try json.decoded(as: SiteInspection.self))
    case "images_inspected": return .imagesInspected(try json.decoded(as: ImagePage.self))
    case "sweep_started": return .sweepStarted(points: try json.decoded(as: Points.self).points)
    case "sweep_measured": return .sweepMeasured(try json.decoded(as: SweepPoint.self))
    case "sweep_finished": return .sweepFinished(complete: try json.decoded(as: Completeness.self).complete)
    case "exported":
        let fields = try json.decoded(as: Export.self)
        let result = ExportResult(bytes: fields.bytes, verification: fields.verification)
        return .exported(format: fields.format, path: fields.path, result)
    case "warning": return .warning(try json.decoded(as: Message.self).message)
    case "finished": return .finished(try json.decoded(as: RunReport.self))
    case "stopped": return .stopped(unitsDone: try json.decoded(as: Count.self).unitsDone)
    case "failed": return .failed(try json.decoded(as: RunFailure.self))
    default: throw JSONError("there is no event “\(name)” in this version")
    }
}

extension Subject {
    fileprivate init(_ subject: EvaluationSubject) {
        switch subject {
        case .fullPrecision: self.init(subject: "full_precision", unit: nil)
        case .refitted: self.init(subject: "refitted", unit: nil)
        case .calibrated: self.init(subject: "calibrated", unit: nil)
        case .prefix(let unit): self.init(subject: "prefix", unit: unit)
        case .final: self.init(subject: "final", unit: nil)
        }
    }

    fileprivate func value() throws(JSONError) -> EvaluationSubject {
        switch (subject, unit) {
        case ("full_precision", nil): return .fullPrecision
        case ("refitted", nil): return .refitted
        case ("calibrated", nil): return .calibrated
        case ("prefix", let unit?): return .prefix(unit: unit)
        case ("final", nil): return .final
        default: throw JSONError("“subject” is “\(subject)”, which this version does not know")
        }
    }
}
