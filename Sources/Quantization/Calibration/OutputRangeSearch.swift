internal import Kernels
package import TensorCore

/// Moves the range of a linear layer's input so that the layer's output errs less.
///
/// It minimises `‖(x̂ − x) Wᵀ‖²`: errors that the weight hardly passes on count little, and those that many
/// outputs see count much. One range serves all channels.
///
/// Source: the layer-wise search of AdaLog (arXiv 2407.12951) and APHQ-ViT (arXiv 2504.02508), with steps from the
/// range of least squared error instead of a grid.
package struct OutputRangeSearch {
    /// The number of rows of the input that are used at most, spread evenly.
    private static let rowLimit = 256
    private static let outputsPerTask = 128

    private let weight: Matrix
    private let values: Matrix
    private let pool: WorkerPool

    /// Makes a search.
    ///
    /// - Parameters:
    ///   - weight: `[outputs, inputs]`, in full precision.
    ///   - values: `[rows, inputs]`: the layer's input in full precision.
    ///   - pool: Shares outputs out; the result does not depend on its number of threads.
    package init(weight: Matrix, values: Matrix, pool: WorkerPool) {
        precondition(weight.columns == values.columns, "\(values.columns) inputs are not \(weight.columns)")
        self.weight = weight
        self.pool = pool
        guard values.rows > Self.rowLimit else {
            self.values = values
            return
        }
        self.values = Matrix(rows: Self.rowLimit, columns: values.columns)
        for row in 0..<Self.rowLimit {
            // Another place within each of equal stretches, so that no period of the rows is met.
            let (start, end) = (row * values.rows / Self.rowLimit, (row + 1) * values.rows / Self.rowLimit)
            let place = start + row % (end - start)
            copy(values.rows(place..<place + 1), into: self.values.rows(row..<row + 1))
        }
    }

    /// The mean squared error of the layer's output.
    package func error(of quantizer: UniformQuantizer) -> Double {
        let difference = Matrix(rows: values.rows, columns: values.columns)
        quantizer.fakeQuantize(values, into: difference)
        scaledDifference(difference, values, factor: 1, into: difference, accumulate: false)
        let tiles = stride(from: 0, to: weight.rows, by: Self.outputsPerTask).map {
            $0..<min(weight.rows, $0 + Self.outputsPerTask)
        }
        let errors = TaskResults(count: tiles.count, repeating: 0.0)
        pool.run(tiles.count) { task, _ in
            let out = Matrix(rows: values.rows, columns: tiles[task].count)
            multiply(difference, weight.rows(tiles[task]), into: out, transposeB: true)
            errors[task] = squaredNorm(out)
        }
        return errors.values.reduce(0, +) / Double(max(1, values.rows * weight.rows))
    }

    /// A quantizer whose error is not above that of another, by steps of either bound or both.
    ///
    /// - Parameter start: Has one group.
    /// - Returns: The best quantizer that was met.
    /// - Throws: Never, but for a defect: parameters are checked before they are tried.
    package func refined(_ start: UniformQuantizer) throws(QuantizationError) -> UniformQuantizer {
        var best = (quantizer: start, error: error(of: start))
        var range = start.range(of: 0)
        var step: Float = 0.1
        while step > 0.02 {
            let distance = step * (range.upperBound - range.lowerBound)
            var isBetter = false
            for (low, high) in [(1, 0), (0, -1), (1, -1), (-1, 0), (0, 1), (-1, 1)] as [(Float, Float)] {
                let (lower, upper) = (
                    range.lowerBound + low * distance, range.upperBound + high * distance
                )
                guard let candidate = try quantizer(lower, upper, like: start) else { continue }
                let error = error(of: candidate)
                guard error < best.error * (1 - 1e-6) else { continue }
                best = (candidate, error)
                range = lower...upper
                isBetter = true
                break
            }
            if !isBetter { step /= 2 }
        }
        return best.quantizer
    }

    private func quantizer(
        _ lower: Float, _ upper: Float, like start: UniformQuantizer
    ) throws(QuantizationError) -> UniformQuantizer? {
        let scale = (upper - lower) / Float(start.bits.maximumCode)
        let finest = max(abs(lower), abs(upper)) * 0x1p-22
        guard scale > max(finest, 1e-30), scale.isFinite else { return nil }
        return try UniformQuantizer(
            bits: start.bits, scales: [scale], zeroPoints: [(-lower / scale).rounded()], groups: start.groups)
    }
}
