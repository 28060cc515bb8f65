import Glibc
import Kernels
import Quantization
import TensorCore
import VisionTransformers
import Vocabulary

@testable import Reconstruction

/// The terms of a task as their definitions give them, computed apart from the reconstruction, in double precision and one
/// image after another.
struct SupervisedUnit {
    let small: SmallTask
    let task: ReconstructionTask
    private let student: Tape
    private let reference: Tape
    let output: Matrix

    /// Runs the unit.
    ///
    /// - Parameters:
    ///   - small: The model.
    ///   - task: The task.
    ///   - input: `[images · rows, columns]`: what the quantized unit reads; the quantized prefix's outputs by default.
    init(_ small: SmallTask, _ task: ReconstructionTask, input: Matrix? = nil) {
        (self.small, self.task) = (small, task)
        let (unit, images) = (task.unit, small.images.rows)
        student = Tape(shapes: unit.tapeShapes, images: images)
        reference = Tape(shapes: unit.tapeShapes, images: images)
        output = unit.output.matrix(images: images)
        let other = unit.output.matrix(images: images)
        task.state.prepared(for: unit).forward(input ?? task.prefixInput, tape: student, output: output)
        task.fullPrecision.forward(task.fullPrecisionInput, tape: reference, output: other)
    }

    /// The rows that images have in a matrix of all of them, image by image.
    static func rows(_ matrix: Matrix, of images: [Int], among count: Int) -> [[Double]] {
        let rows = matrix.rows / count
        return images.flatMap { image in
            (image * rows..<(image + 1) * rows).map { row in
                (0..<matrix.columns).map { Double(matrix[row, $0]) }
            }
        }
    }

    private func rows(_ matrix: Matrix, _ images: [Int]) -> [[Double]] {
        Self.rows(matrix, of: images, among: small.images.rows)
    }

    /// The mean squared error of outputs; errors may have weights, `[images · rows, columns]` of all images.
    func block(_ images: [Int], weights: Matrix? = nil) -> Double {
        let weights = weights.map { rows($0, images) }
        return meanSquare(rows(output, images), rows(task.target, images), weights: weights)
    }

    /// The divergence of logits that the suffix gives, in nats: the mean over images.
    func logits(_ images: [Int], temperature: Double) -> Double {
        let logits = Matrix(rows: small.images.rows, columns: small.logits.columns)
        if task.suffix.isEmpty {
            copy(output, into: logits)
        } else {
            ModelPass(task.suffix, pool: small.pool).run(output, into: logits)
        }
        return meanDivergence(
            rows(small.logits, images), rows(logits, images), temperature: temperature)
    }

    /// The mean squared error of the features that the suffix gives.
    func features(_ images: [Int]) -> Double {
        let found = Matrix(rows: small.images.rows, columns: small.features.columns)
        let logits = Matrix(rows: small.images.rows, columns: small.logits.columns)
        let slot = task.suffix[task.suffix.count - 1].unit.operators[0].slot
        ModelPass(task.suffix, pool: small.pool).run(output, into: logits) { range, tapes in
            for (position, image) in range.enumerated() {
                for column in 0..<found.columns {
                    found[image, column] = tapes[tapes.count - 1][slot][position, column]
                }
            }
        }
        return meanSquare(rows(found, images), rows(small.features, images))
    }

    /// Each operator's distance from full precision.
    ///
    /// - Parameters:
    ///   - images: The images, as many as a task of the reconstruction takes where the distance is that of moments.
    ///   - distance: The distance.
    ///   - powerImages: The images that operators' mean squares are taken over.
    /// - Returns: One distance per operator.
    func operators(
        _ images: [Int], _ distance: LocalDistance, powerImages: [Int]
    ) -> [Double] {
        task.unit.operators.map { operation in
            let (student, reference) = (
                rows(student[operation.slot], images), rows(reference[operation.slot], images)
            )
            let powerRows = rows(self.reference[operation.slot], powerImages)
            let power = meanSquare(powerRows, powerRows.map { $0.map { _ in 0 } })
            switch distance {
            case .relative: return meanSquare(student, reference) / power
            case .channelDivergence:
                return meanDivergence(reference, student, temperature: power.squareRoot())
            case .moments:
                return student[0].indices.reduce(0.0) { sum, column in
                    let (a, b) = (moments(student.map { $0[column] }), moments(reference.map { $0[column] }))
                    let (mean, deviation) = (a.mean - b.mean, a.deviation - b.deviation)
                    return sum + mean * mean + deviation * deviation
                } / Double(student[0].count) / power
            }
        }
    }

    private func moments(_ values: [Double]) -> (mean: Double, deviation: Double) {
        let mean = values.reduce(0, +) / Double(values.count)
        let square = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
        return (mean, square.squareRoot())
    }
}

/// The mean of weighted squares of differences, over all elements.
func meanSquare(_ a: [[Double]], _ b: [[Double]], weights: [[Double]]? = nil) -> Double {
    var (sum, count) = (0.0, 0)
    for row in a.indices {
        for column in a[row].indices {
            let difference = a[row][column] - b[row][column]
            sum += difference * difference * (weights?[row][column] ?? 1)
            count += 1
        }
    }
    return sum / Double(count)
}

/// The mean over rows of `KL(softmax(target / temperature) ‖ softmax(student / temperature))`, in nats.
func meanDivergence(_ target: [[Double]], _ student: [[Double]], temperature: Double) -> Double {
    func logSoftmax(_ row: [Double]) -> [Double] {
        let scaled = row.map { $0 / temperature }
        let most = scaled.max() ?? 0
        let total = most + log(scaled.reduce(0) { $0 + exp($1 - most) })
        return scaled.map { $0 - total }
    }
    return zip(target, student).reduce(0.0) { sum, pair in
        let (p, q) = (logSoftmax(pair.0), logSoftmax(pair.1))
        return sum + zip(p, q).reduce(0.0) { $0 + exp($1.0) * ($1.0 - $1.1) }
    } / Double(target.count)
}
