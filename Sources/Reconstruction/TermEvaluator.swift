internal import Kernels
internal import TensorCore
internal import VisionTransformers
internal import Vocabulary

/// The images of one evaluation.
struct Batch: Sendable {
    /// Indices of calibration images, as many as `Hyperparameters.batch`.
    let images: [Int]
    /// Seeds what QDrop leaves in full precision; nil drops nothing.
    var dropSeed: UInt32?
}

/// Evaluates the supervision terms of one unit on batches of images, and their gradients.
///
/// This is the seam for other back ends, such as a GPU. Everything that is as large as a batch is on this side of it: the
/// caches of calibration images, the workspace, the passes through the quantized unit, through its full-precision twin and
/// through the suffix, and the products that sum gradients over images. What crosses it is small: the learned unit's
/// weights and scales go in; a value for each term and the gradients of weights, biases and scales come out. A back end
/// implements the methods of this type on its own memory. Batches, schedules, fusion, the optimiser and validation
/// stay as they are.
///
/// Every number is computed by one task in one fixed order, so results do not depend on the number of threads.
final class TermEvaluator {
    let task: ReconstructionTask
    let settings: Hyperparameters
    let learned: LearnedUnit
    let pool: WorkerPool
    let workspace: ReconstructionWorkspace
    /// How many of a batch's tasks the global term sees, and how many images these are.
    let globalTasks: (count: Int, images: Int)
    /// How errors of the unit's output count in the block term.
    var metric = BlockMetric.plain
    /// The mean square of each operator's output in full precision.
    private(set) var operatorPower: [Double]

    /// Makes room for batches.
    ///
    /// - Parameters:
    ///   - task: The unit and the caches of all calibration images.
    ///   - learned: What the unit is evaluated with; gradients are left in it.
    ///   - settings: The terms, and the number of images in a batch.
    ///   - pool: The threads.
    init(_ task: ReconstructionTask, _ learned: LearnedUnit, settings: Hyperparameters, pool: WorkerPool) {
        self.task = task
        self.settings = settings
        self.learned = learned
        self.pool = pool
        workspace = ReconstructionWorkspace(
            task, transform: learned.transform, settings: settings, threads: pool.threads)
        let seen = max(1, Int((settings.globalShare * Double(workspace.chunks.count)).rounded(.up)))
        globalTasks = (seen, workspace.chunks.prefix(seen).reduce(0) { $0 + $1.images.count })
        operatorPower = Array(repeating: 1, count: task.unit.operators.count)
    }

    /// Quantizes the learned weights for the next evaluations; see `LearnedUnit.refresh`.
    func refreshWeights(hard: Bool) { learned.refresh(hard: hard, pool: pool) }

    /// Runs the forward passes, with the weights as last refreshed.
    ///
    /// - Parameters:
    ///   - batch: The images.
    ///   - factors: The terms' factors in the loss; that of the global term decides the gradient which is left in the
    ///     workspace for `backward`.
    /// - Returns: Every term that is on, before its factor.
    func forward(_ batch: Batch, factors: PerTerm<Double>) -> Terms {
        let parts = TaskResults(count: workspace.chunks.count, repeating: Terms())
        pool.run(workspace.chunks.count) { chunk, worker in
            parts[chunk] = forward(chunk, worker, batch, factors: factors)
        }
        return total(parts.values)
    }

    /// Runs both passes with refreshed weights, and leaves the gradients of the weighted loss.
    ///
    /// - Returns: Every term that is on, before its factor.
    func differentiate(_ batch: Batch, factors: PerTerm<Double>) -> Terms {
        refreshWeights(hard: false)
        let parts = TaskResults(count: workspace.chunks.count, repeating: Terms())
        pool.run(workspace.chunks.count) { chunk, worker in
            parts[chunk] = forward(chunk, worker, batch, factors: factors)
            backward(chunk, worker, batch, factors: factors)
        }
        sumGradients()
        return total(parts.values)
    }

    private func total(_ parts: [Terms]) -> Terms {
        Terms { term in settings.isOn(term) ? parts.reduce(0) { $0 + ($1[term] ?? 0) } : nil }
    }

    /// Sums the gradients of weights and biases over the batch, from what the backward passes left.
    func sumGradients() { learned.sumGradients(of: task.unit, in: workspace.tape, pool: pool) }

    /// `[layers][outputs · inputs]`: the gradients of the multiplied weights, as last summed.
    var weightGradients: [[Float]] { learned.linears.map { $0.gradient.elements } }

    /// `[sites][groups]`: the gradients of learned scales, summed over the batch's tasks in order.
    var scaleGradients: [[Float]] { learned.scaleGradients(of: workspace.chunks.map(\.transform)) }

    /// Measures the operators' mean squares, which local terms are relative to.
    func measureOperators(_ batch: Batch) {
        let operators = task.unit.operators
        let parts = TaskResults(
            count: workspace.chunks.count, repeating: Array(repeating: 0.0, count: operators.count))
        pool.run(workspace.chunks.count) { chunk, worker in
            let reference = runReference(batch.images[workspace.chunks[chunk].images], worker)
            parts[chunk] = operators.map { squaredNorm(reference[$0.slot]) }
        }
        for (index, operation) in operators.enumerated() {
            let buffer = workspace.tape[operation.slot]
            let sum = parts.values.reduce(0) { $0 + $1[index] }
            operatorPower[index] = max(1e-12, sum / Double(buffer.rows * buffer.columns))
        }
    }

    /// The local terms one by one; the unit's activations must be those of the batch.
    func operatorLosses(_ batch: Batch) -> [OperatorLoss] {
        let parts = TaskResults(count: workspace.chunks.count, repeating: [Double]())
        pool.run(workspace.chunks.count) { chunk, worker in
            let images = batch.images[workspace.chunks[chunk].images]
            parts[chunk] = supervision.losses(workspace.chunks[chunk].tape, runReference(images, worker))
        }
        return task.unit.operators.enumerated().map { index, operation in
            OperatorLoss(name: operation.name, loss: parts.values.reduce(0) { $0 + $1[index] })
        }
    }

    /// Measures the calibrated unit over a few batches, roundings hard: the mean of each term, which fusion divides by,
    /// and the operators' mean squares on the first batch.
    ///
    /// - Parameters:
    ///   - images: The images that batches are drawn from.
    ///   - draw: Decides the batches.
    /// - Returns: Every term's mean; 0 for those that are off.
    func startingTerms(of images: [Int], draw: inout SeededGenerator) -> PerTerm<Double> {
        let batches = min(4, (images.count + settings.batch - 1) / settings.batch)
        refreshWeights(hard: true)
        var means = PerTerm<Double>.none
        for index in 0..<batches {
            let batch = Batch(
                images: draw.permutation(of: images.count).prefix(settings.batch).map { images[$0] })
            if index == 0, settings.localWeight > 0 {
                measureOperators(batch)
            }
            let terms = forward(batch, factors: .none)
            means = means.zip(terms) { $0 + ($1 ?? 0) / Double(batches) }
        }
        return means
    }
}
