package import Vocabulary

/// How a quantized model compares with the full-precision model on one set of images.
package struct Evaluation: Equatable, Codable, Sendable {
    /// The number of images.
    package var images: Int
    /// The share of images whose label is the most likely class, in percent; nil without labels.
    package var top1: Double?
    /// The share of images whose label is among the five most likely classes, in percent; nil without labels.
    package var top5: Double?
    /// The share of images for which both models choose the same class, in percent.
    package var agreement: Double
    /// Kullback–Leibler divergence of the quantized from the full-precision class distribution, mean over images, in nats.
    package var kl: Double
    /// Signal to quantization noise of the logits, in dB; nil where there is no noise at all.
    package var sqnrDb: Double?

    /// Makes an evaluation.
    package init(images: Int, top1: Double?, top5: Double?, agreement: Double, kl: Double, sqnrDb: Double?) {
        self.images = images
        self.top1 = top1
        self.top5 = top5
        self.agreement = agreement
        self.kl = kl
        self.sqnrDb = sqnrDb
    }
}

/// What was evaluated.
package enum EvaluationSubject: Equatable, Codable, Sendable {
    /// The checkpoint as it is.
    case fullPrecision
    /// The checkpoint with its MLPs refitted, in full precision.
    case refitted
    /// Every unit calibrated and none reconstructed, at the plan's bits.
    case calibrated
    /// The units up to and including this one quantized, the others in full precision.
    case prefix(unit: Int)
    /// Every unit as chosen.
    case final
}

/// A unit of the model, as a run describes it at its start.
package struct UnitSummary: Equatable, Codable, Sendable {
    /// `stem`, `blocks.0`, …, `head`.
    package var name: String
    /// The number of weights and biases.
    package var parameters: Int
    /// The names of its sites.
    package var sites: [String]

    /// Makes a summary.
    package init(name: String, parameters: Int, sites: [String]) {
        self.name = name
        self.parameters = parameters
        self.sites = sites
    }
}

/// What a run is, said at its start.
package struct RunSummary: Equatable, Codable, Sendable {
    /// The model's name for people, such as `sample:fashion-vit`.
    package var model: String
    /// The architecture in words, such as `ViT, 6 blocks of width 128, 4 heads, 7 × 7 patches`.
    package var architecture: String
    /// The preset's name.
    package var preset: Preset
    /// The units in order.
    package var units: [UnitSummary]
    /// The hyperparameters of each unit at the start, one per unit.
    package var weightBits: [Int]
    /// The activation bits of each unit at the start.
    package var activationBits: [Int]
    /// The size of the full-precision weights in bytes.
    package var fullPrecisionBytes: Int
    /// The number of calibration images.
    package var calibrationImages: Int
    /// The number of evaluation images; 0 without any.
    package var evaluationImages: Int
    /// The number of threads that work.
    package var threads: Int
    /// The run directory.
    package var directory: String?
    /// The names of the classes, if they are known.
    package var classNames: [String]?
    /// The plan at the start, as YAML; later decisions change it.
    package var plan: String

    /// Makes a summary.
    package init(
        model: String, architecture: String, preset: Preset, units: [UnitSummary], weightBits: [Int],
        activationBits: [Int], fullPrecisionBytes: Int, calibrationImages: Int, evaluationImages: Int,
        threads: Int, directory: String?, classNames: [String]? = nil, plan: String = ""
    ) {
        self.model = model
        self.architecture = architecture
        self.preset = preset
        self.units = units
        self.weightBits = weightBits
        self.activationBits = activationBits
        self.fullPrecisionBytes = fullPrecisionBytes
        self.calibrationImages = calibrationImages
        self.evaluationImages = evaluationImages
        self.threads = threads
        self.directory = directory
        self.classNames = classNames
        self.plan = plan
    }
}

/// One point of a sweep.
package struct SweepPoint: Equatable, Codable, Sendable {
    /// The width of weight codes.
    package var weightBits: Int
    /// The width of activation codes.
    package var activationBits: Int
    /// The size of the exported weights, scales and zero points, in bytes.
    package var bytes: Int
    /// How the point's model compares with full precision.
    package var evaluation: Evaluation

    /// Makes a point.
    package init(weightBits: Int, activationBits: Int, bytes: Int, evaluation: Evaluation) {
        self.weightBits = weightBits
        self.activationBits = activationBits
        self.bytes = bytes
        self.evaluation = evaluation
    }
}

/// Something that happened in a run, in the order it happened.
///
/// The only way out of the engine.
package enum RunEvent: Equatable, Sendable {
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
