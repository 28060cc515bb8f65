extension RunCommand {
    /// The name of the command in journals.
    package var name: String {
        switch self {
        case .pause: "pause"
        case .resume: "resume"
        case .step: "step"
        case .change: "change"
        case .redo: "redo"
        case .redoStale: "redo_stale"
        case .choose: "choose"
        case .rollBack: "roll_back"
        case .undo: "undo"
        case .evaluate: "evaluate"
        case .inspectSite: "inspect_site"
        case .inspectImages: "inspect_images"
        case .finishUnit: "finish_unit"
        case .cancelAttempt: "cancel_attempt"
        case .sweep: "sweep"
        case .stopSweep: "stop_sweep"
        case .export: "export"
        case .stop: "stop"
        }
    }
}

// Fields of commands that have no type of their own.
private struct Change: Codable {
    var unit: Int?, changes: [HyperparameterChange], sites: [SiteOverride]
}
private struct Unit: Codable { var unit: Int }
private struct Choice: Codable { var unit: Int, attempt: Int }
private struct ExportWish: Codable { var format: ExportFormat, path: String }

func fields(of command: RunCommand) throws(RunFailure) -> [JSONMember] {
    switch command {
    case .pause, .resume, .step, .redoStale, .undo, .evaluate, .finishUnit, .cancelAttempt, .stopSweep,
        .stop:
        []
    case .change(let changes, let sites, let unit):
        try members(Change(unit: unit, changes: changes, sites: sites))
    case .redo(let unit, let changes, let sites):
        try members(Change(unit: unit, changes: changes, sites: sites))
    case .choose(let unit, let attempt): try members(Choice(unit: unit, attempt: attempt))
    case .rollBack(let unit): try members(Unit(unit: unit))
    case .inspectSite(let request): try members(request)
    case .inspectImages(let request): try members(request)
    case .sweep(let request): try members(request)
    case .export(let format, let path): try members(ExportWish(format: format, path: path))
    }
}

func command(named name: String, _ json: JSONValue) throws(JSONError) -> RunCommand {
    switch name {
    case "pause": return .pause
    case "resume": return .resume
    case "step": return .step
    case "change":
        let fields = try json.decoded(as: Change.self)
        return .change(fields.changes, sites: fields.sites, unit: fields.unit)
    case "redo":
        let fields = try json.decoded(as: Change.self)
        guard let unit = fields.unit else { throw JSONError("“unit” is missing") }
        return .redo(unit: unit, changes: fields.changes, sites: fields.sites)
    case "redo_stale": return .redoStale
    case "choose":
        let choice = try json.decoded(as: Choice.self)
        return .choose(unit: choice.unit, attempt: choice.attempt)
    case "roll_back": return .rollBack(unit: try json.decoded(as: Unit.self).unit)
    case "undo": return .undo
    case "evaluate": return .evaluate
    case "inspect_site": return .inspectSite(try json.decoded(as: SiteRequest.self))
    case "inspect_images": return .inspectImages(try json.decoded(as: ImageRequest.self))
    case "finish_unit": return .finishUnit
    case "cancel_attempt": return .cancelAttempt
    case "sweep": return .sweep(try json.decoded(as: SweepRequest.self))
    case "stop_sweep": return .stopSweep
    case "export":
        let wish = try json.decoded(as: ExportWish.self)
        return .export(wish.format, path: wish.path)
    case "stop": return .stop
    default: throw JSONError("there is no command “\(name)” in this version")
    }
}
