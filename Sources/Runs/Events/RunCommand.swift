/// A decision at a gate that can be undone.
package enum RunDecision: String, Codable, Sendable {
    /// A change of hyperparameters or bits.
    case change
    /// New attempts at quantized units.
    case redo
    /// The choice of an attempt.
    case choose
    /// A return to an earlier unit.
    case rollBack = "roll_back"
}

/// A request to a running engine; the only way in.
///
/// A command for gates is refused with a warning between steps. `TaggedDecoder` describes how cases become lines of
/// the journal.
package enum RunCommand: Equatable, Codable, Sendable {
    /// Wait at the next gate.
    case pause
    /// Continue; cancels a pause that was asked for.
    case resume
    /// Continue through one unit and wait at the gate after it. At a gate only.
    case step
    /// Change hyperparameters, and bits of sites, of the units to come, or of one of them. At a gate only.
    case change(unit: Int? = nil, [HyperparameterChange], sites: [SiteOverride] = [])
    /// Make another attempt at a quantized unit with these changes; it is chosen when it ends. At a gate only.
    case redo(unit: Int, changes: [HyperparameterChange] = [], sites: [SiteOverride] = [])
    /// Make another attempt at every stale unit, in order, with the hyperparameters of its chosen attempt. At a gate
    /// only.
    case redoStale
    /// Choose an attempt of a unit that is quantized or comes next. At a gate only.
    case choose(unit: Int, attempt: Int)
    /// Go back to the gate before a quantized unit; every attempt is kept. At a gate only.
    case rollBack(unit: Int)
    /// Undo the last decision. At a gate only.
    case undo
    /// Evaluate the current model on all evaluation images. At a gate only.
    case evaluate
    /// Measure what is left of the baselines after the unit in work, not bit by bit over the run.
    case measureBaselines
    /// Inspect a site. At a gate only.
    case inspectSite(SiteRequest)
    /// Inspect images. At a gate only.
    case inspectImages(ImageRequest)
    /// End the optimisation of the current unit and keep what it has learned.
    case finishUnit
    /// Discard the current attempt: the unit keeps its former attempt, or is as calibrated without one.
    case cancelAttempt
    /// Measure a grid of bit-widths. At a gate only.
    case sweep(SweepRequest)
    /// End the current sweep.
    case stopSweep
    /// Write a file. At a gate only; `packed` only at the last one, when every unit is quantized.
    case export(ExportFormat, path: String)
    /// End the run.
    case stop

    private enum ChangeCodingKeys: String, CodingKey { case unit, _1 = "changes", sites }
    private enum ExportCodingKeys: String, CodingKey { case _0 = "format", path }

    /// Whether the command is journalled; inspection requests are not.
    package var isRecorded: Bool {
        switch self {
        case .inspectSite, .inspectImages: false
        default: true
        }
    }
}
