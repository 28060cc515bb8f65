/// A file that a run can be exported to.
package enum ExportFormat: String, CaseIterable, Codable, Sendable {
    /// Safetensors with codes at their width, scales, zero points and the plan.
    case packed
    /// The plan, decisions folded in, as YAML.
    case recipe
}

/// A grid of bit-widths to be measured, each calibrated as the plan says and not reconstructed.
package struct SweepRequest: Equatable, Codable, Sendable {
    /// The widths of weight codes.
    package var weightBits: [Int]
    /// The widths of activation codes.
    package var activationBits: [Int]

    /// Makes a request.
    package init(weightBits: [Int] = [2, 3, 4, 6, 8], activationBits: [Int] = [2, 3, 4, 6, 8]) {
        self.weightBits = weightBits
        self.activationBits = activationBits
    }

    /// The points in the order of measurement.
    package var points: [(weightBits: Int, activationBits: Int)] {
        weightBits.flatMap { weight in activationBits.map { (weight, $0) } }
    }
}

/// What a person decided at a gate and can take back.
package enum RunDecision: String, Codable, Sendable {
    /// Other hyperparameters or bits.
    case change
    /// Other attempts at units that were finished.
    case redo
    /// The choice of an attempt.
    case choose
    /// A return to an earlier unit.
    case rollBack = "roll_back"
}

/// Something that a person, or a program in their place, asks of a running engine.
///
/// The only way in. What can be asked for at gates only is refused with a warning between steps.
package enum RunCommand: Equatable, Codable, Sendable {
    /// Wait at the next gate.
    case pause
    /// Go on; withdraws a pause that has not happened.
    case resume
    /// Do one unit, then wait at the gate after it.
    case step
    /// Give coming units other hyperparameters, and sites of theirs whose name matches other bits: the one named, or
    /// all of them. Taken at a gate.
    case change(unit: Int? = nil, [HyperparameterChange], sites: [SiteOverride] = [])
    /// Make another attempt at a unit that is quantized, with these changes; it is chosen when it ends. Taken at a
    /// gate.
    case redo(unit: Int, changes: [HyperparameterChange] = [], sites: [SiteOverride] = [])
    /// Make another attempt at every stale unit, in order, with the hyperparameters of its chosen one. Taken at a gate.
    case redoStale
    /// Choose one of the attempts of a unit that is quantized or comes next. Taken at a gate.
    case choose(unit: Int, attempt: Int)
    /// Go back to the gate before a unit that is quantized; every attempt is kept. Taken at a gate.
    case rollBack(unit: Int)
    /// Take the last decision back. Taken at a gate.
    case undo
    /// Evaluate the model as it is now, on all evaluation images. Taken at a gate.
    case evaluate
    /// Look at a site. Taken at a gate.
    case inspectSite(SiteRequest)
    /// Look at images. Taken at a gate.
    case inspectImages(ImageRequest)
    /// End the optimisation of the unit in work now, with what it has learned.
    case finishUnit
    /// Give up the attempt in work: the unit is what it was before, or as calibrated where it is new.
    case cancelAttempt
    /// Measure a grid of bit-widths. Taken at a gate.
    case sweep(SweepRequest)
    /// End the sweep in work.
    case stopSweep
    /// Write a file. Taken at a gate; `packed` at the last one only, when every unit is quantized.
    case export(ExportFormat, path: String)
    /// End the run.
    case stop

    private enum ChangeCodingKeys: String, CodingKey { case unit, _1 = "changes", sites }
    private enum ExportCodingKeys: String, CodingKey { case _0 = "format", path }

    /// Whether the command belongs into the journal; a wish to look at something does not.
    package var isRecorded: Bool {
        switch self {
        case .inspectSite, .inspectImages: false
        default: true
        }
    }
}
