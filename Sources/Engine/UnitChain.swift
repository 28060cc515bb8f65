internal import Checkpoints
internal import Kernels
internal import Quantization
internal import Reconstruction
internal import Runs
internal import TensorCore
internal import VisionTransformers
internal import Vocabulary

/// The quantized prefix of a model and the inputs of the next unit.
///
/// A run grows one chain from the images to the head; each attempt starts from the chain before its unit:
///
///     var chain = lab.startChain()
///     while chain.next < lab.units.count - 1 {
///         let calibrated = try lab.calibrated(after: chain, plan: plan, known: [])
///         chain = lab.advance(chain, with: calibrated.unit, attempt: 1)
///     }
///
/// It holds activations of all images, so that one chain is kept at a time.
struct UnitChain {
    /// The attempts that the units come from, in order.
    var attempts: [Int]
    var quantized: [QuantizedUnit]
    /// The quantized prefix's output over the calibration images.
    var prefixInput: Matrix
    /// The full-precision prefix's output over the calibration images.
    var fullPrecisionInput: Matrix
    /// The next unit's output in full precision over the calibration images.
    var fullPrecisionOutput: Matrix
    /// The quantized prefix's output over the held-out images; nil without any.
    var heldOutInput: Matrix?

    /// The index of the unit that comes next.
    var next: Int { quantized.count }
}

extension QuantizationLab {
    /// The chain before the first unit.
    ///
    /// - Parameter progress: Called while images run.
    /// - Returns: The chain.
    /// - Throws: What `progress` throws.
    func startChain(progress: ImageProgress? = nil) throws -> UnitChain {
        UnitChain(
            attempts: [], quantized: [], prefixInput: calibration.images,
            fullPrecisionInput: calibration.images,
            fullPrecisionOutput: try outputs(
                of: [teacher[0]], on: calibration.images, pool: pool, progress: progress),
            heldOutInput: inputs.heldOut?.images)
    }

    /// The chain after one more unit, which must not be the last.
    ///
    /// - Parameters:
    ///   - chain: The units before.
    ///   - unit: The chain's next unit, quantized.
    ///   - attempt: The attempt that it comes from.
    ///   - progress: Called while images run, through the unit and then through the teacher's next one.
    /// - Returns: The longer chain.
    /// - Throws: What `progress` throws.
    func advance(
        _ chain: UnitChain, with unit: QuantizedUnit, attempt: Int, progress: ImageProgress? = nil
    ) throws -> UnitChain {
        let prepared = [unit.prepared(for: units[chain.next])]
        let prefixInput = try outputs(of: prepared, on: chain.prefixInput, pool: pool) { done, total in
            try progress?(done, 2 * total)
        }
        return UnitChain(
            attempts: chain.attempts + [attempt], quantized: chain.quantized + [unit],
            prefixInput: prefixInput,
            fullPrecisionInput: chain.fullPrecisionOutput,
            fullPrecisionOutput: try outputs(
                of: [teacher[chain.next + 1]], on: chain.fullPrecisionOutput, pool: pool
            ) { done, total in try progress?(total + done, 2 * total) },
            heldOutInput: chain.heldOutInput.map { outputs(of: prepared, on: $0, pool: pool) })
    }

    /// The task of reconstructing the chain's next unit.
    func task(for unit: QuantizedUnit, in chain: UnitChain) -> ReconstructionTask {
        let index = chain.next
        return ReconstructionTask(
            unit: units[index], state: unit, fullPrecision: fullPrecision[index],
            prefixInput: chain.prefixInput, fullPrecisionInput: chain.fullPrecisionInput,
            target: chain.fullPrecisionOutput,
            suffix: Array(teacher[(index + 1)...]), logits: calibration.logits,
            features: calibration.features, originals: inputs.calibration.rows)
    }

    /// The task of learning all units of a model together, on new views of the calibration images.
    func jointTask(of model: [QuantizedUnit], plan: RunPlan) -> ModelReconstruction.Task {
        let newViews = newViews(plan)
        return ModelReconstruction.Task(
            teacher: teacher, units: units, model: model, images: inputs.calibration.rows, views: newViews)
    }

    /// What gives new views of the calibration images.
    private func newViews(_ plan: RunPlan) -> ModelReconstruction.Task.Views {
        let (images, shape, pool) = (inputs.calibration, inputs.checkpoint.model.configuration, pool)
        let views = CalibrationViews(
            count: 1, flips: plan.hyperparameters.viewFlip, shift: plan.hyperparameters.viewShift)
        return { views.newViews(of: $0, among: images, for: shape, generator: &$1, pool: pool) }
    }

    /// The divergence of a model's logits from the teacher's, over the calibration images that units are scored on.
    func calibrationKL(of model: [QuantizedUnit]) throws -> Double {
        let count = min(inputs.calibration.rows, ReconstructionTask.scoredImages)
        let logits = try outputs(
            of: prepared(model), on: inputs.calibration.rows(0..<count), pool: pool, progress: nil)
        return divergence(of: logits, from: calibrationLogits.rows(0..<count))
    }

    /// The same of each of some models, over views of these images that no unit has learned from.
    func newViewsKL(of models: [[QuantizedUnit]], plan: RunPlan) throws -> [Double] {
        let count = min(inputs.calibration.rows, ReconstructionTask.scoredImages)
        var generator = SeededGenerator(seed: plan.seed, stream: "views that judge all units")
        let views = newViews(plan)(Array(0..<count), &generator)
        let targets = try outputs(of: teacher, on: views, pool: pool, progress: nil)
        return try models.map {
            divergence(
                of: try outputs(of: prepared($0), on: views, pool: pool, progress: nil), from: targets)
        }
    }

    /// The block term of a candidate for the chain's next unit, over the images that it is scored on; for the head, the
    /// divergence of logits.
    ///
    /// Their augmented views give the same answer and would cost more than many steps.
    ///
    /// - Parameters:
    ///   - unit: The candidate.
    ///   - task: The task of reconstructing it.
    ///   - chain: The units before.
    /// - Returns: The term, and the candidate's outputs for those images.
    func loss(
        of unit: QuantizedUnit, task: ReconstructionTask, chain: UnitChain
    ) -> (loss: Double, output: Matrix) {
        let input = chain.prefixInput.rows(0..<task.scored * task.unit.input.rows)
        let output = outputs(of: [unit.prepared(for: task.unit)], on: input, pool: pool)
        guard !task.isHead else { return (divergence(of: output, from: task.scoredLogits), output) }
        let target = task.target.rows(0..<output.rows)
        return (squaredDistance(output, target) / Double(output.rows * output.columns), output)
    }

    /// Scores a candidate for the chain's next unit on the calibration images only.
    ///
    /// - Parameters:
    ///   - unit: The candidate.
    ///   - task: The task of reconstructing it.
    ///   - chain: The units before.
    ///   - progress: Called while images run.
    /// - Returns: The block term, as `loss`, and the divergence of the model's logits with the suffix in full precision,
    ///   in nats.
    /// - Throws: What `progress` throws.
    func score(
        _ unit: QuantizedUnit, task: ReconstructionTask, chain: UnitChain, progress: ImageProgress? = nil
    ) throws -> (loss: Double, kl: Double) {
        let (loss, output) = loss(of: unit, task: task, chain: chain)
        guard !task.isHead else { return (loss, loss) }
        let logits = try outputs(of: task.suffix, on: output, pool: pool, progress: progress)
        return (loss, divergence(of: logits, from: task.scoredLogits))
    }

    /// Evaluates the model on the held-out images with the chain's next unit quantized and the suffix in full precision;
    /// nil without held-out images.
    ///
    /// - Parameters:
    ///   - unit: The unit.
    ///   - chain: The units before.
    ///   - measuresNoiseFloor: Whether the images are run again with noise, through the whole model.
    ///   - progress: Called while images run.
    /// - Returns: The evaluation, KL(full ‖ quantized) at every image in nats, and the noise floor, if it is wanted.
    /// - Throws: What `progress` throws.
    func heldOutEvaluation(
        _ unit: QuantizedUnit, in chain: UnitChain, measuresNoiseFloor: Bool = false,
        progress: ImageProgress? = nil
    ) throws -> (evaluation: Evaluation, divergences: [Float], floor: NoiseFloor?)? {
        guard let heldOut = try heldOutImages(), let input = chain.heldOutInput else {
            return nil
        }
        let logits = try outputs(
            of: [unit.prepared(for: units[chain.next])] + teacher[(chain.next + 1)...], on: input,
            pool: pool, progress: progress)
        return try heldOutEvaluation(
            of: logits, of: chain.quantized + [unit], heldOut, measuresNoiseFloor, progress)
    }

    /// Evaluates a whole model on the held-out images, as `heldOutEvaluation(_:in:)`; nil without held-out images.
    func heldOutEvaluation(
        ofModel model: [QuantizedUnit], measuresNoiseFloor: Bool, progress: ImageProgress? = nil
    ) throws -> (evaluation: Evaluation, divergences: [Float], floor: NoiseFloor?)? {
        guard let heldOut = try heldOutImages() else { return nil }
        let logits = try outputs(of: prepared(model), on: heldOut.images, pool: pool, progress: progress)
        return try heldOutEvaluation(of: logits, of: model, heldOut, measuresNoiseFloor, progress)
    }

    private func heldOutEvaluation(
        of logits: Matrix, of model: [QuantizedUnit], _ heldOut: HeldOutImages, _ measuresNoiseFloor: Bool,
        _ progress: ImageProgress?
    ) throws -> (evaluation: Evaluation, divergences: [Float], floor: NoiseFloor?) {
        let (evaluation, divergences) = heldOut.fidelity(of: logits)
        let floor =
            measuresNoiseFloor
            ? try noiseFloor(of: model, logits: logits, on: heldOut.images, progress: progress) : nil
        return (evaluation, divergences, floor)
    }

    /// How far a model's logits move when the images do.
    private func noiseFloor(
        of model: [QuantizedUnit], logits: Matrix, on images: Matrix, progress: ImageProgress?
    ) throws -> NoiseFloor {
        let prepared = prepared(model)
        let disturbed = try (0..<PixelNoise.draws).map { draw in
            try outputs(
                of: prepared, on: PixelNoise.disturbed(images, firstImage: 0, draw: draw), pool: pool,
                progress: progress)
        }
        return Engine.noiseFloor(of: logits, disturbed: disturbed)
    }

    /// The plan with weights rounded to the nearest codes; nil if every unit does so already.
    func planOfNearestCodes(_ plan: RunPlan) throws(PlanError) -> RunPlan? {
        var isOther = false
        for unit in units where try plan.hyperparameters(of: unit.name).weightSolver != .nearest {
            isOther = true
        }
        guard isOther else { return nil }
        var result = plan
        let solver = HyperparameterChange(key: "weight_solver", value: WeightSolver.nearest.rawValue)
        result.units.append(UnitOverride(match: "*", changes: [solver]))
        return result
    }
}
