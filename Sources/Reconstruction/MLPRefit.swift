internal import Kernels
package import Quantization
package import TensorCore
package import VisionTransformers
internal import Vocabulary

/// Fits an MLP with ReLU to its outputs with GELU.
///
/// fc2 is solved in closed form for ReLU's activations, then both layers learn by Adam. The loss is the mean squared error
/// of the output, plus twice the same error with activations clipped above a high quantile, as a quantizer will clip them.
///
/// Source: the MLP reconstruction of APHQ-ViT (arXiv 2504.02508), whose 20 000 steps start from the weights as they are.
package struct MLPRefit {
    /// The number of steps after the closed form.
    package var steps: Int
    /// The highest learning rate, reached in the first twentieth of the steps and brought to 0 along a cosine.
    package var learningRate: Float = 1e-3
    /// The rows of a step.
    package var rows = 512
    /// The quantile of positive activations above which they are clipped.
    package var quantile = 0.99
    /// The weight of the error with clipped activations; that of the plain error is 1.
    package var cutWeight: Float = 2
    /// Decides the rows of each step.
    package var seed: UInt64

    /// One row of this many is held out, to validate learning against the closed form.
    private static let heldOutEvery = 16
    /// The greatest number of rows for the closed form.
    private static let solvedRows = 8192

    package init(steps: Int, seed: UInt64) {
        (self.steps, self.seed) = (steps, seed)
    }

    /// The peak memory of a fit, inputs and targets included.
    ///
    /// - Parameters:
    ///   - count: The rows of inputs and targets.
    ///   - width: The columns of both.
    ///   - hidden: The activations between the layers.
    /// - Returns: The floats.
    package func floats(rows count: Int, width: Int, hidden: Int) -> Int {
        let solved = min(count, Self.solvedRows)
        // Rows as they are and centred; two sums for each of two parts, centred, ordered and factored.
        let solving = solved * (2 * width + 2 * hidden) + 12 * hidden * hidden
        // Weight, gradient, two moments and two packed forms of each layer; a step's rows at six places of each width.
        let learning = steps > 0 ? 12 * width * hidden + 6 * min(rows, count) * (width + hidden) : 0
        return 2 * count * width + max(solving, learning)
    }

    /// Fits two layers.
    ///
    /// - Parameters:
    ///   - layers: fc1 and fc2, trained with GELU.
    ///   - inputs: `[rows, width]`: fc1's inputs; two rows or more.
    ///   - targets: `[rows, width]`: fc2's outputs.
    ///   - name: The block's name, which seeds the choice of rows together with `seed`.
    ///   - pool: The threads; the result does not depend on their number.
    /// - Returns: The layers for ReLU, and the squared error relative to the targets' square, on held-out rows.
    /// - Throws: `QuantizationError` for values that are not finite.
    package func fitted(
        _ layers: (fc1: LinearWeights, fc2: LinearWeights), inputs: Matrix, targets: Matrix, name: String,
        pool: WorkerPool
    ) throws(QuantizationError) -> (fc1: LinearWeights, fc2: LinearWeights, error: Double) {
        precondition(
            inputs.rows >= 2, "\(inputs.rows) rows are too few to learn from some and hold others out")
        var generator = SeededGenerator(seed: seed, stream: "refit of \(name)")
        let order = generator.permutation(of: inputs.rows)
        let heldOut = max(1, order.count / Self.heldOutEvery)
        let (kept, learned) = (Array(order.prefix(heldOut)), Array(order.dropFirst(heldOut)))
        let solved = Array(learned.prefix(Self.solvedRows))
        let hidden = Matrix(rows: solved.count, columns: layers.fc1.weight.shape[0])
        activations(of: layers.fc1, on: gather(solved, of: inputs), into: hidden, pool: pool)
        let start = try LinearFit(solver: .ridge, damping: 1e-3).layer(
            weight: layers.fc2.weight, inputs: hidden, targets: gather(solved, of: targets),
            calibration: nil,
            pool: pool)
        let second = LinearWeights(weight: start.weight, bias: start.bias)
        let validation = (inputs: gather(kept, of: inputs), targets: gather(kept, of: targets))
        let before = errors(
            layers.fc1, second, on: validation.inputs, targets: validation.targets, pool: pool)
        guard before.plain.isFinite else { throw .nonFiniteValues(group: 0, groups: 1) }
        guard steps > 0 else { return (layers.fc1, second, before.plain) }

        let learner = MLPLearner(
            fc1: layers.fc1, fc2: second, rows: min(rows, learned.count), quantile: quantile,
            cutWeight: cutWeight, pool: pool)
        var batches = ShuffledBatches(learned)
        for step in 0..<steps {
            let batch = batches.next(learner.rows, generator: &generator)
            let progress = Double(step) / Double(steps)
            let rise = min(1, Double(step + 1) / (0.05 * Double(steps) + 1))
            learner.step(
                step, inputs: inputs, targets: targets, batch: batch,
                learningRate: learningRate * Float(rise * halfCosine(at: progress)),
                renewsLimit: step % max(1, steps / 10) == 0)
        }
        let (first, last) = learner.layers
        let after = errors(first, last, on: validation.inputs, targets: validation.targets, pool: pool)
        return after.loss < before.loss
            ? (first, last, after.plain) : (layers.fc1, second, before.plain)
    }

    /// The squared error relative to the targets' square, and the loss in the same unit.
    private func errors(
        _ fc1: LinearWeights, _ fc2: LinearWeights, on inputs: Matrix, targets: Matrix, pool: WorkerPool
    ) -> (plain: Double, loss: Double) {
        let hidden = Matrix(rows: inputs.rows, columns: fc1.weight.shape[0])
        activations(of: fc1, on: inputs, into: hidden, pool: pool)
        let limit = quantileOfPositive(hidden, quantile)
        let out = Matrix(rows: inputs.rows, columns: targets.columns)
        let prepared = PreparedLinear(fc2, backward: false)
        func error() -> Double {
            pool.runTiles(of: inputs.rows, length: rowsPerTask) { rows in
                prepared.forward(hidden.rows(rows), into: out.rows(rows))
            }
            return squaredDistance(out, targets) / max(squaredNorm(targets), .leastNormalMagnitude)
        }
        let plain = error()
        relu(hidden, limit: limit, into: hidden)
        return (plain, plain + Double(cutWeight) * error())
    }

    /// The activations of ReLU after a layer.
    private func activations(
        of layer: LinearWeights, on inputs: Matrix, into hidden: Matrix, pool: WorkerPool
    ) {
        let prepared = PreparedLinear(layer, backward: false)
        pool.runTiles(of: inputs.rows, length: rowsPerTask) { rows in
            prepared.forward(inputs.rows(rows), into: hidden.rows(rows))
            relu(hidden.rows(rows), into: hidden.rows(rows))
        }
    }
}

/// The rows of one task.
private let rowsPerTask = 64

/// The quantile of the positive values in the first rows; infinity if there are none.
private func quantileOfPositive(_ values: Matrix, _ quantile: Double) -> Float {
    let positive = values.rows(0..<min(values.rows, 64)).elements.filter { $0 > 0 }.sorted()
    guard !positive.isEmpty else { return .infinity }
    return positive[min(positive.count - 1, Int(quantile * Double(positive.count)))]
}

/// Two layers that learn.
private final class MLPLearner {
    let rows: Int
    private let quantile: Double
    private let cutWeight: Float
    private let pool: WorkerPool
    private let first, second: LearnedLayer
    private let inputs, targets, hidden, cut, output, cutOutput, dHidden, dCut: Matrix
    /// Activations are clipped above this.
    private var limit = Float.infinity

    init(
        fc1: LinearWeights, fc2: LinearWeights, rows: Int, quantile: Double, cutWeight: Float,
        pool: WorkerPool
    ) {
        self.rows = rows
        self.quantile = quantile
        self.cutWeight = cutWeight
        self.pool = pool
        first = LearnedLayer(fc1, backward: false)
        second = LearnedLayer(fc2, backward: true)
        let (width, wide) = (first.weight.columns, first.weight.rows)
        inputs = Matrix(rows: rows, columns: width)
        targets = Matrix(rows: rows, columns: second.weight.rows)
        hidden = Matrix(rows: rows, columns: wide)
        cut = Matrix(rows: rows, columns: wide)
        output = Matrix(rows: rows, columns: second.weight.rows)
        cutOutput = Matrix(rows: rows, columns: second.weight.rows)
        dHidden = Matrix(rows: rows, columns: wide)
        dCut = Matrix(rows: rows, columns: wide)
    }

    var layers: (fc1: LinearWeights, fc2: LinearWeights) { (first.linear, second.linear) }

    /// Carries out one step.
    func step(
        _ index: Int, inputs all: Matrix, targets allTargets: Matrix, batch: [Int], learningRate: Float,
        renewsLimit: Bool
    ) {
        pool.run(2) { task, _ in [first, second][task].load() }
        pool.runTiles(of: rows, length: rowsPerTask) { range in
            for row in range {
                copy(all.rows(batch[row]..<batch[row] + 1), into: inputs.rows(row..<row + 1))
                copy(allTargets.rows(batch[row]..<batch[row] + 1), into: targets.rows(row..<row + 1))
            }
            first.prepared.forward(inputs.rows(range), into: hidden.rows(range))
        }
        if renewsLimit { limit = quantileOfPositive(hidden, quantile) }
        // The mean over all elements of the output.
        let factor = 2 / Float(rows * output.columns)
        pool.runTiles(of: rows, length: rowsPerTask) { range in
            let (own, capped) = (hidden.rows(range), cut.rows(range))
            let (out, cutOut) = (output.rows(range), cutOutput.rows(range))
            relu(own, limit: limit, into: capped)
            second.prepared.forward(capped, into: cutOut)
            scaledDifference(cutOut, targets.rows(range), factor: cutWeight * factor, into: cutOut)
            second.prepared.backward(cutOut, into: dCut.rows(range))
            // `hidden` holds the values before ReLU until both gradients have passed it.
            let activated = dHidden.rows(range)
            relu(own, into: activated)
            second.prepared.forward(activated, into: out)
            scaledDifference(out, targets.rows(range), factor: factor, into: out)
            reluBackward(dCut.rows(range), x: own, limit: limit, into: dCut.rows(range))
            second.prepared.backward(out, into: activated)
            reluBackward(activated, x: own, into: dCut.rows(range), accumulate: true)
            relu(own, into: own)
        }
        let adam = AdamSettings(learningRate: learningRate, step: index + 1)
        second.learn(adam, [(output, hidden), (cutOutput, cut)], pool: pool)
        first.learn(adam, [(dCut, inputs)], pool: pool)
    }
}

/// One layer that learns.
private final class LearnedLayer {
    let weight: Matrix
    let bias: Matrix
    let prepared: PreparedLinear
    private let shape: [Int]
    private let gradient, first, second, biasGradient, biasFirst, biasSecond: Matrix

    init(_ layer: LinearWeights, backward: Bool) {
        shape = layer.weight.shape
        weight = Matrix(
            rows: shape[0], columns: layer.weight.count / shape[0], elements: layer.weight.elements)
        bias = Matrix(
            rows: 1, columns: shape[0],
            elements: layer.bias?.elements ?? Array(repeating: 0, count: shape[0]))
        prepared = PreparedLinear(
            inputs: weight.columns, outputs: weight.rows,
            bias: Vector(storage: bias.storage, offset: bias.offset, count: bias.columns), backward: backward)
        (gradient, first, second) = (
            Matrix(rows: weight.rows, columns: weight.columns),
            Matrix(rows: weight.rows, columns: weight.columns),
            Matrix(rows: weight.rows, columns: weight.columns)
        )
        (biasGradient, biasFirst, biasSecond) = (
            Matrix(rows: 1, columns: weight.rows), Matrix(rows: 1, columns: weight.rows),
            Matrix(rows: 1, columns: weight.rows)
        )
    }

    var linear: LinearWeights {
        LinearWeights(
            weight: Tensor(shape: shape, elements: weight.elements),
            bias: Tensor(shape: [bias.columns], elements: bias.elements))
    }

    func load() { prepared.load(weight) }

    /// Takes one step of Adam against the sum of products of output gradients and inputs.
    func learn(_ adam: AdamSettings, _ parts: [(dOutput: Matrix, input: Matrix)], pool: WorkerPool) {
        let tiles = stride(from: 0, to: weight.rows, by: 96).map { $0..<min(weight.rows, $0 + 96) }
        pool.run(tiles.count) { tile, _ in
            let range = tiles[tile]
            for (index, part) in parts.enumerated() {
                multiply(
                    part.dOutput.columns(range), part.input, into: gradient.rows(range), transposeA: true,
                    accumulate: index > 0)
                columnSums(
                    part.dOutput.columns(range),
                    into: Vector(
                        storage: biasGradient.storage, offset: biasGradient.offset + range.lowerBound,
                        count: range.count), accumulate: index > 0)
            }
            adamStep(
                parameters: weight.rows(range), gradients: gradient.rows(range),
                firstMoments: first.rows(range), secondMoments: second.rows(range), settings: adam)
            adamStep(
                parameters: bias.columns(range), gradients: biasGradient.columns(range),
                firstMoments: biasFirst.columns(range), secondMoments: biasSecond.columns(range),
                settings: adam)
        }
    }
}
