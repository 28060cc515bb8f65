package import Vocabulary

/// Something that happened in a run; the only way out of the engine.
///
/// `TaggedDecoder` describes how cases become lines of the journal; docs/events.md lists their fields.
package enum RunEvent: Equatable, Codable, Sendable {
    /// The run began.
    case started(RunSummary)
    /// Progress of work without a more specific event.
    case progressed(activity: String, done: Int, total: Int)
    /// Another process continues the run, with this many units quantized; all events before still hold.
    case continued(unitsDone: Int)
    /// The run goes on with other inputs than before, as was asked for; each change is a sentence.
    case inputsAccepted(changes: [String], inputs: PlanInputs)
    /// A model was evaluated.
    case evaluated(EvaluationSubject, Evaluation)
    /// The held-out images are fixed, and the baselines on them have been measured.
    case heldOutMeasured(HeldOutBaseline)
    /// An attempt at a unit began.
    case unitStarted(unit: Int, attempt: Int, hyperparameters: [HyperparameterChange])
    /// The ranges of the unit's quantizers are set; `loss` is its block term over the calibration images.
    ///
    /// Journals of earlier versions have no loss.
    case unitCalibrated(unit: Int, attempt: Int, sites: [SiteReport], loss: Double? = nil)
    /// An optimisation step was measured.
    case stepped(StepSample)
    /// The unit got worse after a step: its loss is `ratio` times that of the calibrated unit. It is again as it was after
    /// `restoredStep`, and learns on with the plan's rates times `factor`; nil ends its learning.
    case rateLowered(
        unit: Int, attempt: Int, step: Int, restoredStep: Int, ratio: Double, factor: Double?)
    /// The unit ended worse than calibrated, and is kept this share of the way from its calibrated state to the learned one.
    case steppedBack(unit: Int, attempt: Int, share: Double)
    /// An attempt ended and is kept.
    ///
    /// It becomes the unit's chosen one, unless it was cancelled and the unit already had another.
    case unitFinished(AttemptReport)
    /// The run will wait at the next gate.
    case pauseQueued
    /// The run waits at the gate before this unit; at the last gate, `unit` is the number of units.
    case waiting(unit: Int)
    /// The run continues with this unit.
    case resumed(unit: Int)
    /// Units to come have other hyperparameters, or other bits at some sites.
    case changed(units: [Int], changes: [HyperparameterChange], sites: [SiteOverride] = [])
    /// Quantized units are reconstructed again, in this order, with these changes.
    case redoStarted(units: [Int], changes: [HyperparameterChange], sites: [SiteOverride])
    /// Another kept attempt of a unit is chosen.
    case attemptChosen(unit: Int, attempt: Int)
    /// The run went back to the gate before this unit; the unit and its suffix are no longer quantized.
    case rolledBack(unit: Int)
    /// The last decision was undone: plan and chosen attempts are as before it.
    ///
    /// `chosen` has the attempt of each quantized unit, in order.
    case undone(RunDecision, chosen: [Int])
    /// The set of stale units changed to these.
    case staleChanged(units: [Int])
    /// A sweep of this many points began.
    case sweepStarted(points: Int)
    /// A point of the sweep was measured.
    case sweepMeasured(SweepPoint)
    /// The sweep ended; `complete` unless it was stopped.
    case sweepFinished(complete: Bool)
    /// The reply to `inspectSite`. Not journalled.
    case siteInspected(SiteInspection)
    /// The reply to `inspectImages`. Not journalled.
    case imagesInspected(ImagePage)
    /// A file was written, read back and found correct.
    case exported(format: ExportFormat, path: String, ExportResult)
    /// A command could not be carried out, or something went wrong that did not end the run.
    case warning(String)
    /// The run ended well. Always the last event.
    case finished(RunReport)
    /// A command stopped the run after this many units. Always the last event.
    case stopped(unitsDone: Int)
    /// The run failed. Always the last event.
    case failed(RunFailure)

    private enum UndoneCodingKeys: String, CodingKey { case _0 = "decision", chosen }
    private enum WarningCodingKeys: String, CodingKey { case _0 = "message" }

    /// Whether no event follows.
    package var isLast: Bool {
        switch self {
        case .finished, .stopped, .failed: true
        default: false
        }
    }

    /// Whether the event is journalled; replies to inspection requests are not.
    package var isRecorded: Bool {
        switch self {
        case .siteInspected, .imagesInspected: false
        default: true
        }
    }
}
