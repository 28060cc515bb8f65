internal import Kernels
internal import TensorCore
internal import VisionTransformers
internal import Vocabulary

/// Measures how errors of a unit's output count in the block term, from gradients of the model's divergence.
///
/// Sources: BRECQ (arXiv 2102.05426) for `brecq`, APHQ-ViT (arXiv 2504.02508) for `aphq`, FIMA-Q (arXiv 2506.11543) for
/// `fima`.
struct BlockMetricEstimator {
    /// One measurement of `fima`: means over the images of a batch.
    struct FisherMeasurement: Sendable {
        /// `[rows, columns]`: the magnitude of the divergence's gradient.
        let gradient: Matrix
        /// `[rows, columns]`: the magnitude of the error.
        let error: Matrix
    }

    /// The temperature of the divergence.
    private static let temperature = 20.0
    /// The greatest number of measurements of `fima`.
    private static let rank = 5
    /// The greatest number of images that a metric which all images share is averaged over.
    private static let sharedImages = 128

    private let evaluator: TermEvaluator
    private let seed: UInt64
    private var distance: BlockDistance { evaluator.settings.blockDistance }
    private var batch: Int { evaluator.settings.batch }
    /// What `fima` has measured so far.
    private(set) var measurements: [FisherMeasurement] = []

    /// Makes an estimator.
    ///
    /// - Parameters:
    ///   - evaluator: The unit and the suffix to measure with.
    ///   - seed: Decides the perturbation of `aphq`.
    init(_ evaluator: TermEvaluator, seed: UInt64) {
        (self.evaluator, self.seed) = (evaluator, seed)
    }

    /// Measures the metric of the calibrated unit.
    ///
    /// - Parameter images: The images that are learned from, at least as many as a batch has.
    /// - Returns: The metric before the first step.
    mutating func start(on images: [Int]) -> BlockMetric {
        switch distance {
        case .squaredError: .plain
        case .brecq: .perImage(squaredGradients())
        case .aphq: .shared(perturbationHessian(images))
        case .fima: measureFisher(on: Array(images.prefix(batch)))
        }
    }

    /// Measures `fima` again, at fifths of the steps.
    ///
    /// - Parameters:
    ///   - images: The step's images.
    ///   - step: The step, from 0.
    /// - Returns: The renewed metric; nil where it stays as it is.
    mutating func renew(on images: [Int], at step: Int) -> BlockMetric? {
        let interval = max(1, evaluator.settings.steps / Self.rank)
        guard distance == .fima, step > 0, step % interval == 0, measurements.count < Self.rank else {
            return nil
        }
        return measureFisher(on: images)
    }
}

// MARK: - brecq and aphq

extension BlockMetricEstimator {
    /// `[images · rows, columns]`: the squared gradient of the divergence at the calibrated unit's output.
    private func squaredGradients() -> Matrix {
        let (shape, images) = (evaluator.task.unit.output, evaluator.task.images)
        let result = shape.matrix(images: images)
        evaluator.refreshWeights(hard: true)
        for start in stride(from: 0, to: images, by: batch) {
            // The last batch reaches back where images do not fill it.
            let first = max(0, min(start, images - batch))
            evaluator.differentiateOutputs(
                of: Array(first..<first + batch), temperature: Self.temperature
            ) { chunk, images in
                for (position, image) in images.enumerated() {
                    let rows = position * shape.rows..<(position + 1) * shape.rows
                    let out = result.rows(image * shape.rows..<(image + 1) * shape.rows)
                    scale(out, by: 0, into: out)
                    let gradient = chunk.globalGradient.rows(rows)
                    let zero = Matrix(rows: shape.rows, columns: shape.columns)
                    // g · (g − 0) is the square.
                    _ = weightedDistance(gradient, zero, weights: gradient, gradient: out)
                }
            }
        }
        return result
    }

    /// `[rows, columns]`: how far a small perturbation of the full-precision output changes the divergence's gradient.
    ///
    /// Each channel is shifted up or down at random: a LayerNorm downstream would remove a shift of all channels alike.
    private func perturbationHessian(_ images: [Int]) -> Matrix {
        let (shape, target) = (evaluator.task.unit.output, evaluator.task.target)
        let result = shape.matrix(images: 1)
        let count = min(images.count, max(batch, Self.sharedImages))
        let power = squaredNorm(target) / Double(target.rows * target.columns)
        let shift = Float(max(1e-2 * power.squareRoot(), 1e-6))
        var generator = SeededGenerator(seed: seed, stream: "perturbation of \(evaluator.task.unit.name)")
        let perturbation = (0..<shape.columns).map { _ in generator.next() >> 63 == 0 ? shift : -shift }
        let shifts = [perturbation, perturbation.map { -$0 }].map { Vector($0) }
        for start in stride(from: 0, through: count - batch, by: batch) {
            let up = shape.matrix(images: batch)
            for (index, offset) in shifts.enumerated() {
                evaluator.differentiateOutputs(
                    of: Array(images[start..<start + batch]), temperature: Self.temperature
                ) { chunk in
                    addRowBias(chunk.target, offset, into: chunk.output)
                } visit: { chunk, _ in
                    let rows = chunk.images.lowerBound * shape.rows..<chunk.images.upperBound * shape.rows
                    if index == 0 {
                        copy(chunk.globalGradient, into: up.rows(rows))
                    } else {
                        scaledDifference(
                            up.rows(rows), chunk.globalGradient, factor: 1, into: up.rows(rows))
                        addMagnitudes(of: up.rows(rows), over: count, to: result)
                    }
                }
            }
        }
        return result
    }

    /// Adds the mean magnitude over `count` images: `sum += Σ |x| / count`.
    private func addMagnitudes(of x: Matrix, over count: Int, to sum: Matrix) {
        for image in 0..<x.rows / sum.rows {
            let part = x.rows(image * sum.rows..<(image + 1) * sum.rows)
            for row in 0..<sum.rows {
                for column in 0..<part.columns {
                    sum[row, column] += abs(part[row, column]) / Float(count)
                }
            }
        }
    }
}

// MARK: - fima

extension BlockMetricEstimator {
    /// Adds a measurement, and gives the metric of all of them.
    private mutating func measureFisher(on images: [Int]) -> BlockMetric {
        evaluator.refreshWeights(hard: false)
        let shape = evaluator.task.unit.output
        let gradient = shape.matrix(images: 1)
        let error = shape.matrix(images: 1)
        evaluator.differentiateOutputs(of: images, temperature: Self.temperature) { chunk, _ in
            addMagnitudes(of: chunk.globalGradient, over: images.count, to: gradient)
            let difference = Matrix(rows: chunk.output.rows, columns: chunk.output.columns)
            scaledDifference(chunk.output, chunk.target, factor: 1, into: difference)
            addMagnitudes(of: difference, over: images.count, to: error)
        }
        measurements.append(FisherMeasurement(gradient: gradient, error: error))
        return fisherMetric(on: error)
    }

    private func fisherMetric(on error: Matrix) -> BlockMetric {
        let shape = evaluator.task.unit.output
        let diagonal = shape.matrix(images: 1)
        let gradients = Matrix(rows: measurements.count * error.rows, columns: error.columns)
        for (index, measured) in measurements.enumerated() {
            scale(measured.gradient, by: 1 / Float(measurements.count), into: diagonal, accumulate: true)
            copy(measured.gradient, into: gradients.rows(index * error.rows..<(index + 1) * error.rows))
        }
        let zero = shape.matrix(images: 1)
        let products = measurements.map { a in
            measurements.map { b in weightedAbsoluteDistance(a.error, zero, weights: b.error) }
        }
        guard let inverse = inverted(products) else { return .shared(diagonal) }
        // Both parts start alike on the error that was just measured.
        let plain = BlockMetric.shared(diagonal)
        let whole = plain.sum(error, zero, weights: nil)
        let part = BlockMetric.LowRank(gradients: gradients, inverse: inverse, scale: 1)
        // It may be a millionth of the other part: their sum less that part would be rounding errors.
        let unscaled = BlockMetric.sum(part, rows: error.rows, error, zero)
        guard unscaled > 0, unscaled.isFinite else { return plain }
        return .shared(
            diagonal,
            lowRank: BlockMetric.LowRank(gradients: gradients, inverse: inverse, scale: whole / unscaled))
    }
}

/// The inverse of a small symmetric matrix, slightly damped, in double precision; nil if there is none.
///
/// `CholeskyFactor` is in single precision, which would change results.
private func inverted(_ matrix: [[Double]]) -> [[Double]]? {
    let n = matrix.count
    var a = matrix
    let trace = (0..<n).reduce(0.0) { $0 + matrix[$1][$1] }
    for index in 0..<n {
        a[index][index] += 1e-4 * trace / Double(n)
    }
    var result = (0..<n).map { row in (0..<n).map { row == $0 ? 1.0 : 0.0 } }
    for pivot in 0..<n {
        let value = a[pivot][pivot]
        guard value > 0, value.isFinite else { return nil }
        for column in 0..<n {
            a[pivot][column] /= value
            result[pivot][column] /= value
        }
        for row in 0..<n where row != pivot {
            let factor = a[row][pivot]
            for column in 0..<n {
                a[row][column] -= factor * a[pivot][column]
                result[row][column] -= factor * result[pivot][column]
            }
        }
    }
    return result
}
