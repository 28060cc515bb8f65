internal import Kernels
package import Quantization
package import TensorCore
internal import VisionTransformers
package import Vocabulary

/// The reconstruction of one unit, step by step (method: block, global and local supervision, fused).
///
/// A step draws a batch, runs the quantized unit on the quantized prefix's outputs, measures the terms,
/// carries their gradients back, and lets Adam move weights (or rounding variables), biases and activation
/// scales. The same task and settings give the same bits for any number of threads.
package final class UnitReconstruction {
    let task: ReconstructionTask
    let settings: Hyperparameters
    let seed: UInt64
    /// The unit's index and the attempt's number, which samples carry.
    private let label: (unit: Int, attempt: Int)
    let pool: WorkerPool
    let linears: [LinearLearner]
    let parameters: UnitParameters
    let transform: QuantizingTransform
    let workspace: ReconstructionWorkspace
    var scaleMoments: [(first: [Float], second: [Float])]
    let tiles: [(linear: Int, rows: Range<Int>)]
    /// How many of a step's tasks the global term sees, and how many images these are.
    let globalTasks: (count: Int, images: Int)
    /// The images that are learned from, and those that are kept to judge by.
    let images: (learned: [Int], validation: [Int])
    private var generator: SeededGenerator
    private var drops: SeededGenerator
    private var batches: ShuffledBatches
    var fusion: TermFusion
    /// The fusion that the calibrated unit gave.
    var startFusion: TermFusion
    var metric = BlockMetric.plain
    var fisherRows: [FisherRow] = []
    var operatorPower: [Double] = []
    var completed = 0
    /// What is dropped in the step in work; nil outside of steps and without drops.
    var drop: UInt32?
    var judge = Judge()

    /// Prepares a reconstruction.
    ///
    /// - Parameters:
    ///   - task: The unit and its caches.
    ///   - index: The unit's index, which samples carry.
    ///   - attempt: The attempt's number, which samples carry.
    ///   - settings: How to reconstruct it.
    ///   - seed: Decides the order of images and what is dropped.
    ///   - pool: The threads.
    package init(
        _ task: ReconstructionTask, index: Int = 0, attempt: Int = 1, settings: Hyperparameters, seed: UInt64,
        pool: WorkerPool
    ) {
        self.task = task
        self.seed = seed
        label = (index, attempt)
        var settings = settings
        var split = SeededGenerator(seed: seed, stream: "kept of \(task.unit.name)")
        let shuffled = split.permutation(of: task.originals)
        let validation = min(
            Int((settings.validationShare * Double(task.originals)).rounded()), task.originals - 1)
        let kept = Set(shuffled.prefix(validation))
        // Nothing is learned from any view of an image that is kept.
        images = ((0..<task.images).filter { !kept.contains($0 % task.originals) }, kept.sorted())
        batches = ShuffledBatches(images.learned)
        settings.batch = min(settings.batch, images.learned.count)
        if task.isHead {
            settings.globalWeight = 0
            settings.blockDistance = .squaredError
        }
        if task.unit.operators.isEmpty || task.isHead {
            settings.localWeight = 0
        }
        self.settings = settings
        self.pool = pool
        linears = zip(task.state.linears, task.unit.linears).map {
            LinearLearner($0, descriptor: $1, settings: settings)
        }
        parameters = UnitParameters(
            linears: linears.map(\.prepared), vectors: task.state.vectors.map { $0.vector() })
        transform = QuantizingTransform(task.state.sites)
        workspace = ReconstructionWorkspace(
            task, transform: transform, settings: settings, threads: pool.threads)
        let seen = max(1, Int((settings.globalShare * Double(workspace.chunks.count)).rounded(.up)))
        globalTasks = (seen, workspace.chunks.prefix(seen).reduce(0) { $0 + $1.images.count })
        scaleMoments = transform.sites.map {
            (Array(repeating: 0, count: $0.scales.count), Array(repeating: 0, count: $0.scales.count))
        }
        tiles = linears.enumerated().flatMap { index, linear in linear.tiles.map { (index, $0) } }
        generator = SeededGenerator(seed: seed, stream: "batches of \(task.unit.name)")
        drops = SeededGenerator(seed: seed, stream: "drops of \(task.unit.name)")
        fusion = TermFusion(settings.fusion)
        startFusion = fusion
        operatorPower = Array(repeating: 1, count: task.unit.operators.count)
        prepareMetric()
        measureStart()
        judgeIfDue()
    }

    /// Whether anything can be learned at these bits.
    package var learnsAnything: Bool {
        linears.contains(where: \.learns) || transform.sites.contains { $0.scales.count > 0 }
    }

    /// Whether learning should end: all steps are done, or nothing has improved for too long.
    package var isFinished: Bool {
        completed >= settings.steps || settings.patience > 0 && judge.sinceBest >= settings.patience
    }
}

// MARK: - Steps

extension UnitReconstruction {
    /// Carries out one step.
    ///
    /// - Returns: What it measured, before its update; judgement on images kept from learning comes after it.
    package func step() -> StepSample {
        let index = completed
        completed += 1
        let progress = Double(index) / Double(settings.steps)
        let probing = index % settings.stepsBetweenProbes == 0
        let batch = batches.next(settings.batch, generator: &generator)
        renewFisher(on: batch, at: index)
        if settings.inputDrop > 0 || settings.activationDrop > 0 {
            drop = UInt32(truncatingIfNeeded: drops.next())
        }
        let weights = weights(at: progress)
        let factors = fusion.factors(weights)
        let probe = probing ? differentiateByTerm(batch, factors: factors) : nil
        let terms = probe?.terms ?? differentiate(batch, factors: factors)
        let weighted = terms.scaled(by: factors)
        let beta = roundingExponent(at: progress)
        var loss = weighted.sum + fusion.penalty
        if settings.rounding == .adaround, let beta {
            loss += settings.roundingRegularizer * linears.reduce(0) { $0 + $1.penalty(beta: beta) }
        }
        var sample = StepSample(
            unit: label.unit, attempt: label.attempt, step: index + 1, steps: settings.steps, loss: loss,
            terms: terms, weighted: weighted)
        if let probe {
            (sample.gradientNorms, sample.gradientCosines) = (probe.norms, probe.cosines)
            if settings.localWeight > 0 {
                sample.operatorLosses = operatorLosses(batch)
            }
        }
        fusion.take(
            terms, weighted: weighted, norms: sample.gradientNorms, factors: factors, weights: weights)
        update(index: index, progress: progress, beta: beta)
        drop = nil
        sample.validationLoss = judgeIfDue()
        return sample
    }

    /// The terms on given images, and the gradients of the weighted loss; nothing is updated.
    ///
    /// - Parameter images: As many calibration images as a step takes.
    /// - Returns: The weighted loss, the gradient of each linear layer's multiplied weight (`[outputs, inputs]`,
    ///   row by row), and of each site's scales.
    package func gradients(on images: [Int]) -> (loss: Double, weights: [[Float]], scales: [[Float]]) {
        precondition(
            images.count == settings.batch, "\(images.count) images for a batch of \(settings.batch)")
        let factors = fusion.factors(weights(at: 0))
        let terms = differentiate(images, factors: factors)
        return (
            terms.scaled(by: factors).sum, linears.map { $0.gradient.elements },
            transform.sites.indices.map(scaleGradient)
        )
    }

    /// Ends the reconstruction.
    ///
    /// - Returns: The unit with its roundings decided and its scales as learned; as they were when they were best
    ///   where images were kept to judge by.
    /// - Throws: A scale that is no longer positive and finite: the optimisation diverged.
    package func finish() throws(QuantizationError) -> QuantizedUnit {
        if let best = judge.best {
            restore(best)
        }
        return QuantizedUnit(
            linears: zip(linears, task.state.linears).map { $0.hardened(shape: $1.weight.shape) },
            vectors: task.state.vectors, sites: try transform.quantizers())
    }

    /// The weights of the block, global and local terms at a share of the steps.
    func weights(at progress: Double) -> PerTerm<Double> {
        PerTerm { settings.weights[$0] * settings.schedules[$0].factor(at: progress) }
    }

    /// AdaRound's exponent: off during the first fifth, then from 20 to 2 linearly.
    func roundingExponent(at progress: Double) -> Double? {
        guard settings.rounding == .adaround, progress >= 0.2 else { return nil }
        return 20 - 18 * (progress - 0.2) / 0.8
    }
}
