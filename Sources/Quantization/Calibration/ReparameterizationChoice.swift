internal import Kernels
package import TensorCore

/// Chooses the scale that a reparameterisation aims at by the error of the layer's output.
///
/// The activations' codes are the same for every target; what differs is how well the changed weight
/// can be quantized.
package struct ReparameterizationChoice: Equatable, Sendable {
    /// The mean, the median and three quantiles.
    package static let targets: [ScaleReparameterization.Target] = [
        .mean, .quantile(0.5), .quantile(0.25), .quantile(0.75), .quantile(0.9),
    ]

    /// The best target.
    package let target: ScaleReparameterization.Target
    /// The change that it leads to.
    package let reparameterization: ScaleReparameterization
    /// The mean squared error of the layer's output for each target, in the order of the candidates.
    package let errors: [Double]

    /// Compares targets.
    ///
    /// - Parameters:
    ///   - quantizer: A quantizer with groups `.columns(width: 1)`, calibrated on `activations`.
    ///   - layer: The parameters before the change.
    ///   - activations: `[rows, in]`: the LayerNorm's output before the change.
    ///   - weights: How the changed weight will be quantized.
    ///   - candidates: The targets to compare, at least one.
    ///   - rowLimit: How many rows of `activations` are used; of more, as many evenly spread ones.
    ///   - pool: Shares the work; the result does not depend on its number of threads.
    /// - Throws: `QuantizationError`, as calibration and reparameterisation do.
    package init(
        for quantizer: UniformQuantizer, layer: NormalizedLinear, activations: Matrix,
        weights: UniformCalibration, candidates: [ScaleReparameterization.Target] = Self.targets,
        rowLimit: Int = 512, pool: WorkerPool
    ) throws(QuantizationError) {
        precondition(!candidates.isEmpty, "there is no target to choose from")
        guard activations.rows > 0 else { throw .noValues }
        guard activations.columns == quantizer.scales.count else {
            throw .channelCounts(
                what: "the activation", found: activations.columns, expected: quantizer.scales.count)
        }
        let rows = spreadRows(of: activations, limit: rowLimit)
        var best: (target: ScaleReparameterization.Target, change: ScaleReparameterization, error: Double)?
        var errors: [Double] = []
        for target in candidates {
            let change = try ScaleReparameterization(quantizer, target: target)
            let error = try outputError(
                of: change, layer: layer, activations: rows, weights: weights, pool: pool)
            errors.append(error)
            if best.map({ error < $0.error }) ?? true {
                best = (target, change, error)
            }
        }
        guard let best else { throw .noValues }
        target = best.target
        reparameterization = best.change
        self.errors = errors
    }
}

/// The mean squared error of a layer's output after a change.
private func outputError(
    of change: ScaleReparameterization, layer: NormalizedLinear, activations: Matrix,
    weights: UniformCalibration, pool: WorkerPool
) throws(QuantizationError) -> Double {
    let weight = try change.applied(to: layer).weight.matrix()
    let exact = Matrix(rows: activations.rows, columns: activations.columns)
    change.transform(activations, into: exact)
    let quantized = Matrix(rows: activations.rows, columns: activations.columns)
    change.perTensor.fakeQuantize(exact, into: quantized)
    let quantizer = try weights.weightQuantizer(
        of: weight, importance: columnMeanSquares(of: quantized, pool: pool), pool: pool)
    let quantizedWeight = Matrix(rows: weight.rows, columns: weight.columns)
    quantizer.fakeQuantize(weight, into: quantizedWeight)
    let height = 64
    let tiles = (weight.rows + height - 1) / height
    let errors = TaskResults(count: tiles, repeating: 0.0)
    pool.run(tiles) { task, _ in
        let outputs = task * height..<min(weight.rows, (task + 1) * height)
        let reference = Matrix(rows: activations.rows, columns: outputs.count)
        let actual = Matrix(rows: activations.rows, columns: outputs.count)
        multiply(exact, weight.rows(outputs), into: reference, transposeB: true)
        multiply(quantized, quantizedWeight.rows(outputs), into: actual, transposeB: true)
        errors[task] = squaredDistance(reference, actual)
    }
    return errors.values.reduce(0, +) / Double(activations.rows * weight.rows)
}

/// Copies of at most `limit` evenly spread rows.
private func spreadRows(of x: Matrix, limit: Int) -> Matrix {
    guard x.rows > limit else { return x }
    let result = Matrix(rows: limit, columns: x.columns)
    for row in 0..<limit {
        // Within each of equal stretches another place, so that no period of the rows is met.
        let (start, end) = (row * x.rows / limit, (row + 1) * x.rows / limit)
        copy(
            x.rows(start + row % (end - start)..<start + row % (end - start) + 1),
            into: result.rows(row..<row + 1))
    }
    return result
}
