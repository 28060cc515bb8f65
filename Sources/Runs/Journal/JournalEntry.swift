/// A line of the journal: what happened, or what was asked for, and when.
public struct JournalEntry: Equatable, Sendable {
    /// What a line can tell of.
    public enum Content: Equatable, Sendable {
        /// Something happened.
        case event(RunEvent)
        /// Someone decided something.
        case command(RunCommand)
    }

    /// The number of the line, from 1, without gaps.
    public var sequence: Int
    /// When, in seconds since the run began.
    public var seconds: Double
    /// What.
    public var content: Content

    /// Makes an entry.
    public init(sequence: Int, seconds: Double, content: Content) {
        self.sequence = sequence
        self.seconds = seconds
        self.content = content
    }

    /// The entry as one line of JSON, without a line end: `seq`, `time`, `event` or `command`, then its fields.
    ///
    /// Names are in snake case; every field of a kind is always there; numbers that are not finite are `null`.
    public var jsonLine: String {
        get throws(RunFailure) {
            let (name, kind, fields) =
                switch content {
                case .event(let event): try ("event", event.name, fields(of: event))
                case .command(let command): try ("command", command.name, fields(of: command))
                }
            let envelope = [
                JSONMember("seq", .integer(sequence)), JSONMember("time", .finite(seconds)),
                JSONMember(name, .string(kind)),
            ]
            return JSONValue.object(envelope + fields).line
        }
    }

    /// Reads what `jsonLine` wrote.
    ///
    /// - Parameter jsonLine: One JSON object; names that this version does not know are passed over.
    /// - Throws: `JSONError` that says what is wrong with it.
    package init(jsonLine: [UInt8]) throws(JSONError) {
        let json = try JSONValue(parsing: jsonLine)
        let envelope = try json.decoded(as: Envelope.self)
        sequence = envelope.seq
        seconds = envelope.time
        switch (envelope.event, envelope.command) {
        case (let name?, nil): content = .event(try event(named: name, json))
        case (nil, let name?): content = .command(try command(named: name, json))
        default: throw JSONError("one of “event” and “command” was expected")
        }
    }
}

private struct Envelope: Codable {
    var seq: Int
    var time: Double
    var event: String?
    var command: String?
}

private func members(_ value: some Encodable) throws(RunFailure) -> [JSONMember] {
    do {
        guard case .object(let members) = try JSONValue(encoding: value) else { return [] }
        return members
    } catch {
        throw RunFailure(.internal, "an event cannot be written as JSON: \(error)")
    }
}

// MARK: - Events

extension RunEvent {
    /// The name of the event in journals.
    package var name: String {
        switch self {
        case .started: "started"
        case .progressed: "progressed"
        case .evaluated: "evaluated"
        case .unitStarted: "unit_started"
        case .unitCalibrated: "unit_calibrated"
        case .stepped: "stepped"
        case .unitFinished: "unit_finished"
        case .pauseQueued: "pause_queued"
        case .waiting: "waiting"
        case .resumed: "resumed"
        case .changed: "changed"
        case .sweepStarted: "sweep_started"
        case .sweepMeasured: "sweep_measured"
        case .sweepFinished: "sweep_finished"
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
private struct Change: Codable { var fromUnit: Int, changes: [HyperparameterChange] }
private struct Changes: Codable { var changes: [HyperparameterChange] }
private struct Points: Codable { var points: Int }
private struct Completeness: Codable { var complete: Bool }
private struct Export: Codable { var format: ExportFormat, path: String, bytes: Int }
private struct ExportWish: Codable { var format: ExportFormat, path: String }
private struct Message: Codable { var message: String }
private struct Stop: Codable { var unitsDone: Int }
private struct Grid: Codable { var weightBits: [Int], activationBits: [Int] }

private func fields(of event: RunEvent) throws(RunFailure) -> [JSONMember] {
    switch event {
    case .started(let summary): try members(summary)
    case .progressed(let activity, let done, let total):
        try members(Progress(activity: activity, done: done, total: total))
    case .evaluated(let subject, let evaluation): try members(Subject(subject)) + members(evaluation)
    case .unitStarted(let unit, let attempt, let hyperparameters):
        try members(UnitStart(unit: unit, attempt: attempt, hyperparameters: hyperparameters))
    case .unitCalibrated(let unit, let attempt, let sites):
        try members(UnitCalibration(unit: unit, attempt: attempt, sites: sites))
    case .stepped(let sample): try members(sample)
    case .unitFinished(let report): try members(report)
    case .pauseQueued: []
    case .waiting(let unit), .resumed(let unit): try members(Unit(unit: unit))
    case .changed(let unit, let changes): try members(Change(fromUnit: unit, changes: changes))
    case .sweepStarted(let points): try members(Points(points: points))
    case .sweepMeasured(let point): try members(point)
    case .sweepFinished(let complete): try members(Completeness(complete: complete))
    case .exported(let format, let path, let bytes):
        try members(Export(format: format, path: path, bytes: bytes))
    case .warning(let message): try members(Message(message: message))
    case .finished(let report): try members(report)
    case .stopped(let units): try members(Stop(unitsDone: units))
    case .failed(let failure): try members(failure)
    }
}

private func event(named name: String, _ json: JSONValue) throws(JSONError) -> RunEvent {
    switch name {
    case "started": return .started(try json.decoded(as: RunSummary.self))
    case "progressed":
        let fields = try json.decoded(as: Progress.self)
        return .progressed(activity: fields.activity, done: fields.done, total: fields.total)
    case "evaluated":
        return .evaluated(
            try json.decoded(as: Subject.self).value(), try json.decoded(as: Evaluation.self))
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
        let fields = try json.decoded(as: Change.self)
        return .changed(fromUnit: fields.fromUnit, changes: fields.changes)
    case "sweep_started": return .sweepStarted(points: try json.decoded(as: Points.self).points)
    case "sweep_measured": return .sweepMeasured(try json.decoded(as: SweepPoint.self))
    case "sweep_finished": return .sweepFinished(complete: try json.decoded(as: Completeness.self).complete)
    case "exported":
        let fields = try json.decoded(as: Export.self)
        return .exported(format: fields.format, path: fields.path, bytes: fields.bytes)
    case "warning": return .warning(try json.decoded(as: Message.self).message)
    case "finished": return .finished(try json.decoded(as: RunReport.self))
    case "stopped": return .stopped(unitsDone: try json.decoded(as: Stop.self).unitsDone)
    case "failed": return .failed(try json.decoded(as: RunFailure.self))
    default: throw JSONError("there is no event “\(name)” in this version")
    }
}

extension Subject {
    fileprivate init(_ subject: EvaluationSubject) {
        switch subject {
        case .fullPrecision: self.init(subject: "full_precision", unit: nil)
        case .calibrated: self.init(subject: "calibrated", unit: nil)
        case .prefix(let unit): self.init(subject: "prefix", unit: unit)
        case .final: self.init(subject: "final", unit: nil)
        }
    }

    fileprivate func value() throws(JSONError) -> EvaluationSubject {
        switch (subject, unit) {
        case ("full_precision", nil): return .fullPrecision
        case ("calibrated", nil): return .calibrated
        case ("prefix", let unit?): return .prefix(unit: unit)
        case ("final", nil): return .final
        default: throw JSONError("“subject” is “\(subject)”, which this version does not know")
        }
    }
}

// MARK: - Commands

extension RunCommand {
    /// The name of the command in journals.
    package var name: String {
        switch self {
        case .pause: "pause"
        case .resume: "resume"
        case .step: "step"
        case .change: "change"
        case .finishUnit: "finish_unit"
        case .sweep: "sweep"
        case .stopSweep: "stop_sweep"
        case .export: "export"
        case .stop: "stop"
        }
    }
}

private func fields(of command: RunCommand) throws(RunFailure) -> [JSONMember] {
    switch command {
    case .pause, .resume, .step, .finishUnit, .stopSweep, .stop: []
    case .change(let changes): try members(Changes(changes: changes))
    case .sweep(let request):
        try members(Grid(weightBits: request.weightBits, activationBits: request.activationBits))
    case .export(let format, let path): try members(ExportWish(format: format, path: path))
    }
}

private func command(named name: String, _ json: JSONValue) throws(JSONError) -> RunCommand {
    switch name {
    case "pause": return .pause
    case "resume": return .resume
    case "step": return .step
    case "change": return .change(try json.decoded(as: Changes.self).changes)
    case "finish_unit": return .finishUnit
    case "sweep":
        let grid = try json.decoded(as: Grid.self)
        return .sweep(SweepRequest(weightBits: grid.weightBits, activationBits: grid.activationBits))
    case "stop_sweep": return .stopSweep
    case "export":
        let wish = try json.decoded(as: ExportWish.self)
        return .export(wish.format, path: wish.path)
    case "stop": return .stop
    default: throw JSONError("there is no command “\(name)” in this version")
    }
}
