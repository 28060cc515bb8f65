internal import Kernels
internal import Quantization
internal import Reconstruction
internal import Runs
internal import TensorCore
internal import VisionTransformers
internal import Vocabulary

/// How far a model is quantized: the units so far and what the next one reads.
struct UnitChain {
    /// The attempts that the units are of, in order.
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

    /// The chain behind one more unit, which is not the last and of which this is the given attempt.
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

    /// What a reconstruction of the chain's next unit starts from.
    func task(for unit: QuantizedUnit, in chain: UnitChain) -> ReconstructionTask {
        let index = chain.next
        return ReconstructionTask(
            unit: units[index], state: unit, fullPrecision: fullPrecision[index],
            prefixInput: chain.prefixInput, fullPrecisionInput: chain.fullPrecisionInput,
            target: chain.fullPrecisionOutput,
            suffix: Array(teacher[(index + 1)...]), logits: calibration.logits,
            features: calibration.features, originals: inputs.calibration.rows)
    }

    /// How good a candidate for the chain's next unit is, over the calibration images themselves: their views would tell
    /// the same, and the passes through the units behind take longer than many steps.
    ///
    /// - Returns: The block term (for the head, the divergence of logits), and the divergence of the model's
    ///   logits with the units behind in full precision, in nats.
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

    /// How the model does on the held-out images with the chain's next unit quantized and those behind in full
    /// precision; nil without such images.
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

    /// Calibrates every unit as a run does at its start, and evaluates each prefix of it on the held-out images.
    ///
    /// - Parameters:
    ///   - plan: Gives the bits.
    ///   - measuresHeldOut: Whether prefixes are evaluated, if there are held-out images; also those of the same model
    ///     with weights rounded to the nearest codes, where the plan asks for another solver.
    ///   - progress: Called before each unit with the number of units that are calibrated and will be.
    /// - Returns: The calibrated units, and what held-out images say; nil without such images.
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

    /// A calibrated model, and an evaluation of the units through each one with those behind in full precision.
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

    /// The plan with weights rounded to the nearest codes; nil where that is what it asks for in every unit.
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
