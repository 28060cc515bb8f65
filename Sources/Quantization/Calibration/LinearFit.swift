internal import Kernels
package import TensorCore

/// How a layer's weight is brought onto its codes.
package enum WeightSolver: String, CaseIterable, Sendable {
    /// Every weight goes to the nearest code.
    case nearest
    /// The weight is first corrected for what its quantized inputs do to its output, in closed form, as in ERQ.
    case ridge
    /// Each weight also makes up for the rounding of those before it, as in GPTQ.
    case gptq
    /// The correction, then the rounding that makes up.
    case ridgeGptq = "ridge_gptq"

    /// Whether the weight is corrected before it is rounded.
    var corrects: Bool { self == .ridge || self == .ridgeGptq }
    /// Whether rounding errors are made up for.
    var compensates: Bool { self == .gptq || self == .ridgeGptq }
}

/// Fits a quantized linear layer to outputs in closed form.
///
/// With the quantized inputs x̂ and the full-precision outputs t, both centred, the corrected weight is
/// `W + (t − W x̂)ᵀ x̂ · (x̂ᵀ x̂ + λ)⁻¹`; rounding then weighs errors by the same matrix, and the bias takes up
/// the means. λ is the damping times the mean of the diagonal; more, if a correction learned from most rows then
/// leaves less error in the others. Rows can count differently: everything is then solved for weighted squares.
///
/// Sources: ERQ (arXiv 2407.06794) for the correction, GPTQ (arXiv 2210.17323) for the rounding, RSQ (arXiv
/// 2503.01820) for weights of rows.
package struct LinearFit: Equatable, Sendable {
    /// What is solved.
    package var solver: WeightSolver
    /// The least damping.
    package var damping: Double

    /// Makes a fit.
    ///
    /// - Parameters:
    ///   - solver: What is solved.
    ///   - damping: λ as a share of the mean of the inputs' variances, above 0.
    package init(solver: WeightSolver, damping: Double) {
        precondition(damping > 0, "a damping of \(damping) is not above 0")
        self.solver = solver
        self.damping = damping
    }

    /// Fits a layer.
    ///
    /// - Parameters:
    ///   - weight: `[outputs, inputs…]`.
    ///   - inputs: `[rows, inputs]`: what the quantized model multiplies with.
    ///   - targets: `[rows, outputs]`: what the full-precision layer gives; overwritten.
    ///   - importance: `[rows]`: what errors of rows count, not negative and not all 0. Nil where all count alike.
    ///   - calibration: How the weight's ranges are searched; nil leaves it in full precision.
    ///   - pool: The threads; the result does not depend on their number.
    /// - Returns: The layer, always with a bias. Its weight holds the values whose quantization is meant.
    /// - Throws: `QuantizationError` for values that are not finite.
    package func layer(
        weight: Tensor, inputs: Matrix, targets: Matrix, importance: [Float]? = nil,
        calibration: UniformCalibration?, pool: WorkerPool
    ) throws(QuantizationError) -> QuantizedLinear {
        let fitted = Matrix(rows: targets.columns, columns: inputs.columns)
        copy(weight.matrix(), into: fitted)
        let inputMean = columnMeans(of: inputs, weights: importance, pool: pool)
        let targetMean = columnMeans(of: targets, weights: importance, pool: pool)
        let centred = Matrix(rows: inputs.rows, columns: inputs.columns)
        shift(inputs, by: inputMean, into: centred, pool: pool)
        shift(targets, by: targetMean, into: targets, pool: pool)
        if let importance {
            weigh(centred, by: importance, pool: pool)
            weigh(targets, by: importance, pool: pool)
        }
        let order = ascendingVariances(of: centred, pool: pool)
        let ordered = gathered(centred, columns: order, pool: pool)
        if solver.corrects {
            subtractProduct(of: centred, fitted, from: targets, pool: pool)
        }
        let (moments, change, share) = equations(ordered, targets, pool: pool)
        guard let factor = factor(of: moments, damping: share, pool: pool)
        else { throw .nonFiniteValues(group: 0, groups: 1) }
        if solver.corrects {
            factor.solve(change, pool: pool)
            for row in 0..<fitted.rows {
                for (position, column) in order.enumerated() {
                    fitted[row, column] += change[row, position]
                }
            }
        }
        var quantizer = SiteQuantizer.fullPrecision
        if let calibration {
            let uniform = try calibration.weightQuantizer(
                of: fitted, importance: columnMeanSquares(of: centred, pool: pool), pool: pool)
            if solver.compensates {
                let moved = gathered(fitted, columns: order, pool: pool)
                factor.round(moved, quantizer: { uniform.nearest(to: $1, group: $0) }, pool: pool)
                for row in 0..<moved.rows {
                    for (position, column) in order.enumerated() {
                        fitted[row, column] = uniform.limited(moved[row, position], group: row)
                    }
                }
            }
            quantizer = .uniform(uniform)
        }
        var result = QuantizedLinear(
            weight: Tensor(shape: weight.shape, elements: fitted.elements), bias: nil, quantizer: quantizer)
        let quantized = result.quantizedWeight()
        let elements = (0..<quantized.rows).map { row in
            let product = (0..<quantized.columns).reduce(0.0) {
                $0 + Double(quantized[row, $1]) * Double(inputMean[$1])
            }
            return Float(Double(targetMean[row]) - product)
        }
        result.bias = Tensor(shape: [elements.count], elements: elements)
        return result
    }

    private func factor(of moments: Matrix, damping: Double, pool: WorkerPool) -> CholeskyFactor? {
        let n = moments.rows
        let mean = (0..<n).reduce(0.0) { $0 + Double(moments[$1, $1]) } / Double(n)
        let damped = Matrix(rows: n, columns: n)
        copy(moments, into: damped)
        for index in 0..<n {
            damped[index, index] += Float(max(damping * mean, 1e-12))
        }
        return CholeskyFactor(damped, pool: pool)
    }

    /// The normal equations of a correction: the inputs' moments, their products with the errors, and the damping.
    ///
    /// The damping is the one whose correction, learned from four fifths of the rows, leaves the least error in the
    /// others: the wanted one, or up to a hundred thousand times as much where rows are few for the inputs. Tenfold
    /// damping is tried for as long as it helps.
    private func equations(
        _ inputs: Matrix, _ errors: Matrix, pool: WorkerPool
    ) -> (moments: Matrix, products: Matrix, damping: Double) {
        let n = inputs.columns
        let moments = Matrix(rows: n, columns: n)
        let right = Matrix(rows: solver.corrects ? errors.columns : 0, columns: n)
        func add(_ rows: Range<Int>) {
            let (x, y) = (inputs.rows(rows), errors.rows(rows))
            addMoments(of: x, scaledBy: 1 / Float(inputs.rows), to: moments, pool: pool)
            pool.runTiles(of: right.rows, length: 96) { tile in
                multiply(
                    y.columns(tile), x, into: right.rows(tile), transposeA: true,
                    alpha: 1 / Float(inputs.rows), accumulate: true)
            }
        }
        let learned = inputs.rows * 4 / 5
        guard solver.corrects, learned > 0, learned < inputs.rows else {
            add(0..<inputs.rows)
            return (moments, right, damping)
        }
        add(0..<learned)
        let rest = learned..<inputs.rows
        var best = (share: damping, error: Double.infinity)
        for factor in [1.0, 10, 100, 1000, 1e4, 1e5] {
            guard let solver = self.factor(of: moments, damping: damping * factor, pool: pool) else {
                continue
            }
            let change = Matrix(rows: right.rows, columns: right.columns)
            copy(right, into: change)
            solver.solve(change, pool: pool)
            let left = Matrix(rows: rest.count, columns: errors.columns)
            copy(errors.rows(rest), into: left)
            subtractProduct(of: inputs.rows(rest), change, from: left, pool: pool)
            let error = squaredNorm(left)
            guard error < best.error else { break }
            best = (damping * factor, error)
        }
        add(rest)
        return (moments, right, best.share)
    }

    /// Subtracts `inputs · weightᵀ`.
    private func subtractProduct(of inputs: Matrix, _ weight: Matrix, from out: Matrix, pool: WorkerPool) {
        pool.runTiles(of: inputs.rows, length: 256) { tile in
            multiply(
                inputs.rows(tile), weight, into: out.rows(tile), transposeB: true, alpha: -1,
                accumulate: true)
        }
    }
}

extension UniformQuantizer {
    /// The quantized value nearest to a value.
    func nearest(to value: Float, group: Int) -> Float {
        let (scale, zeroPoint) = (scales[group], zeroPoints[group])
        let code = (value / scale).rounded(.toNearestOrEven) + zeroPoint
        return scale * (min(max(code, 0), Float(bits.maximumCode)) - zeroPoint)
    }

    /// A value brought within half a step of the range, where gradients still pass.
    func limited(_ value: Float, group: Int) -> Float {
        let (scale, zeroPoint) = (scales[group], zeroPoints[group])
        return min(
            max(value, scale * (-0.49 - zeroPoint)),
            scale * (Float(bits.maximumCode) + 0.49 - zeroPoint))
    }
}

private func shift(_ x: Matrix, by means: [Float], into out: Matrix, pool: WorkerPool) {
    let negative = Vector(means.map { -$0 })
    pool.runTiles(of: x.rows, length: 256) { tile in
        addRowBias(x.rows(tile), negative, into: out.rows(tile))
    }
}

/// Multiplies rows so that their squares count what their weights say.
private func weigh(_ x: Matrix, by weights: [Float], pool: WorkerPool) {
    pool.runTiles(of: x.rows, length: 256) { tile in
        for row in tile {
            scale(x.rows(row..<row + 1), by: weights[row].squareRoot(), into: x.rows(row..<row + 1))
        }
    }
}

/// The columns, those of the least variance first.
private func ascendingVariances(of centred: Matrix, pool: WorkerPool) -> [Int] {
    let variances = columnMeanSquares(of: centred, pool: pool)
    return variances.indices.sorted { (variances[$0], $0) < (variances[$1], $1) }
}

/// A copy with other columns first.
private func gathered(_ x: Matrix, columns: [Int], pool: WorkerPool) -> Matrix {
    let out = Matrix(rows: x.rows, columns: x.columns)
    pool.runTiles(of: x.rows, length: 256) { tile in
        for row in tile {
            for (position, column) in columns.enumerated() {
                out[row, position] = x[row, column]
            }
        }
    }
    return out
}

/// Adds `xᵀ · x`, times a factor, to a symmetric matrix.
private func addMoments(of x: Matrix, scaledBy factor: Float, to out: Matrix, pool: WorkerPool) {
    // Of two halves that are alike, one is computed.
    pool.runTiles(of: x.columns, length: 96) { tile in
        let columns = 0..<tile.upperBound
        multiply(
            x.columns(tile), x.columns(columns), into: out.rows(tile).columns(columns), transposeA: true,
            alpha: factor, accumulate: true)
    }
    for row in 0..<x.columns {
        for column in row + 1..<x.columns {
            out[row, column] = out[column, row]
        }
    }
}
