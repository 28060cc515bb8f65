internal import Checkpoints
internal import Kernels
internal import Quantization
internal import Reconstruction
internal import Runs
internal import TensorCore
internal import VisionTransformers

/// A model, its images, and what full precision says of them: everything that calibration, sweeps and
/// reconstruction share.
final class QuantizationLab {
    let units: [any ModelUnit]
    let fullPrecision: [PreparedUnit]
    let inputs: RunInputs
    let pool: WorkerPool
    private let weights: [UnitWeights]
    private let seed: UInt64
    private(set) var calibration: ModelCaches
    private var evaluation: ModelCaches?

    /// Prepares the full-precision model and runs it over the calibration images.
    init(inputs: RunInputs, plan: RunPlan, pool: WorkerPool) {
        self.inputs = inputs
        self.pool = pool
        seed = plan.seed
        units = inputs.checkpoint.model.units
        let model = inputs.checkpoint.model
        weights = (plan.hyperparameters.rotate ? model.rotated(seed: plan.seed) : model).weights
        fullPrecision = zip(units, weights).map {
            PreparedUnit(fullPrecision: $0, weights: $1, backward: true)
        }
        calibration = ModelCaches(units: fullPrecision, images: inputs.calibration, pool: pool)
    }

    /// Runs the checkpoint's model over the evaluation images, or without them over the calibration images.
    ///
    /// What models are compared with is the checkpoint as it is, not its rotated form, whose roundings differ.
    ///
    /// - Returns: Its evaluation against itself.
    func prepareCaches() -> Evaluation {
        let checkpoint = zip(units, inputs.checkpoint.model.weights).map {
            PreparedUnit(fullPrecision: $0, weights: $1, backward: false)
        }
        let caches = ModelCaches(
            units: checkpoint, images: inputs.evaluation?.images ?? calibration.images, pool: pool)
        evaluation = caches
        return Engine.evaluation(of: caches.logits, against: caches.logits, labels: inputs.evaluation?.labels)
    }

    /// Evaluates a quantized model on the evaluation images, or without them on the calibration images.
    func evaluate(_ model: [QuantizedUnit]) -> Evaluation {
        let caches = evaluation ?? calibration
        let prepared = zip(model, units).map { $0.prepared(for: $1) }
        let logits = outputs(of: prepared, on: caches.images, pool: pool)
        return Engine.evaluation(of: logits, against: caches.logits, labels: inputs.evaluation?.labels)
    }

    /// The bytes that a quantized model takes when exported: codes, scales, zero points, and what stays in
    /// full precision.
    func bytes(of model: [QuantizedUnit]) -> Int {
        model.reduce(0) { $0 + $1.exportedBytes }
    }

    // MARK: - Calibration

    /// Calibrates one unit.
    ///
    /// - Parameters:
    ///   - index: The unit.
    ///   - input: Its input behind the quantized prefix.
    ///   - fullPrecisionInput: Its input in full precision.
    ///   - plan: Gives the bits.
    /// - Returns: The calibrated unit and how each quantizer fits its site.
    /// - Throws: `PlanError` for an override that is wrong, `QuantizationError` for values that are not finite.
    func calibrated(
        _ index: Int, input: Matrix, fullPrecisionInput: Matrix, plan: RunPlan
    ) throws -> (unit: QuantizedUnit, sites: [CalibratedSite]) {
        let unit = units[index]
        let hyperparameters = try plan.hyperparameters(of: unit.name)
        let settings = CalibrationSettings(
            hyperparameters,
            weightBits: unit.linears.map {
                plan.bits(of: "\($0.name).weight", otherwise: hyperparameters.weightBits)
            },
            activationBits: unit.sites.map {
                plan.bits(of: $0.name, otherwise: hyperparameters.activationBits)
            })
        return try calibrate(
            unit, weights: weights[index], fullPrecision: fullPrecision[index], input: input,
            fullPrecisionInput: fullPrecisionInput, settings: settings, pool: pool)
    }

    /// Calibrates every unit in order, each on the outputs of the ones before.
    ///
    /// - Parameters:
    ///   - plan: Gives the bits.
    ///   - progress: Called before each unit with its index and the number of units.
    /// - Returns: The calibrated units.
    /// - Throws: What `calibrated` and `progress` throw.
    func calibratedModel(
        plan: RunPlan, progress: (Int, Int) throws -> Void
    ) throws -> [QuantizedUnit] {
        var (input, fullPrecisionInput) = (calibration.images, calibration.images)
        var model: [QuantizedUnit] = []
        for index in units.indices {
            try progress(index, units.count)
            let unit = try calibrated(
                index, input: input, fullPrecisionInput: fullPrecisionInput, plan: plan
            ).unit
            model.append(unit)
            if index < units.count - 1 {
                input = outputs(of: [unit.prepared(for: units[index])], on: input, pool: pool)
                fullPrecisionInput = outputs(of: [fullPrecision[index]], on: fullPrecisionInput, pool: pool)
            }
        }
        return model
    }

    // MARK: - The chain of units

    /// How far a run has come: the units quantized so far and what the next one reads.
    struct Chain {
        var quantized: [QuantizedUnit]
        /// The quantized prefix's output over the calibration images.
        var prefixInput: Matrix
        /// The full-precision prefix's output over the calibration images.
        var fullPrecisionInput: Matrix
    }

    /// The chain before the first unit.
    func startChain() -> Chain {
        Chain(quantized: [], prefixInput: calibration.images, fullPrecisionInput: calibration.images)
    }

    /// The chain behind one more unit.
    func advance(_ chain: Chain, with unit: QuantizedUnit) -> Chain {
        let index = chain.quantized.count
        return Chain(
            quantized: chain.quantized + [unit],
            prefixInput: outputs(of: [unit.prepared(for: units[index])], on: chain.prefixInput, pool: pool),
            fullPrecisionInput: outputs(of: [fullPrecision[index]], on: chain.fullPrecisionInput, pool: pool))
    }

    /// What a reconstruction of the chain's next unit starts from.
    func task(for unit: QuantizedUnit, in chain: Chain) -> ReconstructionTask {
        let index = chain.quantized.count
        return ReconstructionTask(
            unit: units[index], state: unit, fullPrecision: fullPrecision[index],
            prefixInput: chain.prefixInput,
            fullPrecisionInput: chain.fullPrecisionInput,
            target: outputs(of: [fullPrecision[index]], on: chain.fullPrecisionInput, pool: pool),
            suffix: Array(fullPrecision[(index + 1)...]), logits: calibration.logits,
            features: calibration.features)
    }

    /// How good a candidate for the chain's next unit is, over all calibration images.
    ///
    /// - Returns: The block term (for the head, the divergence of logits), and the divergence of the model's
    ///   logits with the units behind in full precision, in nats.
    func score(_ unit: QuantizedUnit, task: ReconstructionTask, chain: Chain) -> (loss: Double, kl: Double) {
        let index = chain.quantized.count
        let output = outputs(of: [unit.prepared(for: units[index])], on: chain.prefixInput, pool: pool)
        let logits = task.isHead ? output : outputs(of: task.suffix, on: output, pool: pool)
        let kl = divergence(of: logits, from: calibration.logits)
        guard !task.isHead else { return (kl, kl) }
        return (squaredDistance(output, task.target) / Double(output.rows * output.columns), kl)
    }
}
