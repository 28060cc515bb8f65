internal import Checkpoints
internal import Kernels
internal import Quantization
internal import Reconstruction
internal import Runs
internal import TensorCore
internal import VisionTransformers
internal import Vocabulary

/// The greatest number of images on which the importance of tokens is measured.
let importanceImages = 256

/// A calibrated unit.
struct CalibratedUnit {
    let unit: QuantizedUnit
    /// The fit of each quantizer to its site.
    let sites: [SiteReport]
    /// The settings of the calibration.
    let settings: CalibrationSettings
}

/// A model, its images, and the full-precision model's outputs for them, which calibration, sweeps and reconstruction share.
///
/// It prepares the model that is quantized (rotated, centred, with ReLU in place of GELU, as the plan says), runs the
/// teacher over the calibration images and their views once, and then calibrates and evaluates quantized models:
///
///     let lab = try QuantizationLab(inputs: inputs, plan: plan, pool: pool) { activity, done, total in }
///     let fullPrecision = try lab.measureReference()
///     let model = try lab.calibratedModel(plan: plan, progress: { _, _ in }).map(\.unit)
///     let evaluation = try lab.evaluate(model)
///
/// The teacher is the model before its MLPs are refitted. Evaluations compare with the checkpoint as it is.
final class QuantizationLab {
    /// The shape of the model that is quantized: the checkpoint's, with another activation where MLPs are refitted.
    let configuration: ModelConfiguration
    let units: [any ModelUnit]
    /// The model that is quantized, in full precision.
    let fullPrecision: [PreparedUnit]
    let weights: [UnitWeights]
    /// The model whose outputs and logits are the targets: before its MLPs are refitted, else the one that is quantized.
    let teacher: [PreparedUnit]
    let inputs: RunInputs
    let pool: WorkerPool
    /// The views of the calibration images and the teacher's outputs for them; the images themselves come first.
    let calibration: ModelCaches
    /// `[images, classes]`: the checkpoint's logits for the images that models are evaluated on.
    ///
    /// Nil until `measureReference`, unless the calibration images are those that models are evaluated on.
    private var reference: Matrix?
    /// Whether `weights` are the checkpoint's own: neither rotated nor centred nor refitted.
    private let holdsCheckpoint: Bool
    /// The images that attempts are compared on, with the checkpoint's logits; nil until they are asked for.
    private var heldOut: HeldOutImages?
    /// Per-token error weights, computed on first use.
    private var importance: TokenImportance?
    private let seed: UInt64

    /// Prepares the full-precision model and runs it over the calibration images.
    ///
    /// - Parameters:
    ///   - inputs: The checkpoint and its images.
    ///   - plan: The changes to the model and the views of images.
    ///   - pool: The threads.
    ///   - progress: Called while images run, and before each refit of an MLP.
    /// - Throws: `QuantizationError` for values that are not finite; what `progress` throws.
    init(
        inputs: RunInputs, plan: RunPlan, pool: WorkerPool,
        progress: @escaping (_ activity: String, _ done: Int, _ total: Int) throws -> Void
    ) throws {
        self.inputs = inputs
        self.pool = pool
        seed = plan.seed
        let model = inputs.checkpoint.model
        let hyperparameters = plan.hyperparameters
        let steps = refitSteps(hyperparameters, of: model.configuration)
        let refits = steps > 0
        holdsCheckpoint =
            !hyperparameters.rotate && !hyperparameters.centreActivations && !hyperparameters.balanceHeads
            && !refits
        let rotated = hyperparameters.rotate ? model.rotated(seed: plan.seed).weights : model.weights
        let centred =
            hyperparameters.centreActivations
            ? centringActivations(rotated, of: model.units, images: inputs.calibration, pool: pool) : rotated
        let changed =
            hyperparameters.balanceHeads
            ? balancingHeads(
                centred, of: model.units, images: inputs.calibration, seed: plan.seed, pool: pool)
            : centred
        teacher = zip(model.units, changed).map {
            PreparedUnit(fullPrecision: $0, weights: $1, backward: true)
        }
        let views = CalibrationViews(
            count: hyperparameters.viewsPerImage(of: inputs.calibration.rows),
            flips: hyperparameters.viewFlip,
            shift: hyperparameters.viewShift
        ).views(of: inputs.calibration, for: model.configuration, seed: plan.seed, pool: pool)
        try progress(Self.fullPrecisionActivity, 0, views.rows)
        calibration = try ModelCaches(units: teacher, images: views, pool: pool) { done, total in
            try progress(Self.fullPrecisionActivity, done, total)
        }
        if inputs.evaluation == nil, holdsCheckpoint {
            reference = calibration.logits.rows(0..<inputs.calibration.rows)
        }
        guard refits else {
            (configuration, units, weights) = (model.configuration, model.units, changed)
            fullPrecision = teacher
            return
        }
        var shape = model.configuration
        shape.activation = .relu
        (configuration, units) = (shape, shape.units)
        weights = try refittedWithReLU(
            changed, teacher: teacher, images: views,
            refit: MLPRefit(steps: steps, seed: plan.seed), pool: pool
        ) { done, total in try progress("refitting MLPs with ReLU", done, total) }
        fullPrecision = zip(units, weights).map {
            PreparedUnit(fullPrecision: $0, weights: $1, backward: false)
        }
    }

    private static let fullPrecisionActivity = "running the full-precision model on images"

    /// Whether MLPs are refitted.
    var isRefitted: Bool { configuration != inputs.checkpoint.model.configuration }

    /// `[images, classes]`: the teacher's logits for the calibration images without their views.
    var calibrationLogits: Matrix { calibration.logits.rows(0..<inputs.calibration.rows) }

    /// The checkpoint's units in full precision.
    ///
    /// The original checkpoint, not its rotated or centred form, whose floating-point results differ slightly.
    private var checkpoint: [PreparedUnit] {
        guard !holdsCheckpoint else { return fullPrecision }
        return zip(inputs.checkpoint.model.units, inputs.checkpoint.model.weights).map {
            PreparedUnit(fullPrecision: $0, weights: $1, backward: false)
        }
    }

    /// The checkpoint's logits for the images that models are evaluated on, measured on first use.
    ///
    /// - Parameter progress: Called while they are measured.
    /// - Returns: `[images, classes]`.
    /// - Throws: `DatasetError` if an evaluation image is not what it was at the start; what `progress` throws.
    func referenceLogits(progress: ImageProgress? = nil) throws -> Matrix {
        if let reference { return reference }
        let measured =
            if let evaluation = inputs.evaluation {
                try evaluation.logits(of: checkpoint, pool: pool, progress: progress)
            } else {
                try outputs(of: checkpoint, on: inputs.calibration, pool: pool, progress: progress)
            }
        reference = measured
        return measured
    }

    /// Runs the checkpoint's model over the evaluation images, or without them over the calibration images.
    ///
    /// - Returns: Its evaluation against itself.
    /// - Throws: What `referenceLogits` throws.
    func measureReference(progress: ImageProgress? = nil) throws -> Evaluation {
        try evaluation(of: try referenceLogits(progress: progress))
    }

    /// The held-out images, on which the checkpoint's model runs on first use; nil without any.
    ///
    /// - Throws: What `progress` throws.
    func heldOutImages(progress: ImageProgress? = nil) throws -> HeldOutImages? {
        if let heldOut { return heldOut }
        guard let source = inputs.heldOut else { return nil }
        let logits = try outputs(of: checkpoint, on: source.images, pool: pool, progress: progress)
        heldOut = HeldOutImages(source, logits: logits)
        return heldOut
    }

    /// Evaluates a model on the evaluation images, or without them on the calibration images.
    ///
    /// - Parameters:
    ///   - model: The first units, quantized; the others are in full precision.
    ///   - progress: Called while images run.
    /// - Returns: The evaluation.
    /// - Throws: `DatasetError` if an evaluation image is not what it was at the start; what `progress` throws.
    func evaluate(_ model: [QuantizedUnit], progress: ImageProgress? = nil) throws -> Evaluation {
        try evaluation(of: try logits(of: prepared(model), progress: progress))
    }

    /// Evaluates the whole model as `evaluate` does, on some of the images.
    ///
    /// - Parameters:
    ///   - model: All units, quantized.
    ///   - count: At most how many images, evenly spread; nil for all.
    /// - Returns: The evaluation.
    /// - Throws: What `evaluate` throws.
    func evaluate(_ model: [QuantizedUnit], spreadOver count: Int?) throws -> Evaluation {
        guard let count else { return try evaluate(model) }
        let reference = try referenceLogits()
        let rows = evenlySpread(count, over: reference.rows)
        let chosen = inputs.evaluation?.keeping(rows)
        let logits =
            try chosen?.logits(of: prepared(model), pool: pool)
            ?? outputs(of: prepared(model), on: gather(rows, of: inputs.calibration), pool: pool)
        return Engine.evaluation(
            of: logits, against: gather(rows, of: reference), labels: chosen?.labels)
    }

    /// Evaluates the whole model as `evaluate` does, and predicts every evaluation image.
    ///
    /// - Parameters:
    ///   - model: All units, quantized.
    ///   - measuresNoiseFloor: Whether the images are run again with noise.
    ///   - progress: Called while images run.
    /// - Returns: The evaluation; the noise floor, if it is wanted; the predictions, nil without evaluation images or without
    ///   a classifier.
    /// - Throws: What `evaluate` throws.
    func evaluateFinal(
        _ model: [QuantizedUnit], measuresNoiseFloor: Bool = false, progress: ImageProgress? = nil
    ) throws -> (evaluation: Evaluation, floor: NoiseFloor?, predictions: Predictions?) {
        let reference = try referenceLogits()
        let prepared = prepared(model)
        let logits = try logits(of: prepared, progress: progress)
        let floor =
            measuresNoiseFloor
            ? noiseFloor(
                of: logits,
                disturbed: try (0..<PixelNoise.draws).map { draw in
                    try self.logits(of: prepared, disturbedBy: draw, progress: progress)
                }) : nil
        let (evaluation, divergences) = fidelity(of: logits, to: reference, labels: inputs.evaluation?.labels)
        guard let images = inputs.evaluation, configuration.classes > 0 else {
            return (evaluation, floor, nil)
        }
        let predictions = Predictions(
            labels: images.labels, fullPrecision: guesses(reference).map(\.label),
            final: guesses(logits).map(\.label), kl: divergences)
        return (evaluation, floor, predictions)
    }

    /// Evaluates the model that is quantized, in full precision, as `evaluate` does.
    func evaluateFullPrecision(progress: ImageProgress? = nil) throws -> Evaluation {
        try evaluation(of: try logits(of: fullPrecision, progress: progress))
    }

    /// Compares logits of the images that models are evaluated on with the checkpoint's.
    private func evaluation(of logits: Matrix) throws -> Evaluation {
        Engine.evaluation(of: logits, against: try referenceLogits(), labels: inputs.evaluation?.labels)
    }

    /// Runs a model over the first of the images that models are evaluated on.
    ///
    /// - Parameters:
    ///   - units: The model's units.
    ///   - count: How many images; nil for all.
    ///   - draw: The draw of noise on the pixels; nil for none.
    ///   - progress: Called while images run.
    /// - Returns: `[count, classes]`.
    /// - Throws: `DatasetError` if an evaluation image is not what it was at the start; what `progress` throws.
    func logits(
        of units: [PreparedUnit], first count: Int? = nil, disturbedBy draw: Int? = nil,
        progress: ImageProgress? = nil
    ) throws -> Matrix {
        guard let evaluation = inputs.evaluation else {
            let images = inputs.calibration.rows(0..<(count ?? inputs.calibration.rows))
            let seen = draw.map { PixelNoise.disturbed(images, firstImage: 0, draw: $0) } ?? images
            return try outputs(of: units, on: seen, pool: pool, progress: progress)
        }
        return try evaluation.logits(
            of: units, first: count, disturbedBy: draw, pool: pool, progress: progress)
    }

    /// A whole model: quantized units, then the teacher's.
    func prepared(_ model: [QuantizedUnit]) -> [PreparedUnit] {
        zip(model, units).map { $0.prepared(for: $1) } + teacher[model.count...]
    }

    /// The bytes that a quantized model takes when exported: codes, scales, zero points, and what stays in
    /// full precision.
    func bytes(of model: [QuantizedUnit]) -> Int {
        model.reduce(0) { $0 + $1.exportedBytes }
    }

    // MARK: - Calibration

    /// The calibration settings of a unit in a plan.
    ///
    /// - Throws: `PlanError` for an override that is wrong.
    func settings(of index: Int, plan: RunPlan) throws(PlanError) -> CalibrationSettings {
        let unit = units[index]
        let hyperparameters = try plan.hyperparameters(of: unit.name)
        return CalibrationSettings(
            hyperparameters,
            weightBits: unit.linears.map {
                plan.bits(of: "\($0.name).weight", otherwise: hyperparameters.weightBits)
            },
            activationBits: unit.sites.map {
                plan.bits(of: $0.name, otherwise: hyperparameters.activationBits)
            })
    }

    /// Calibrates one unit.
    ///
    /// - Parameters:
    ///   - index: The unit.
    ///   - input: Its input after the quantized prefix.
    ///   - fullPrecisionInput: Its input in full precision.
    ///   - settings: The settings.
    ///   - progress: Called after every site and every layer.
    /// - Returns: The calibrated unit.
    /// - Throws: `QuantizationError` for values that are not finite; what `progress` throws.
    func calibrated(
        _ index: Int, input: Matrix, fullPrecisionInput: Matrix, settings: CalibrationSettings,
        progress: ((_ done: Int, _ total: Int) throws -> Void)?
    ) throws -> CalibratedUnit {
        let (unit, sites) = try calibrate(
            units[index], weights: weights[index], fullPrecision: fullPrecision[index], input: input,
            fullPrecisionInput: fullPrecisionInput, originals: inputs.calibration.rows,
            importance: tokenImportance(settings)?.units[index],
            settings: settings, pool: pool, progress: progress)
        return CalibratedUnit(unit: unit, sites: sites, settings: settings)
    }

    /// Per-token error weights, measured on first use; nil if settings do not use them.
    private func tokenImportance(_ settings: CalibrationSettings) -> TokenImportance? {
        guard settings.weighsTokens else { return nil }
        if let importance { return importance }
        let images = inputs.calibration.rows(0..<min(inputs.calibration.rows, importanceImages))
        let measured = TokenImportance(of: teacher, images: images, seed: seed, pool: pool)
        importance = measured
        return measured
    }

    /// Calibrates the chain's next unit.
    ///
    /// Takes it from a calibrated model instead if that has the same prefix and calibrated it by the same settings on as
    /// many images, since the same inputs give the same bits.
    ///
    /// - Parameters:
    ///   - chain: The units before.
    ///   - plan: Gives the bits.
    ///   - known: A model that was calibrated before, as far as it is.
    ///   - progress: Called after every site and every layer.
    /// - Returns: The calibrated unit.
    /// - Throws: `PlanError` for an override that is wrong, `QuantizationError` for values that are not finite; what
    ///   `progress` throws.
    func calibrated(
        after chain: UnitChain, plan: RunPlan, known: [CalibratedUnit],
        progress: ((_ done: Int, _ total: Int) throws -> Void)? = nil
    ) throws -> CalibratedUnit {
        let settings = try settings(of: chain.next, plan: plan)
        if let known = self.known(chain.next, after: chain.quantized, settings: settings, in: known) {
            return known
        }
        return try calibrated(
            chain.next, input: chain.prefixInput, fullPrecisionInput: chain.fullPrecisionInput,
            settings: settings, progress: progress)
    }

    /// A unit of a calibrated model that calibrating it once more would give the bits of, whether on the calibration
    /// images themselves or on their views.
    func known(
        _ index: Int, after prefix: [QuantizedUnit], settings: CalibrationSettings, in model: [CalibratedUnit]
    ) -> CalibratedUnit? {
        let available = calibration.images.rows
        let images = max(
            CalibrationSettings.searchedImages(of: units[index], among: available),
            CalibrationSettings.fittedImages(of: units[index], among: available))
        guard model.indices.contains(index), model[index].settings == settings,
            images <= inputs.calibration.rows, model[..<index].map(\.unit) == prefix
        else { return nil }
        return model[index]
    }
}
