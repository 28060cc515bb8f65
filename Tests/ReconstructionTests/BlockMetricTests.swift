import Kernels
import Quantization
import TensorCore
import TensorTestSupport
import Testing
import VisionTransformers
import Vocabulary

@testable import Reconstruction

@Suite("Metrics of the block term")
final class BlockMetricTests {
    /// Batches of 4 do not divide 10 images.
    private let small = SmallTask(seed: 31, images: 10)

    deinit { small.pool.shutDown() }

    /// An evaluator of a task without a reconstruction, and an estimator that measures with it.
    private func measuring(
        _ task: ReconstructionTask, _ settings: Hyperparameters
    ) -> (evaluator: TermEvaluator, estimator: BlockMetricEstimator) {
        let learned = LearnedUnit(task.state, linears: task.unit.linears, settings: settings)
        let evaluator = TermEvaluator(task, learned, settings: settings, pool: small.pool)
        return (evaluator, BlockMetricEstimator(evaluator, seed: 7))
    }

    private func settings(
        _ distance: BlockDistance, batch: Int = 4
    ) -> Hyperparameters {
        var settings = small.settings(block: 1, global: 0, local: 0)
        settings.blockDistance = distance
        settings.batch = batch
        return settings
    }

    /// `[images · rows, columns]`: the gradients of each image's divergence, at temperature 20, where the unit's outputs
    /// are given.
    private func gradients(_ task: ReconstructionTask, at outputs: Matrix) -> Matrix {
        let images = small.images.rows
        let pass = TwoWayPass(task.suffix, images: images)
        let logits = pass.forward(outputs, images: images).output
        _ = kullbackLeibler(
            target: small.logits, student: logits, temperature: 20,
            gradient: pass.outputGradient(images: images),
            gradientFactor: 1)
        let result = Matrix(rows: outputs.rows, columns: outputs.columns)
        pass.backward(outputs, images: images, local: nil, dInput: result)
        return result
    }

    private func scaledToMeanOne(_ values: [Double]) -> [Double] {
        let mean = values.reduce(0, +) / Double(values.count)
        return values.map { $0 / mean }
    }

    private func magnitudes(_ matrix: Matrix, _ images: [Int]) -> [[Double]] {
        SupervisedUnit.rows(matrix, of: images, among: small.images.rows).map { $0.map(abs) }
    }

    /// The mean of images' magnitudes, row by row of one image.
    private func mean(_ matrix: Matrix, _ images: [Int]) -> [Double] {
        let rows = magnitudes(matrix, images)
        let perImage = rows.count / images.count
        return (0..<perImage).flatMap { row in
            rows[row].indices.map { column in
                stride(from: row, to: rows.count, by: perImage).reduce(0) { $0 + rows[$1][column] }
                    / Double(images.count)
            }
        }
    }

    @Test("brecq: each image's errors are weighted by its own squared gradients")
    func squaredGradient() throws {
        let task = small.task(1, state: try small.calibrated(1, bits: 3))
        var (evaluator, estimator) = measuring(task, settings(.brecq))
        evaluator.metric = estimator.start(on: Array(0..<10))
        let unit = SupervisedUnit(small, task)
        let expected = scaledToMeanOne(
            gradients(task, at: unit.output).elements.map { Double($0) * Double($0) })
        let weights = try #require(evaluator.metric.perImageWeights)
        #expect(relativeError(weights.elements.map(Double.init), expected) < 1e-3)
        // And a batch gathers the weights of its images.
        let batch = [7, 2, 9, 0]
        let terms = evaluator.forward(Batch(images: batch), factors: .none)
        let loss = try #require(terms.block)
        let byHand = unit.block(batch, weights: weights)
        #expect(abs(loss - byHand) < 1e-4 * byHand)
        #expect(abs(loss - unit.block(batch)) > 0.05 * loss, "equal weights would test nothing")
    }

    /// The metric's weights of single errors, one element at a time.
    private func diagonal(_ metric: BlockMetric, _ task: ReconstructionTask) -> [Double] {
        let shape = task.unit.output
        let (zero, error) = (shape.matrix(images: 1), shape.matrix(images: 1))
        return (0..<shape.rows).flatMap { row in
            (0..<shape.columns).map { column in
                error[row, column] = 1
                defer { error[row, column] = 0 }
                return metric.sum(error, zero, weights: nil)
            }
        }
    }

    @Test(
        "aphq: errors are weighted by how a small shift of each channel, up or down at random, changes the gradient"
    )
    func perturbationHessian() throws {
        let task = small.task(1, state: try small.calibrated(1, bits: 3))
        var settings = settings(.aphq)
        settings.batch = 5
        var (_, estimator) = measuring(task, settings)
        let power = squaredNorm(task.target) / Double(task.target.elements.count)
        let shift = Float(1e-2 * power.squareRoot())
        let columns = task.target.columns
        var generator = SeededGenerator(seed: 7, stream: "perturbation of \(task.unit.name)")
        let signs: [Float] = (0..<columns).map { _ in generator.next() >> 63 == 0 ? 1 : -1 }
        #expect(Set(signs).count == 2)
        func shifted(_ by: Float) -> Matrix {
            Matrix(
                rows: task.target.rows, columns: columns,
                elements: task.target.elements.enumerated().map { $1 + by * signs[$0 % columns] })
        }
        let (up, down) = (gradients(task, at: shifted(shift)), gradients(task, at: shifted(-shift)))
        let change = Matrix(
            rows: up.rows, columns: up.columns, elements: zip(up.elements, down.elements).map(-))
        let expected = scaledToMeanOne(mean(change, Array(0..<10)))
        let metric = estimator.start(on: Array(0..<10))
        #expect(relativeError(diagonal(metric, task), expected) < 1e-2)
    }

    @Test(
        "fima: gradients' mean magnitudes weigh errors, and their products weigh as much again on the error last measured",
        arguments: [1])
    func fisher(count: Int) throws {
        let task = small.task(1, state: try small.calibrated(1, bits: 3))
        var settings = settings(.fima)
        settings.steps = 10
        var (_, estimator) = measuring(task, settings)
        var metric = estimator.start(on: Array(0..<10))
        if count == 2 {
            // Ten steps are measured at every second one.
            let early = estimator.renew(on: Array(4..<8), at: 1).map { _ in true }
            #expect(early == nil)
            let renewed = estimator.renew(on: Array(4..<8), at: 2)
            metric = try #require(renewed)
        }

        let unit = SupervisedUnit(small, task)
        let difference = Matrix(
            rows: unit.output.rows, columns: unit.output.columns,
            elements: zip(unit.output.elements, task.target.elements).map(-))
        let batches = [Array(0..<4), Array(4..<8)].prefix(count)
        let slopes = batches.map { mean(gradients(task, at: unit.output), $0) }
        let errors = batches.map { mean(difference, $0) }
        func product(_ a: [Double], _ b: [Double]) -> Double {
            zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let weights = scaledToMeanOne(
            slopes[0].indices.map { element in slopes.reduce(0) { $0 + $1[element] } })
        func diagonal(_ error: [Double]) -> Double { product(weights, error.map { $0 * $0 }) }
        /// The products of an error with each measured slope, in the inverse metric of the measured errors' products.
        func lowRank(_ error: [Double]) -> Double {
            let a = slopes.map { product($0, error.map(abs)) }
            let (p, q, r) = (
                product(errors[0], errors[0]), product(errors[0], errors[count - 1]),
                product(errors[count - 1], errors[count - 1])
            )
            guard count == 2 else { return a[0] * a[0] / p }
            let damping = 1e-4 * (p + r) / 2
            let determinant = (p + damping) * (r + damping) - q * q
            return ((r + damping) * a[0] * a[0] - 2 * q * a[0] * a[1] + (p + damping) * a[1] * a[1])
                / determinant
        }
        let last = errors[count - 1]
        let scale = diagonal(last) / lowRank(last)
        let shape = task.unit.output
        let other = seededMatrix(shape.rows, shape.columns, seed: 5)
        for values in [last, other.elements.map(Double.init)] {
            let matrix = Matrix(
                rows: shape.rows, columns: shape.columns, elements: values.map(Float.init))
            let found = metric.sum(matrix, shape.matrix(images: 1), weights: nil)
            let expected = diagonal(values) + scale * lowRank(values)
            #expect(abs(found - expected) < 2e-3 * found, "\(found) is not \(expected)")
        }
    }

    @Test("fima: five measurements, at fifths of the steps", arguments: [1, 10, 25])
    func fisherTimes(steps: Int) throws {
        let task = small.task(1, state: try small.calibrated(1, bits: 3))
        var settings = settings(.fima)
        settings.steps = steps
        let reconstruction = small.reconstruction(task, settings)
        var counts: [Int] = []
        while !reconstruction.isFinished {
            _ = reconstruction.step()
            counts.append(reconstruction.metricEstimator.measurements.count)
        }
        #expect(counts == (0..<steps).map { 1 + $0 / max(1, steps / 5) })
    }

    @Test("the head has one metric, whatever the settings")
    func head() {
        let task = small.task(3, state: small.disturbed(3, seed: 1))
        let reconstruction = small.reconstruction(task, settings(.brecq))
        #expect(reconstruction.evaluator.metric.perImageWeights == nil)
    }
}
