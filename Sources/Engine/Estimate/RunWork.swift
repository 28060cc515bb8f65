internal import Quantization
internal import Reconstruction
internal import Runs
internal import VisionTransformers
internal import Vocabulary

/// The work of a run, counted in floating-point operations of products, in values that ranges are searched on, and in
/// bytes.
struct RunWork {
    let units: [UnitCost]
    /// The number of calibration images.
    let originals: Int
    /// The number of views that these have together.
    let images: Int
    /// The number of images that whole models are evaluated on.
    let evaluated: Int
    /// The number of held-out images.
    let heldOut: Int
    /// Whether the evaluation images are others than the calibration images.
    let isEvaluated: Bool
    /// The steps that MLPs are refitted with before the first unit; 0 without a refit.
    let refitSteps: Int

    /// Operations of products and values searched.
    typealias Amount = (operations: Double, searched: Double)

    /// How much longer a quantized forward pass takes than one in full precision, products and all.
    ///
    /// This and the numbers below are fitted to runs of the bundled ViT and of a DINOv2 ViT-S/14; see
    /// docs/decisions/0012-estimates-from-one-short-pass.md.
    static let quantizedForward = 2.0
    /// What a backward pass through a unit that learns takes, in forward passes.
    static let learningBackward = 2.0
    /// What a backward pass through a frozen unit takes, in forward passes.
    static let frozenBackward = 1.3
    /// What the program takes before it works, in bytes.
    static let programBytes = 64_000_000
    /// Memory that the allocator keeps, as a share of the memory in use.
    static let allocatorShare = 0.15
    /// The time in which one thread searches the range of one value, in seconds.
    static let secondsPerSearchedValue = 30e-9

    private func forward(_ range: some Sequence<Int>) -> Double {
        range.reduce(0) { $0 + units[$1].operations }
    }

    /// The images of so many that a unit's ranges are searched on.
    private func searchedImages(_ unit: Int, among available: Int) -> Int {
        CalibrationSettings.searchedImages(of: units[unit].unit, among: available)
    }

    /// The images of so many that a unit's weights are solved for on; 0 where they are rounded to the nearest codes.
    private func fittingImages(_ unit: Int, _ values: Hyperparameters, among available: Int) -> Int {
        values.weightSolver == .nearest
            ? 0 : CalibrationSettings.fittedImages(of: units[unit].unit, among: available)
    }

    /// The work of calibrating a unit on so many images.
    private func calibration(_ unit: Int, _ values: Hyperparameters, on available: Int) -> Amount {
        let images = searchedImages(unit, among: available)
        let searched = Double(images * units[unit].siteValues + units[unit].weights)
        let fitting = Double(fittingImages(unit, values, among: available)) * units[unit].fittingOperations
        // Levels that are chosen by the unit's output take a pass for each candidate.
        let kinds = units[unit].unit.sites.map(\.kind)
        let levels = [
            (SiteKind.attention, values.attentionLevels.candidates.count),
            (.gelu, values.geluLevels.candidates.count),
        ]
        let candidates = levels.reduce(0) { $0 + ($1.1 > 1 && kinds.contains($1.0) ? $1.1 : 0) }
        let passesOverOutput = 1 + Double(candidates) * Self.quantizedForward
        return (Double(images) * units[unit].operations * passesOverOutput + fitting, searched)
    }

    /// How MLPs are refitted with ReLU; nil where they keep GELU.
    private var mlpRefit: MLPRefit? { refitSteps > 0 ? MLPRefit(steps: refitSteps, seed: 0) : nil }

    /// The operations of refitting every MLP with ReLU: each is read in one pass and fitted by eight products a step.
    private var refit: Double {
        guard let mlpRefit else { return 0 }
        let products = units.reduce(0.0) { sum, unit in
            guard let block = unit.unit.block else { return sum }
            let layers = [block.linears[block.mlp.fc1], block.linears[block.mlp.fc2]]
            return sum + layers.reduce(0.0) { $0 + 2 * Double($1.inputs * $1.outputs) }
        }
        let rowsOfSteps = Double(mlpRefit.steps) * Double(mlpRefit.rows)
        return 4 * rowsOfSteps * products + Double(images) * forward(units.indices)
    }

    /// Whether the importance of tokens is measured for a unit.
    private func weighsTokens(_ values: Hyperparameters) -> Bool {
        CalibrationSettings(values, weightBits: [], activationBits: []).weighsTokens
    }

    /// The operations before the first unit.
    func preparation(_ values: [Hyperparameters]) -> Double {
        let whole = forward(units.indices)
        var operations = Double(images) * whole
        if values[0].centreActivations {
            operations += Double(min(originals, centringImages)) * whole
        }
        if values[0].balanceHeads {
            operations += Double(min(originals, balancingImages)) * whole
        }
        if values.contains(where: weighsTokens) {
            operations += Double(min(originals, importanceImages)) * whole * (1 + Self.frozenBackward)
        }
        return operations + refit
    }

    /// The work of what is measured for comparison only, between units.
    func baselines(_ values: [Hyperparameters]) -> Amount {
        let whole = forward(units.indices)
        // The checkpoint, and the calibrated model.
        var operations = Double((isEvaluated ? evaluated : 0) + heldOut) * whole
        operations +=
            Double(originals + evaluated) * whole * Self.quantizedForward + Double(originals) * whole
        var models = [values]
        if heldOut > 0, values.contains(where: { $0.weightSolver != .nearest }) {
            // Once more with weights rounded to the nearest codes, for comparison.
            operations += Double(originals) * whole * (1 + Self.quantizedForward)
            models.append(
                values.map { values in
                    var nearest = values
                    nearest.weightSolver = .nearest
                    return nearest
                })
        }
        var searched = 0.0
        for (model, values) in models.enumerated() {
            for unit in units.indices {
                operations += Double(heldOut) * forward(unit..<units.count)
                // Units that a run only calibrates are those of its calibrated model.
                if model == 0, values[...unit].allSatisfy({ $0.steps == 0 }) { continue }
                let calibration = calibration(unit, values[unit], on: originals)
                operations += calibration.operations
                searched += calibration.searched
            }
        }
        return (operations, searched)
    }

    /// The work of one unit: its inputs and its calibration, its steps, the comparison of its states.
    ///
    /// - Parameters:
    ///   - index: The unit.
    ///   - all: Every unit's hyperparameters.
    /// - Returns: The amounts; of steps and comparison the operations.
    func unit(
        _ index: Int, _ all: [Hyperparameters]
    ) -> (calibration: Amount, steps: Double, judgement: Double) {
        let values = all[index]
        let own = units[index].operations
        let suffix = forward(index + 1..<units.count)
        let candidates = values.steps > 0 ? 2.0 : 1
        var calibration = calibration(index, values, on: images)
        // The target, and the passes that advance the chain past the unit.
        calibration.operations += Double(images) * own * (1 + Self.quantizedForward)
        let judgement =
            Double(min(originals, ReconstructionTask.scoredImages)) * candidates
            * (own * Self.quantizedForward + suffix)
            + Double(heldOut) * (2 * own * Self.quantizedForward + suffix)
        let learns = own * (Self.quantizedForward + Self.learningBackward)
        let global =
            values.globalWeight > 0 ? values.globalShare * suffix * (1 + Self.frozenBackward) : 0
        let local = values.localWeight > 0 ? own : 0
        // Gradient norms are measured at about 21 steps, with up to two more backward passes and references.
        let probes = min(21.0, Double(values.lastStep)) * 2 * (own * Self.learningBackward + local)
        let steps =
            Double(values.images(ofStepAt: units[index].unit.output.rows, among: images))
            * (Double(values.lastStep) * (learns + global + local) + probes)
        guard index == units.count - 1, values.lastJointStep > 0 else {
            return (calibration, steps, judgement)
        }
        // The teacher, and the model that learns.
        let whole = forward(units.indices) * (1 + Self.quantizedForward + Self.learningBackward)
        let joint = Double(values.lastJointStep * min(values.batch, originals)) * whole
        return (calibration, steps + joint, judgement)
    }

    /// The operations after the last unit.
    var evaluation: Double { Double(evaluated) * forward(units.indices) * Self.quantizedForward }

    // MARK: - Memory

    /// The greatest memory at one time, by purpose.
    func memory(
        _ values: [Hyperparameters], threads: Int, pixels: Int, classes: Int
    ) -> [RunEstimate.Memory] {
        let parameters = units.reduce(0) { $0 + $1.parameters }
        // Of the evaluation images, which are read again for every evaluation, one batch at a time.
        let inputs = (images + (isEvaluated ? min(evaluated, imagesPerBatch) : 0) + heldOut) * pixels
        // Input and output of both prefixes, the target, and the candidate.
        let caches = units.map {
            (images * (2 * $0.input + 4 * $0.output)) + heldOut * ($0.input + $0.output)
        }
        let work = units.indices.map { unit in
            max(
                searchedImages(unit, among: images) * (units[unit].tape + units[unit].output)
                    + (values[unit].weightSolver == .nearest ? 0 : units[unit].fittingFloats),
                values[unit].steps > 0
                    ? workspace(unit, values[unit], threads: threads, classes: classes) : 0,
                unit == 0 && values.contains(where: weighsTokens)
                    ? threads * ModelPass.imagesPerTask(rows: units.map(\.unit.rows).max() ?? 1)
                        * twoWayPass(units[...])
                    : 0,
                refitFloats(unit),
                unit == units.count - 1 && values[unit].lastJointStep > 0
                    ? jointWorkspace(values[unit], threads: threads) : 0
            )
        }
        // Caches of all images and the workspace peak at different units.
        let greatest = units.indices.max { caches[$0] + work[$0] < caches[$1] + work[$1] } ?? 0
        func bytes(_ floats: Int) -> Int { floats * MemoryLayout<Float>.size }
        let parts = [
            // The checkpoint's, the rotated ones, two packed forms, the calibrated model's and the quantized one's; those
            // that were refitted with ReLU, and their packed form.
            RunEstimate.Memory(
                purpose: "weights", bytes: bytes((refitSteps > 0 ? 8 : 6) * parameters)),
            RunEstimate.Memory(purpose: "images", bytes: bytes(inputs)),
            RunEstimate.Memory(purpose: "activations of all images", bytes: bytes(caches[greatest])),
            RunEstimate.Memory(purpose: "work on one unit", bytes: bytes(work[greatest])),
        ]
        let sum = parts.reduce(0) { $0 + $1.bytes }
        return parts + [
            RunEstimate.Memory(
                purpose: "the program and its allocator",
                bytes: Self.programBytes + Int(Double(sum) * Self.allocatorShare))
        ]
    }

    /// The floats of passes through units and back, for one image.
    private func twoWayPass(_ units: ArraySlice<UnitCost>) -> Int {
        units.reduce(0) { $0 + $1.tape + 2 * $1.output + $1.scratch }
    }

    /// The floats of refitting a unit's MLP with ReLU; 0 without one.
    private func refitFloats(_ index: Int) -> Int {
        guard let mlpRefit, let block = units[index].unit.block else { return 0 }
        let wide = block.givingAllTokens
        return mlpRefit.floats(
            rows: refittedImages(of: block, among: images) * wide.output.rows, width: wide.output.columns,
            hidden: block.linears[block.mlp.fc1].outputs)
    }

    /// The floats of learning all units together.
    private func jointWorkspace(_ values: Hyperparameters, threads: Int) -> Int {
        let batch = min(values.batch, originals)
        let perTask = ModelPass.imagesPerTask(
            learning: units.map(\.unit.rows).max() ?? 1, batch: batch)
        return units.reduce(0) { sum, unit in
            let worker = unit.tape + unit.output + unit.scratch
            // Weight, effective weight, gradient, two moments, two packed forms.
            return sum + batch * (unit.tape + 2 * unit.output) + threads * perTask * worker + 7 * unit.weights
        }
    }

    /// The floats of a reconstruction's loop.
    private func workspace(_ index: Int, _ values: Hyperparameters, threads: Int, classes: Int) -> Int {
        let unit = units[index]
        let batch = values.images(ofStepAt: unit.unit.output.rows, among: images)
        let perTask = ModelPass.imagesPerTask(learning: unit.unit.rows, batch: batch)
        let suffix = twoWayPass(units[(index + 1)...])
        let worker = 2 * unit.tape + unit.input + 2 * unit.output + unit.scratch + suffix + classes
        // Weight, rounding variables, effective weight, gradient, two moments, two packed forms.
        let learners = (values.rounding == .adaround ? 8 : 7) * unit.weights
        return batch * (unit.tape + unit.input + 3 * unit.output) + threads * perTask * worker + learners
    }
}
