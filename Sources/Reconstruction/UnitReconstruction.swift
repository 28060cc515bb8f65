internal import Kernels
package import Quantization
package import TensorCore
internal import VisionTransformers

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The reconstruction of one unit, step by step (method: block, global and local supervision, fused).
///
/// A step draws a batch, runs the quantized unit on the quantized prefix's outputs, measures the terms,
/// carries their gradients back, and lets Adam move weights (or rounding variables), biases and activation
/// scales. The same task and settings give the same bits for any number of threads.
package final class UnitReconstruction {
    let task: ReconstructionTask
    let settings: ReconstructionSettings
    let pool: WorkerPool
    let linears: [LinearLearner]
    let parameters: UnitParameters
    let transform: QuantizingTransform
    let workspace: ReconstructionWorkspace
    var moments: [(first: [Float], second: [Float])]
    let tiles: [(linear: Int, rows: Range<Int>)]
    var generator: SeededGenerator
    var order: [Int] = []
    var divisors = Terms()
    var operatorPower: [Double] = []
    var completed = 0

    /// Prepares a reconstruction.
    ///
    /// - Parameters:
    ///   - task: The unit and its caches.
    ///   - settings: How to reconstruct it.
    ///   - pool: The threads.
    package init(_ task: ReconstructionTask, settings: ReconstructionSettings, pool: WorkerPool) {
        self.task = task
        var settings = settings
        settings.batch = min(settings.batch, task.images)
        if task.isHead {
            settings.globalWeight = 0
        }
        if task.unit.operators.isEmpty || task.isHead {
            settings.localWeight = 0
        }
        self.settings = settings
        self.pool = pool
        linears = zip(task.state.linears, task.unit.linears).map {
            LinearLearner($0, descriptor: $1, rounding: settings.rounding)
        }
        parameters = UnitParameters(
            linears: linears.map(\.prepared), vectors: task.state.vectors.map { $0.vector() })
        transform = QuantizingTransform(task.state.sites)
        workspace = ReconstructionWorkspace(
            task, transform: transform, batch: settings.batch, threads: pool.threads)
        moments = transform.sites.map {
            (Array(repeating: 0, count: $0.scales.count), Array(repeating: 0, count: $0.scales.count))
        }
        tiles = linears.enumerated().flatMap { index, linear in linear.tiles.map { (index, $0) } }
        generator = SeededGenerator(seed: settings.seed, stream: "batches of \(task.unit.name)")
        measureStart()
    }

    /// Whether anything can be learned at these bits.
    package var learnsAnything: Bool {
        linears.contains(where: \.learns) || transform.sites.contains { $0.scales.count > 0 }
    }

    /// The images of the next batch: all images in random order, then again in another.
    func nextBatch() -> [Int] {
        var batch: [Int] = []
        while batch.count < settings.batch {
            if order.isEmpty {
                order = generator.permutation(of: task.images)
            }
            let taken = min(order.count, settings.batch - batch.count)
            batch += order.suffix(taken)
            order.removeLast(taken)
        }
        return batch
    }
}

// MARK: - Steps

extension UnitReconstruction {
    /// Carries out one step.
    ///
    /// - Returns: What it measured, before its update.
    package func step() -> StepMeasurement {
        let index = completed
        completed += 1
        let probing = index % settings.stepsBetweenProbes == 0
        let factors = self.factors
        let batch = nextBatch()
        let terms = differentiate(batch, factors: factors)
        let weighted = Terms(
            block: terms.block.map { $0 * factors.block }, global: terms.global.map { $0 * factors.global },
            local: terms.local.map { $0 * factors.local })
        let progress = Double(index) / Double(settings.steps)
        let beta = roundingExponent(at: progress)
        var loss = (weighted.block ?? 0) + (weighted.global ?? 0) + (weighted.local ?? 0)
        if case .adaRound(let regularizer) = settings.rounding, let beta {
            loss += regularizer * linears.reduce(0) { $0 + $1.penalty(beta: beta) }
        }
        let norms = probing ? gradientNorms(batch: batch, factors: factors) : nil
        update(index: index, beta: beta)
        return StepMeasurement(
            step: index + 1, loss: loss, terms: terms, weighted: weighted, gradientNorms: norms)
    }

    /// The terms on given images, and the gradients of the weighted loss; nothing is updated.
    ///
    /// - Parameter images: As many calibration images as a step takes.
    /// - Returns: The weighted loss, the gradient of each linear layer's multiplied weight (`[outputs, inputs]`,
    ///   row by row), and of each site's scales.
    package func gradients(on images: [Int]) -> (loss: Double, weights: [[Float]], scales: [[Float]]) {
        precondition(
            images.count == settings.batch, "\(images.count) images for a batch of \(settings.batch)")
        let terms = differentiate(images, factors: factors)
        let loss =
            (terms.block ?? 0) * factors.block + (terms.global ?? 0) * factors.global
            + (terms.local ?? 0) * factors.local
        return (loss, linears.map { $0.gradient.elements }, transform.sites.indices.map(scaleGradient))
    }

    /// Runs both passes and leaves the weights' gradients in the learners.
    func differentiate(
        _ batch: [Int], factors: (block: Double, global: Double, local: Double)
    ) -> Terms {
        refreshWeights(hard: false)
        let parts = TaskResults(count: workspace.chunks.count, repeating: Terms())
        pool.run(workspace.chunks.count) { chunk, worker in
            parts[chunk] = forward(chunk, worker, batch: batch, factors: factors)
            backward(chunk, worker, batch: batch, factors: factors)
        }
        weightGradients()
        return total(parts.values)
    }

    /// The gradient of a site's scales: its chunks' parts, added in order.
    func scaleGradient(of site: Int) -> [Float] {
        var sum: [Float] = Array(repeating: 0, count: transform.sites[site].scales.count)
        for chunk in workspace.chunks {
            guard let part = chunk.transform.scaleGradients?[site] else { continue }
            for group in sum.indices {
                sum[group] += part[group]
            }
        }
        return sum
    }

    /// Ends the reconstruction.
    ///
    /// - Returns: The unit with its roundings decided and its scales as learned.
    /// - Throws: A scale that is no longer positive and finite: the optimisation diverged.
    package func finish() throws(QuantizationError) -> QuantizedUnit {
        QuantizedUnit(
            linears: zip(linears, task.state.linears).map { $0.hardened(shape: $1.weight.shape) },
            vectors: task.state.vectors, sites: try transform.quantizers())
    }

    /// The factors that terms enter the loss with.
    var factors: (block: Double, global: Double, local: Double) {
        (
            settings.blockWeight / (divisors.block ?? 1), settings.globalWeight / (divisors.global ?? 1),
            settings.localWeight / (divisors.local ?? 1)
        )
    }

    func total(_ parts: [Terms]) -> Terms {
        Terms(
            block: parts.reduce(0) { $0 + ($1.block ?? 0) },
            global: settings.globalWeight > 0 ? parts.reduce(0) { $0 + ($1.global ?? 0) } : nil,
            local: settings.localWeight > 0 ? parts.reduce(0) { $0 + ($1.local ?? 0) } : nil)
    }

    /// AdaRound's exponent: off during the first fifth, then from 20 to 2 linearly.
    func roundingExponent(at progress: Double) -> Double? {
        guard case .adaRound = settings.rounding, progress >= 0.2 else { return nil }
        return 20 - 18 * (progress - 0.2) / 0.8
    }

    func refreshWeights(hard: Bool) {
        pool.run(tiles.count) { tile, _ in
            linears[tiles[tile].linear].refresh(tiles[tile].rows, hard: hard)
        }
        pool.run(linears.count) { linear, _ in linears[linear].load() }
    }

    func operands(of linear: LinearLearner) -> (dOutput: Matrix, input: Matrix) {
        (
            workspace.tape[linear.descriptor.gradientSlot],
            task.unit.operand(of: linear.descriptor, in: workspace.tape, transform: transform)
        )
    }

    func weightGradients() {
        pool.run(tiles.count) { tile, _ in
            let linear = linears[tiles[tile].linear]
            let (dOutput, input) = operands(of: linear)
            linear.accumulate(tiles[tile].rows, dOutput: dOutput, input: input)
        }
    }

    func update(index: Int, beta: Double?) {
        let decay = 0.5 * (1 + cos(Double.pi * Double(index) / Double(settings.steps)))
        let adam = AdamSettings(learningRate: Float(settings.weightLearningRate * decay), step: index + 1)
        pool.run(tiles.count) { tile, _ in
            let linear = linears[tiles[tile].linear]
            guard linear.learns else { return }
            linear.update(tiles[tile].rows, adam: adam, beta: beta)
            if tiles[tile].rows.lowerBound == 0 {
                linear.updateBias(dOutput: operands(of: linear).dOutput, adam: adam)
            }
        }
        if settings.scaleLearningRate > 0 {
            updateScales(rate: Float(settings.scaleLearningRate * decay), step: index + 1)
        }
    }

    /// Moves every uniform scale by Adam on its logarithm, to first order: s ← s · (1 − step).
    func updateScales(rate: Float, step: Int) {
        let (first, second) = (1 - pow(0.9, Double(step)), 1 - pow(0.999, Double(step)))
        for (index, site) in transform.sites.enumerated() {
            guard case .uniform = site.quantizer else { continue }
            let gradients = scaleGradient(of: index)
            for group in 0..<site.scales.count {
                let gradient = gradients[group] * site.scales[group]
                moments[index].first[group] += 0.1 * (gradient - moments[index].first[group])
                moments[index].second[group] += 0.001 * (gradient * gradient - moments[index].second[group])
                let mean = moments[index].first[group] / Float(first)
                let deviation = (moments[index].second[group] / Float(second)).squareRoot()
                site.scales[group] *= 1 - rate * mean / (deviation + 1e-12)
            }
        }
    }
}
