package import Quantization
package import TensorCore
internal import VisionTransformers
package import Vocabulary

/// The reconstruction of one unit, step by step: block, global and local supervision, fused.
///
/// A step draws a batch, has the terms and their gradients evaluated on it (`TermEvaluator`), and lets Adam move weights
/// or rounding variables, biases and activation scales (`StepOptimizer`):
///
///     let reconstruction = UnitReconstruction(task, settings: plan.hyperparameters, seed: plan.seed, pool: pool)
///     while !reconstruction.isFinished { record(reconstruction.step()) }
///     let unit = try reconstruction.finish()
///
/// The same task and settings give the same bits for any number of threads.
package final class UnitReconstruction {
    let settings: Hyperparameters
    /// The unit's index and the attempt's number, which samples carry.
    private let label: (unit: Int, attempt: Int)
    private let start: QuantizedUnit
    let learned: LearnedUnit
    let evaluator: TermEvaluator
    private(set) var optimizer: StepOptimizer
    private(set) var metricEstimator: BlockMetricEstimator
    /// The images that are learned from, and those that only validate.
    let images: (learned: [Int], validation: [Int])
    private var batches: ShuffledBatches
    private var batchOrder: SeededGenerator
    private var dropSeeds: SeededGenerator
    private(set) var fusion: TermFusion
    /// The factors of the terms on the calibrated unit, without schedules, so that validation losses compare.
    private let validationFactors: PerTerm<Double>
    private var validations = ValidationRecord()
    private var completed = 0
    /// Judges the unit; nil where rates are never lowered.
    private var backoff: RateBackoff?
    /// The images that the unit is judged on.
    private var judged: [Int] = []
    /// The step after which the optimiser began anew.
    private var origin = 0
    private var hasGivenUp = false
    /// The change of learning rates by the last step; nil if there was none.
    package private(set) var rateChange: RateChange?

    /// Prepares a reconstruction: measures the metric of the block term and what the terms are divided by.
    ///
    /// - Parameters:
    ///   - task: The unit and its caches.
    ///   - index: The unit's index, which samples carry.
    ///   - attempt: The attempt's number, which samples carry.
    ///   - settings: How to reconstruct it.
    ///   - seed: Decides the order of images, drops and the perturbation of `aphq`.
    ///   - pool: The threads.
    package init(
        _ task: ReconstructionTask, index: Int = 0, attempt: Int = 1, settings: Hyperparameters, seed: UInt64,
        pool: WorkerPool
    ) {
        let name = task.unit.name
        images = Self.split(task, share: settings.validationShare, seed: seed)
        let settings = settings.applicable(to: task, images: images.learned.count)
        self.settings = settings
        label = (index, attempt)
        start = task.state
        learned = LearnedUnit(task.state, linears: task.unit.linears, settings: settings)
        evaluator = TermEvaluator(task, learned, settings: settings, pool: pool)
        optimizer = StepOptimizer(learned)
        metricEstimator = BlockMetricEstimator(evaluator, seed: seed)
        batches = ShuffledBatches(images.learned)
        batchOrder = SeededGenerator(seed: seed, stream: "batches of \(name)")
        dropSeeds = SeededGenerator(seed: seed, stream: "drops of \(name)")
        evaluator.metric = metricEstimator.start(on: images.learned)
        fusion = TermFusion(settings.fusion)
        var draw = SeededGenerator(seed: seed, stream: "divisors of \(name)")
        fusion.start(evaluator.startingTerms(of: images.learned, draw: &draw))
        validationFactors = fusion.factors(settings.weights)
        validateIfDue()
        if settings.backoffs > 0 {
            var choice = SeededGenerator(seed: seed, stream: "judged of \(name)")
            // A head is quick to run on all images that it is scored on.
            judged =
                task.isHead
                ? images.learned.filter { $0 < task.scored }
                : choice.permutation(of: images.learned.count).prefix(RateBackoff.images)
                    .map { images.learned[$0] }
            backoff = RateBackoff(
                allowed: settings.backoffs, limits: task.isHead ? .head : .usual,
                start: blockTerm(on: judged), state: learned.snapshot)
        }
    }

    /// Splits the images into those that are learned from and those that validate.
    private static func split(
        _ task: ReconstructionTask, share: Double, seed: UInt64
    ) -> (learned: [Int], validation: [Int]) {
        var generator = SeededGenerator(seed: seed, stream: "kept of \(task.unit.name)")
        let shuffled = generator.permutation(of: task.originals)
        let count = min(Int((share * Double(task.originals)).rounded()), task.originals - 1)
        let validation = Set(shuffled.prefix(count))
        // Nothing is learned from any view of a validation image.
        return ((0..<task.images).filter { !validation.contains($0 % task.originals) }, validation.sorted())
    }

    /// Whether anything can be learned at these bits.
    package var learnsAnything: Bool { learned.learnsAnything }

    /// Whether learning should end: all steps are done, or validation has not improved for too long.
    package var isFinished: Bool {
        completed >= settings.steps || hasGivenUp
            || settings.patience > 0 && validations.sinceBest >= settings.patience
    }
}

// MARK: - Steps

extension UnitReconstruction {
    /// Carries out one step.
    ///
    /// - Returns: What it measured before its update, and the validation loss after it.
    package func step() -> StepSample {
        let index = completed
        completed += 1
        let progress = Double(index) / Double(settings.steps)
        var batch = Batch(images: batches.next(settings.batch, generator: &batchOrder))
        if let metric = metricEstimator.renew(on: batch.images, at: index) {
            evaluator.metric = metric
        }
        if settings.inputDrop > 0 || settings.activationDrop > 0 {
            batch.dropSeed = UInt32(truncatingIfNeeded: dropSeeds.next())
        }
        let weights = weights(at: progress)
        let factors = fusion.factors(weights)
        let probe =
            index % settings.stepsBetweenProbes == 0
            ? evaluator.differentiateByTerm(batch, factors: factors) : nil
        let terms = probe?.terms ?? evaluator.differentiate(batch, factors: factors)
        let weighted = terms.scaled(by: factors)
        let exponent = roundingExponent(at: progress)
        var loss = weighted.sum + fusion.penalty
        if let exponent {
            loss += settings.roundingRegularizer * learned.roundingPenalty(exponent: exponent)
        }
        var sample = StepSample(
            unit: label.unit, attempt: label.attempt, step: index + 1, steps: settings.steps, loss: loss,
            terms: terms, weighted: weighted)
        if let probe {
            (sample.gradientNorms, sample.gradientCosines) = (probe.norms, probe.cosines)
            if settings.localWeight > 0 {
                sample.operatorLosses = evaluator.operatorLosses(batch)
            }
        }
        fusion.take(
            terms, weighted: weighted, norms: sample.gradientNorms, factors: factors, weights: weights)
        update(index: index, progress: progress, exponent: exponent)
        sample.validationLoss = validateIfDue()
        judgeIfDue()
        return sample
    }

    private func update(index: Int, progress: Double, exponent: Double?) {
        let factor = settings.learningRateFactor(at: progress) * (backoff?.factor ?? 1)
        let step = index + 1 - origin
        optimizer.updateLinears(
            step: step, rate: settings.weightLearningRate * factor, exponent: exponent,
            pool: evaluator.pool)
        if settings.scaleLearningRate > 0 {
            optimizer.updateScales(
                step: step, rate: settings.scaleLearningRate * factor,
                gradients: evaluator.scaleGradients)
        }
    }

    /// The terms on given images, and the gradients of the weighted loss; nothing is updated.
    ///
    /// - Parameter images: As many calibration images as a step takes.
    /// - Returns: The weighted loss, the gradient of each linear layer's multiplied weight (`[outputs, inputs]`,
    ///   row by row), and of each site's learned scales.
    package func gradients(on images: [Int]) -> (loss: Double, weights: [[Float]], scales: [[Float]]) {
        precondition(
            images.count == settings.batch, "\(images.count) images for a batch of \(settings.batch)")
        let factors = fusion.factors(weights(at: 0))
        let terms = evaluator.differentiate(Batch(images: images), factors: factors)
        return (terms.scaled(by: factors).sum, evaluator.weightGradients, evaluator.scaleGradients)
    }

    /// Ends the reconstruction.
    ///
    /// - Returns: The unit with its roundings decided and its scales as learned; with validation images, in the state
    ///   of the least validation loss.
    /// - Throws: A scale that is no longer positive and finite: the optimisation diverged.
    package func finish() throws(QuantizationError) -> QuantizedUnit {
        if let best = validations.best {
            learned.restore(best)
        } else if let backoff, backoff.lowered > 0, !(blockTerm(on: judged) <= backoff.best.loss) {
            learned.restore(backoff.best.state)
        }
        return try learned.quantized(start)
    }

    /// The states to keep instead of the one in which `finish` leaves the unit, where that is worse than calibrated, in the
    /// order in which they are to be tried.
    ///
    /// First the state of the least loss that the unit was judged to have, then half and a quarter of the way from the
    /// calibrated state to the learned one. For a head that was never better, last the calibrated state: it is judged on
    /// all images that it is scored on, so that nothing was missed.
    ///
    /// - Returns: The states; none where units are not judged, or validated instead.
    /// - Throws: As `finish`.
    package func fallbacks() throws(QuantizationError) -> [Fallback] {
        guard validations.best == nil, let backoff else { return [] }
        let learnt = learned.snapshot
        let endRatio = backoff.ratio(blockTerm(on: judged))
        func fallback(_ state: LearnedUnit.Snapshot, _ origin: Fallback.Origin) throws(QuantizationError)
            -> Fallback
        {
            learned.restore(state)
            return Fallback(unit: try learned.quantized(start), origin: origin)
        }
        let judged = Fallback.Origin.step(backoff.best.step, endRatio: endRatio)
        var result: [Fallback] = []
        if backoff.best.step > 0 {
            result.append(try fallback(backoff.best.state, judged))
        }
        for share in Fallback.shares {
            result.append(try fallback(backoff.calibrated.moved(share, towards: learnt), .share(share)))
        }
        if backoff.best.step == 0, evaluator.task.isHead {
            result.append(try fallback(backoff.calibrated, judged))
        }
        learned.restore(learnt)
        return result
    }

    /// The weights of the terms at a share of the steps.
    func weights(at progress: Double) -> PerTerm<Double> {
        PerTerm { settings.weights[$0] * settings.schedules[$0].factor(at: progress) }
    }

    /// AdaRound's exponent: off during the first fifth, then from 20 to 2 linearly.
    func roundingExponent(at progress: Double) -> Double? {
        guard settings.rounding == .adaround, progress >= 0.2 else { return nil }
        return 20 - 18 * (progress - 0.2) / 0.8
    }
}

// MARK: - Validation

extension UnitReconstruction {
    /// Measures the unit, roundings hard and nothing dropped, on the validation images, if it is time.
    ///
    /// - Returns: The fused loss at the weights' full size; nil where it is not time, or there are no such images.
    @discardableResult
    private func validateIfDue() -> Double? {
        guard !images.validation.isEmpty,
            completed % settings.stepsBetweenValidations == 0 || completed == settings.steps
        else { return nil }
        let mean = mean(over: images.validation) { $0.scaled(by: validationFactors).sum }
        validations.add(mean) { learned.snapshot }
        return mean
    }

    /// The mean of a measure of the terms over some images, roundings hard and nothing dropped.
    private func mean(over images: [Int], _ measure: (Terms) -> Double) -> Double {
        evaluator.refreshWeights(hard: true)
        var (sum, batchCount) = (0.0, 0)
        // Whole batches only; the last one reaches back where images do not fill it.
        for start in stride(from: 0, to: images.count, by: settings.batch) {
            let first = max(0, min(start, images.count - settings.batch))
            var batch = Array(images[first..<min(first + settings.batch, images.count)])
            while batch.count < settings.batch {
                batch.append(batch[batch.count % images.count])
            }
            sum += measure(evaluator.forward(Batch(images: batch), factors: .none))
            batchCount += 1
        }
        return sum / Double(batchCount)
    }
}

// MARK: - Lower rates

extension UnitReconstruction {
    /// The block term over some images.
    private func blockTerm(on images: [Int]) -> Double { mean(over: images) { $0.block ?? .nan } }

    /// Judges the unit if it is time, and lowers its rates or ends its learning if it got worse.
    private func judgeIfDue() {
        rateChange = nil
        guard var backoff, completed % settings.stepsBetweenProbes == 0, completed < settings.steps else {
            return
        }
        let loss = blockTerm(on: judged)
        let verdict = backoff.judge(loss, step: completed) { learned.snapshot }
        self.backoff = backoff
        guard verdict != .goOn else { return }
        learned.restore(backoff.best.state)
        rateChange = RateChange(
            restored: backoff.best.step, ratio: backoff.ratio(loss),
            factor: verdict == .lower ? backoff.factor : nil)
        hasGivenUp = verdict == .end
        optimizer.forget()
        origin = completed
    }
}

extension Hyperparameters {
    /// What remains of the settings for a unit: batches no larger than the images, and no terms that it cannot have.
    fileprivate func applicable(to task: ReconstructionTask, images: Int) -> Hyperparameters {
        var result = self
        result.batch = self.images(ofStepAt: task.unit.output.rows, among: images)
        if task.isHead {
            result.globalWeight = 0
            result.blockDistance = .squaredError
        }
        if task.unit.operators.isEmpty || task.isHead {
            result.localWeight = 0
        }
        return result
    }
}
