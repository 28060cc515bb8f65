/// How a quantized model compares with the full-precision model on one set of images.
public struct Evaluation: Equatable, Codable, Sendable {
    /// The number of images.
    public var images: Int
    /// The share of images whose label is the most likely class, in percent; nil without labels.
    public var top1: Double?
    /// The share of images whose label is among the five most likely classes, in percent; nil without labels.
    public var top5: Double?
    /// The share of images for which both models choose the same class, in percent.
    public var agreement: Double
    /// Kullback–Leibler divergence of the quantized from the full-precision class distribution, mean over images, in nats.
    public var kl: Double
    /// Signal to quantization noise of the logits, in dB; nil where there is no noise at all.
    public var sqnrDb: Double?

    /// Makes an evaluation.
    public init(images: Int, top1: Double?, top5: Double?, agreement: Double, kl: Double, sqnrDb: Double?) {
        self.images = images
        self.top1 = top1
        self.top5 = top5
        self.agreement = agreement
        self.kl = kl
        self.sqnrDb = sqnrDb
    }
}

/// What was evaluated.
public enum EvaluationSubject: Equatable, Codable, Sendable {
    /// The checkpoint as it is.
    case fullPrecision
    /// Every unit calibrated and none reconstructed, at the plan's bits.
    case calibrated
    /// The units up to and including this one quantized, the others in full precision.
    case prefix(unit: Int)
    /// Every unit as chosen.
    case final
}

/// A unit of the model, as a run describes it at its start.
public struct UnitSummary: Equatable, Codable, Sendable {
    /// `stem`, `blocks.0`, …, `head`.
    public var name: String
    /// The number of weights and biases.
    public var parameters: Int
    /// The names of its sites.
    public var sites: [String]

    /// Makes a summary.
    public init(name: String, parameters: Int, sites: [String]) {
        self.name = name
        self.parameters = parameters
        self.sites = sites
    }
}

/// What a run is, said at its start.
public struct RunSummary: Equatable, Codable, Sendable {
    /// The model's name for people, such as `sample:fashion-vit`.
    public var model: String
    /// The architecture in words, such as `ViT, 6 blocks of width 128, 4 heads, 7 × 7 patches`.
    public var architecture: String
    /// The preset's name.
    public var preset: Preset
    /// The units in order.
    public var units: [UnitSummary]
    /// The hyperparameters of each unit at the start, one per unit.
    public var weightBits: [Int]
    /// The activation bits of each unit at the start.
    public var activationBits: [Int]
    /// The size of the full-precision weights in bytes.
    public var fullPrecisionBytes: Int
    /// The number of calibration images.
    public var calibrationImages: Int
    /// The number of evaluation images; 0 without any.
    public var evaluationImages: Int
    /// The number of threads that work.
    public var threads: Int
    /// The run directory.
    public var directory: String?

    /// Makes a summary.
    public init(
        model: String, architecture: String, preset: Preset, units: [UnitSummary], weightBits: [Int],
        activationBits: [Int], fullPrecisionBytes: Int, calibrationImages: Int, evaluationImages: Int,
        threads: Int, directory: String?
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
    }
}

/// One value for each supervision term; a term that is switched off is nil.
public struct TermValues: Equatable, Codable, Sendable {
    /// The block term.
    public var block: Double?
    /// The global term.
    public var global: Double?
    /// The local terms together.
    public var local: Double?

    /// Makes values.
    public init(block: Double? = nil, global: Double? = nil, local: Double? = nil) {
        self.block = block
        self.global = global
        self.local = local
    }
}

/// What one optimisation step measured.
public struct StepSample: Equatable, Codable, Sendable {
    /// The unit's index.
    public var unit: Int
    /// The attempt's number, from 1.
    public var attempt: Int
    /// The step, from 1.
    public var step: Int
    /// The number of steps of the attempt.
    public var steps: Int
    /// The fused loss: the weighted terms' sum.
    public var loss: Double
    /// Every term as measured: mean squared error; nats or mean squared error; mean relative squared error.
    public var terms: TermValues
    /// Every term as it enters the loss: scaled and weighted.
    public var weighted: TermValues
    /// The norm of each weighted term's gradient on the unit's parameters; nil except at probed steps.
    public var gradientNorms: TermValues?
    /// The cosines between these gradients; nil except at probed steps.
    public var gradientCosines: GradientCosines?
    /// The local terms one by one; nil except at probed steps, and where they are off.
    public var operatorLosses: [OperatorLoss]?
    /// The fused loss over the images that judge a unit; nil where it was not measured.
    public var heldOutLoss: Double?

    /// Makes a sample.
    public init(
        unit: Int, attempt: Int, step: Int, steps: Int, loss: Double, terms: TermValues, weighted: TermValues,
        gradientNorms: TermValues?, gradientCosines: GradientCosines? = nil,
        operatorLosses: [OperatorLoss]? = nil, heldOutLoss: Double? = nil
    ) {
        self.unit = unit
        self.attempt = attempt
        self.step = step
        self.steps = steps
        self.loss = loss
        self.terms = terms
        self.weighted = weighted
        self.gradientNorms = gradientNorms
        self.gradientCosines = gradientCosines
        self.operatorLosses = operatorLosses
        self.heldOutLoss = heldOutLoss
    }
}

/// How a quantizer fits its site.
public struct SiteReport: Equatable, Codable, Sendable {
    /// The site's name.
    public var site: String
    /// The width of its codes.
    public var bits: Int
    /// The quantizer and what shares its parameters, such as `uniform per channel`.
    public var quantizer: String
    /// Signal to quantization noise in dB; nil where there is no noise at all.
    public var sqnrDb: Double?

    /// Makes a report.
    public init(site: String, bits: Int, quantizer: String, sqnrDb: Double?) {
        self.site = site
        self.bits = bits
        self.quantizer = quantizer
        self.sqnrDb = sqnrDb
    }
}

/// What became of one attempt.
public struct AttemptReport: Equatable, Codable, Sendable {
    /// The unit's index.
    public var unit: Int
    /// The unit's name.
    public var name: String
    /// The attempt's number, from 1.
    public var attempt: Int
    /// The hyperparameters it used, as changes of the defaults' fields.
    public var hyperparameters: [HyperparameterChange]
    /// The block term over the calibration images when calibrated.
    public var calibratedLoss: Double
    /// The block term over the calibration images at the end, roundings hard.
    public var finalLoss: Double
    /// The model's KL over the calibration images when calibrated (units after this one in full precision), in nats.
    public var calibratedKl: Double
    /// The model's KL over the calibration images at the end, in nats.
    public var finalKl: Double
    /// Whether the guard put the unit back to its calibrated state.
    public var reverted: Bool
    /// How long it took, in seconds.
    public var seconds: Double
    /// The size of the unit as exported, in bytes.
    public var bytes: Int

    /// Makes a report.
    public init(
        unit: Int, name: String, attempt: Int, hyperparameters: [HyperparameterChange],
        calibratedLoss: Double,
        finalLoss: Double, calibratedKl: Double, finalKl: Double, reverted: Bool, seconds: Double, bytes: Int
    ) {
        self.unit = unit
        self.name = name
        self.attempt = attempt
        self.hyperparameters = hyperparameters
        self.calibratedLoss = calibratedLoss
        self.finalLoss = finalLoss
        self.calibratedKl = calibratedKl
        self.finalKl = finalKl
        self.reverted = reverted
        self.seconds = seconds
        self.bytes = bytes
    }
}

/// One point of a sweep.
public struct SweepPoint: Equatable, Codable, Sendable {
    /// The width of weight codes.
    public var weightBits: Int
    /// The width of activation codes.
    public var activationBits: Int
    /// The size of the exported weights, scales and zero points, in bytes.
    public var bytes: Int
    /// How the point's model compares with full precision.
    public var evaluation: Evaluation

    /// Makes a point.
    public init(weightBits: Int, activationBits: Int, bytes: Int, evaluation: Evaluation) {
        self.weightBits = weightBits
        self.activationBits = activationBits
        self.bytes = bytes
        self.evaluation = evaluation
    }
}

/// What a finished run has to say.
public struct RunReport: Equatable, Codable, Sendable {
    /// The checkpoint's evaluation.
    public var fullPrecision: Evaluation?
    /// The calibrated model's evaluation.
    public var calibrated: Evaluation?
    /// The final model's evaluation.
    public var final: Evaluation?
    /// The chosen attempts, one per unit.
    public var units: [AttemptReport]
    /// The size of the full-precision weights in bytes.
    public var fullPrecisionBytes: Int
    /// The size of the exported weights, scales and zero points, in bytes.
    public var bytes: Int
    /// How long the run took, in seconds.
    public var seconds: Double

    /// Makes a report.
    public init(
        fullPrecision: Evaluation?, calibrated: Evaluation?, final: Evaluation?, units: [AttemptReport],
        fullPrecisionBytes: Int, bytes: Int, seconds: Double
    ) {
        self.fullPrecision = fullPrecision
        self.calibrated = calibrated
        self.final = final
        self.units = units
        self.fullPrecisionBytes = fullPrecisionBytes
        self.bytes = bytes
        self.seconds = seconds
    }
}

/// Something that happened in a run, in the order it happened.
///
/// The only way out of the engine.
public enum RunEvent: Equatable, Sendable {
    /// The run began.
    case started(RunSummary)
    /// Work of which no event of its own tells: what, how much is done, of how much.
    case progressed(activity: String, done: Int, total: Int)
    /// A model was evaluated.
    case evaluated(EvaluationSubject, Evaluation)
    /// An attempt at a unit began.
    case unitStarted(unit: Int, attempt: Int, hyperparameters: [HyperparameterChange])
    /// The unit's quantizers have their ranges.
    case unitCalibrated(unit: Int, attempt: Int, sites: [SiteReport])
    /// An optimisation step was measured.
    case stepped(StepSample)
    /// An attempt ended.
    case unitFinished(AttemptReport)
    /// A pause was asked for; the run will wait at the next gate.
    case pauseQueued
    /// The run waits at the gate before this unit; before the end where it equals the number of units.
    case waiting(unit: Int)
    /// The run goes on with this unit.
    case resumed(unit: Int)
    /// The coming units, from this one on, have other hyperparameters.
    case changed(fromUnit: Int, changes: [HyperparameterChange])
    /// A sweep began, of so many points.
    case sweepStarted(points: Int)
    /// A point of the sweep was measured.
    case sweepMeasured(SweepPoint)
    /// The sweep ended; `complete` unless it was stopped.
    case sweepFinished(complete: Bool)
    /// A file was written.
    case exported(format: ExportFormat, path: String, bytes: Int)
    /// Something that the user asked for could not be done, or something went wrong that did not end the run.
    case warning(String)
    /// The run ended well. Always the last event.
    case finished(RunReport)
    /// The run was stopped by the user after so many units. Always the last event.
    case stopped(unitsDone: Int)
    /// The run ended for the reason given. Always the last event.
    case failed(RunFailure)

    /// Whether no event follows.
    public var isLast: Bool {
        switch self {
        case .finished, .stopped, .failed: true
        default: false
        }
    }
}

/// Why a run, or another piece of work, could not be done.
public struct RunFailure: Error, Equatable, Codable, Sendable, CustomStringConvertible {
    /// The kind of a failure, which decides the exit code.
    public enum Kind: String, Codable, Sendable {
        /// A flag or a plan's value is wrong: 64.
        case usage
        /// A file, a checkpoint or a plan is bad: 65.
        case badData = "bad_data"
        /// An input is not there: 66.
        case missingInput = "missing_input"
        /// A defect of this program: 70.
        case `internal`
        /// An output cannot be made: 73.
        case cannotCreate = "cannot_create"
        /// Reading or writing failed: 74.
        case inputOutput = "input_output"
    }

    /// The kind of failure.
    public var kind: Kind
    /// One sentence: what, where, what would be accepted.
    public var message: String

    /// Makes a failure.
    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// The message.
    public var description: String { message }

    /// The exit code, as in sysexits.
    public var exitCode: Int32 {
        switch kind {
        case .usage: 64
        case .badData: 65
        case .missingInput: 66
        case .internal: 70
        case .cannotCreate: 73
        case .inputOutput: 74
        }
    }
}
