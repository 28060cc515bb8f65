internal import Kernels
internal import TensorCore

/// How errors of a unit's output count in the block term.
///
/// Every metric is scaled to a mean weight of 1, so that equal errors everywhere give the mean squared error.
struct BlockMetric: Sendable {
    /// The low-rank part of a quadratic form, applied image by image.
    struct LowRank: Sendable {
        /// `[rank · rows, columns]`: the magnitudes of gradients, one measurement after another.
        let gradients: Matrix
        /// `[rank, rank]`: the form's matrix between measurements.
        let inverse: [[Double]]
        /// The factor on the low-rank part.
        let scale: Double
    }

    private enum Kind: Sendable {
        case plain
        /// `[images · rows, columns]`: a weight for each element of each image.
        case perImage(Matrix)
        /// `[rows, columns]`: a weight for each element, the same for all images; perhaps a low-rank part as well.
        case shared(Matrix, LowRank?)
    }

    private let kind: Kind

    /// The mean squared error.
    static let plain = BlockMetric(kind: .plain)

    /// Weights of each image's elements, `[images · rows, columns]`, not negative; scaled in place.
    static func perImage(_ weights: Matrix) -> BlockMetric {
        normalize(weights)
        return BlockMetric(kind: .perImage(weights))
    }

    /// Weights of all images' elements, `[rows, columns]`, not negative; scaled in place.
    static func shared(_ weights: Matrix, lowRank: LowRank? = nil) -> BlockMetric {
        normalize(weights)
        return BlockMetric(kind: .shared(weights, lowRank))
    }

    /// `[images · rows, columns]`: the weights, if each image has its own.
    var perImageWeights: Matrix? {
        if case .perImage(let weights) = kind { weights } else { nil }
    }

    /// The sum of weighted squares over a task's images.
    ///
    /// - Parameters:
    ///   - output: `[images · rows, columns]`.
    ///   - target: `[images · rows, columns]`.
    ///   - weights: These images' own weights, if the metric has them.
    ///   - gradient: What `factor` times the gradient is written to, or nil.
    ///   - factor: The factor on the gradient.
    /// - Returns: The sum; divided by the elements of a batch it is the block term.
    func sum(
        _ output: Matrix, _ target: Matrix, weights: Matrix?, gradient: Matrix? = nil, factor: Double = 0
    ) -> Double {
        if let gradient, !isPlain {
            scale(gradient, by: 0, into: gradient)
        }
        let twice = Float(2 * factor)
        switch kind {
        case .plain:
            if let gradient {
                scaledDifference(output, target, factor: twice, into: gradient, accumulate: false)
            }
            return squaredDistance(output, target)
        case .perImage(let all):
            return weightedDistance(
                output, target, weights: weights ?? all, gradient: gradient, factor: twice)
        case .shared(let shared, let lowRank):
            let diagonal = weightedDistance(
                output, target, weights: shared, gradient: gradient, factor: twice)
            return diagonal
                + (lowRank.map {
                    Self.sum($0, rows: shared.rows, output, target, gradient: gradient, factor: factor)
                } ?? 0)
        }
    }

    private var isPlain: Bool {
        if case .plain = kind { true } else { false }
    }

    /// `Σ a · M · aᵀ` over images, a being the products of the error's magnitude and the measured gradients.
    static func sum(
        _ part: LowRank, rows: Int, _ output: Matrix, _ target: Matrix, gradient: Matrix? = nil,
        factor: Double = 0
    ) -> Double {
        let rank = part.inverse.count
        var total = 0.0
        for image in 0..<output.rows / rows {
            let range = image * rows..<(image + 1) * rows
            let (x, y) = (output.rows(range), target.rows(range))
            let products = (0..<rank).map {
                weightedAbsoluteDistance(x, y, weights: part.gradients.rows($0 * rows..<($0 + 1) * rows))
            }
            let weighted = part.inverse.map { row in
                zip(row, products).reduce(0) { $0 + $1.0 * $1.1 } * part.scale
            }
            total += zip(weighted, products).reduce(0) { $0 + $1.0 * $1.1 }
            guard let gradient else { continue }
            for index in 0..<rank {
                _ = weightedAbsoluteDistance(
                    x, y, weights: part.gradients.rows(index * rows..<(index + 1) * rows),
                    gradient: gradient.rows(range), factor: Float(2 * factor * weighted[index]))
            }
        }
        return total
    }

    /// Scales weights to a mean of 1; all alike where there are none.
    private static func normalize(_ weights: Matrix) {
        let sum = weightedAbsoluteDistance(weights, zeros(like: weights), weights: filled(1, weights.columns))
        let mean = sum / Double(max(1, weights.rows * weights.columns))
        if mean > 1e-30, mean.isFinite {
            scale(weights, by: Float(1 / mean), into: weights)
        } else {
            for row in 0..<weights.rows {
                copy(filled(1, weights.columns), into: weights.rows(row..<row + 1))
            }
        }
    }

    private static func zeros(like x: Matrix) -> Matrix { Matrix(rows: x.rows, columns: x.columns) }

    private static func filled(_ value: Float, _ columns: Int) -> Matrix {
        Matrix(rows: 1, columns: columns, elements: Array(repeating: value, count: columns))
    }
}
