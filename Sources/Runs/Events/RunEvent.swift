package import Vocabulary

/// Something that happened in a run, in the order it happened.
///
/// The only way out of the engine.
package enum RunEvent: Equatable, Codable, Sendable {
    /// The run began.
    case started(RunSummary)
    /// Work of which no event of its own tells: what, how much is done, of how much.
    case progressed(activity: String, done: Int, total: Int)
    /// A run whose process ended goes on, with so many units quantized; what was told of it before holds.
    case continued(unitsDone: Int)
    /// A model was evaluated.
    case evaluated(EvaluationSubject, Evaluation)
    /// The images are known that every attempt is compared on, and what calibration alone gives on them.
    case heldOutMeasured(HeldOutBaseline)
    /// An attempt at a unit began.
    case unitStarted(unit: Int, attempt: Int, hyperparameters: [HyperparameterChange])
    /// The unit's quantizers have their ranges.
    case unitCalibrated(unit: Int, attempt: Int, sites: [SiteReport])
    /// An optimisation step was measured.
    case stepped(StepSample)
    /// An attempt ended and is kept.
    ///
    /// It is the unit's chosen one from now on, unless it was cancelled while the unit had another.
    case unitFinished(AttemptReport)
    /// A pause was asked for; the run will wait at the next gate.
    case pauseQueued
    /// The run waits at the gate before this unit; before the end where it equals the number of units.
    case waiting(unit: Int)
    /// The run goes on with this unit.
    case resumed(unit: Int)
    /// These units, none of which is quantized yet, have other hyperparameters, and some of their sites other bits.
    case changed(units: [Int], changes: [HyperparameterChange], sites: [SiteOverride] = [])
    /// Units that were finished are reconstructed again, in this order, with these changes.
    case redoStarted(units: [Int], changes: [HyperparameterChange], sites: [SiteOverride])
    /// Another attempt of a unit, which is kept since it ended, is the chosen one.
    case attemptChosen(unit: Int, attempt: Int)
    /// The run went back to the gate before this unit; it and those behind are not quantized any more.
    case rolledBack(unit: Int)
    /// The last decision was taken back: plan and chosen attempts are what they were before it.
    ///
    /// `chosen` has the attempt of each unit that is quantized, in order.
    case undone(RunDecision, chosen: [Int])
    /// The units that are quantized but stale, all of them; said whenever that changes.
    case staleChanged(units: [Int])
    /// A sweep began, of so many points.
    case sweepStarted(points: Int)
    /// A point of the sweep was measured.
    case sweepMeasured(SweepPoint)
    /// The sweep ended; `complete` unless it was stopped.
    case sweepFinished(complete: Bool)
    /// A site was looked at. Not in the journal.
    case siteInspected(SiteInspection)
    /// Images and what the models say of them. Not in the journal.
    case imagesInspected(ImagePage)
    /// A file was written, read back, and found to be what was to be written.
    case exported(format: ExportFormat, path: String, ExportResult)
    /// Something that the user asked for could not be done, or something went wrong that did not end the run.
    case warning(String)
    /// The run ended well. Always the last event.
    case finished(RunReport)
    /// The run was stopped by the user after so many units. Always the last event.
    case stopped(unitsDone: Int)
    /// The run ended for the reason given. Always the last event.
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

    /// Whether the event belongs into the journal; an answer to someone who looked does not.
    package var isRecorded: Bool {
        switch self {
        case .siteInspected, .imagesInspected: false
        default: true
        }
    }
}
