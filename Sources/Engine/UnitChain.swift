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
///         let calibrated = try lab.calibrated(after: chain, plan: plan, known: nil)
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
    func startChain() -> UnitChain {
        UnitChain(
            attempts: [], quantized: [], prefixInput: calibration.images,
            fullPrecisionInput: calibration.images,
            fullPrecisionOutput: outputs(of: [teacher[0]], on: calibration.images, pool: pool),
            heldOutInput: heldOut?.images)
    }

    /// The chain after one more unit, which must not be the last.
    func advance(_ chain: UnitChain, with unit: QuantizedUnit, attempt: Int) -> UnitChain {
        let prepared = [unit.prepared(for: units[chain.next])]
        return UnitChain(
            attempts: chain.attempts + [attempt], quantized: chain.quantized + [unit],
            prefixInput: outputs(of: prepared, on: chain.prefixInput, pool: pool),
            fullPrecisionInput: chain.fullPrecisionOutput,
            fullPrecisionOutput: outputs(
                of: [teacher[chain.next + 1]], on: chain.fullPrecisionOutput, pool: pool),
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

    /// Scores a candidate for the chain's next unit on the calibration images only.
    ///
    /// Their augmented views give the same answer and would cost more than many steps.
    ///
    /// - Returns: The block term (for the head, the divergence of logits), and the divergence of the model's
    ///   logits with the suffix in full precision, in nats.
    func score(
        _ unit: QuantizedUnit, task: ReconstructionTask, chain: UnitChain
    ) -> (loss: Double, kl: Double) {
        let input = chain.prefixInput.rows(0..<task.originals * task.unit.input.rows)
        let output = outputs(of: [unit.prepared(for: task.unit)], on: input, pool: pool)
        let logits = task.isHead ? output : outputs(of: task.suffix, on: output, pool: pool)
        let kl = divergence(of: logits, from: calibrationLogits)
        guard !task.isHead else { return (kl, kl) }
        let target = task.target.rows(0..<output.rows)
        return (squaredDistance(output, target) / Double(output.rows * output.columns), kl)
    }

    /// Evaluates the model on the held-out images with the chain's next unit quantized and the suffix in full precision;
    /// nil without held-out images.
    ///
    /// - Returns: The evaluation, and KL(full ‖ quantized) at every image in nats.
    func heldOutEvaluation(
        _ unit: QuantizedUnit, in chain: UnitChain
    ) -> (evaluation: Evaluation, divergences: [Float])? {
        guard let heldOut, let input = chain.heldOutInput else { return nil }
        return heldOut.fidelity(
            of: outputs(
                of: [unit.prepared(for: units[chain.next])] + teacher[(chain.next + 1)...], on: input,
                pool: pool))
    }

    /// Calibrates every unit as at the start of a run, and evaluates each prefix on the held-out images.
    ///
    /// - Parameters:
    ///   - plan: Gives the bits.
    ///   - measuresHeldOut: Whether prefixes are evaluated, if there are held-out images. If the plan has another weight
    ///     solver, so are those of the model with weights rounded to the nearest codes.
    ///   - progress: Called before each unit with the number of units that are calibrated and their total.
    /// - Returns: The calibrated units, and the evaluations on held-out images; nil without such images.
    /// - Throws: What `calibrated` and `progress` throw.
    func baseline(
        plan: RunPlan, measuresHeldOut: Bool, progress: (Int, Int) throws -> Void
    ) throws -> (model: [CalibratedUnit], heldOut: HeldOutBaseline?) {
        guard measuresHeldOut, let heldOut else {
            return (try calibratedModel(plan: plan, progress: progress), nil)
        }
        let nearest = try planOfNearestCodes(plan)
        let total = nearest == nil ? units.count : 2 * units.count
        let (model, evaluations) = try evaluatedPrefixes(plan, on: heldOut) { unit in
            try progress(unit, total)
        }
        let rounded = try nearest.map { plan in
            try evaluatedPrefixes(plan, on: heldOut) { unit in try progress(units.count + unit, total) }
                .evaluations
        }
        return (model, heldOut.baseline(calibrated: evaluations, roundedToNearest: rounded))
    }

    /// A calibrated model, and the evaluation of each of its prefixes with the suffix in full precision.
    private func evaluatedPrefixes(
        _ plan: RunPlan, on heldOut: HeldOutImages, progress: (Int) throws -> Void
    ) throws -> (model: [CalibratedUnit], evaluations: [Evaluation]) {
        var input = heldOut.images
        var evaluations: [Evaluation] = []
        let model = try calibratedModel(plan: plan, progress: { unit, _ in try progress(unit) }) {
            index, unit in
            input = outputs(of: [unit.prepared(for: units[index])], on: input, pool: pool)
            let suffix = Array(teacher[(index + 1)...])
            let logits = suffix.isEmpty ? input : outputs(of: suffix, on: input, pool: pool)
            evaluations.append(heldOut.evaluation(of: logits))
        }
        return (model, evaluations)
    }

    /// The plan with weights rounded to the nearest codes; nil if every unit does so already.
    private func planOfNearestCodes(_ plan: RunPlan) throws(PlanError) -> RunPlan? {
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
