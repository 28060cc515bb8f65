internal import Kernels
package import TensorCore
package import Vocabulary

extension WeightSolver {
    /// Whether the weight is corrected before it is rounded.
    var corrects: Bool { self == .ridge || self == .ridgeGptq }
    /// Whether rounding errors are compensated by later weights.
    var compensates: Bool { self == .gptq || self == .ridgeGptq }
}

/// Fits a quantized linear layer to outputs in closed form.
///
/// With the quantized inputs x̂ and the full-precision outputs t, both centred, the corrected weight is
/// `W + (t − W x̂)ᵀ x̂ · (x̂ᵀ x̂ + λ)⁻¹`; rounding then weighs errors by the same matrix, and the bias takes up
/// the means. λ is the damping times the mean of the diagonal; more, if a correction learned from most rows then
/// leaves less error in the others. Rows can count differently: everything is then solved for weighted squares.
///
/// If t is the layer's output for its full-precision inputs y, `tᵀ x̂` is its weight times `yᵀ x̂`: sums
/// over rows are all that is needed (`FitMoments`), and they are taken of inputs, which are fewer than outputs in most
/// layers.
///
/// Sources: ERQ (arXiv 2407.06794) for the correction, GPTQ (arXiv 2210.17323) for the rounding, RSQ (arXiv
/// 2503.01820) for weights of rows.
package struct LinearFit: Equatable, Sendable {
    /// The equation to solve.
    package var solver: WeightSolver
    /// The least damping.
    package var damping: Double

    /// Makes a fit.
    ///
    /// - Parameters:
    ///   - solver: The equation to solve.
    ///   - damping: λ as a share of the mean of the inputs' variances, above 0.
    package init(solver: WeightSolver, damping: Double) {
        precondition(damping > 0, "a damping of \(damping) is not above 0")
        self.solver = solver
        self.damping = damping
    }

    /// Fits a layer to targets, where every fifth part of the rows validates what is learned from the others.
    ///
    /// - Parameters:
    ///   - weight: `[outputs, inputs…]`.
    ///   - inputs: `[rows, inputs]`: the quantized model's inputs of the layer.
    ///   - targets: `[rows, outputs]`: the outputs of the full-precision layer.
    ///   - importance: `[rows]`: what errors of rows count, not negative and not all 0. Nil where all count alike.
    ///   - calibration: How the weight's ranges are searched; nil leaves it in full precision.
    ///   - pool: The threads; the result does not depend on their number.
    /// - Returns: The layer, as `layer(weight:target:moments:calibration:pool:)` does.
    /// - Throws: `QuantizationError` for values that are not finite.
    package func layer(
        weight: Tensor, inputs: Matrix, targets: Matrix, importance: [Float]? = nil,
        calibration: UniformCalibration?, pool: WorkerPool
    ) throws(QuantizationError) -> QuantizedLinear {
        let moments = FitMoments(inputs: inputs.columns, references: targets.columns)
        let learned = FitMoments.learned(of: inputs.rows)
        for (rows, isValidation) in [(0..<learned, false), (learned..<inputs.rows, true)] {
            moments.add(
                inputs.rows(rows), targets.rows(rows), weights: importance?[rows], isValidation: isValidation,
                pool: pool)
        }
        return try layer(weight: weight, target: nil, moments: moments, calibration: calibration, pool: pool)
    }

    /// Fits a layer.
    ///
    /// - Parameters:
    ///   - weight: `[outputs, inputs…]`.
    ///   - target: The layer whose outputs on the moments' references are to be given; nil where the references are these
    ///     outputs.
    ///   - moments: Sums over rows of the inputs that the quantized model multiplies with, and of the references; over at
    ///     least one row.
    ///   - calibration: How the weight's ranges are searched; nil leaves it in full precision.
    ///   - pool: The threads; the result does not depend on their number.
    /// - Returns: The layer, always with a bias. The quantized weight is the quantization of its weight.
    /// - Throws: `QuantizationError` for values that are not finite.
    package func layer(
        weight: Tensor, target: (weight: Tensor, bias: Tensor?)?, moments: FitMoments,
        calibration: UniformCalibration?, pool: WorkerPool
    ) throws(QuantizationError) -> QuantizedLinear {
        let fitted = Matrix(rows: weight.shape[0], columns: weight.matrix().columns)
        copy(weight.matrix(), into: fitted)
        let equations = Equations(
            moments, weight: fitted, target: target?.weight.matrix(), corrects: solver.corrects, pool: pool)
        guard let factor = factor(of: equations.all.squares, damping: damping, pool: pool)
        else { throw .nonFiniteValues(group: 0, groups: 1) }
        if solver.corrects {
            let share = bestDamping(equations, pool: pool)
            guard
                let correction = share == damping
                    ? factor : self.factor(of: equations.all.squares, damping: share, pool: pool)
            else { throw .nonFiniteValues(group: 0, groups: 1) }
            let change = equations.all.errors
            correction.solve(change, pool: pool)
            add(fitted, gathered(change, columns: equations.places), into: fitted)
        }
        var quantizer = SiteQuantizer.fullPrecision
        if let calibration {
            let uniform = try calibration.weightQuantizer(
                of: fitted, importance: equations.meanSquares, pool: pool)
            if solver.compensates {
                let moved = gathered(fitted, columns: equations.order)
                factor.round(moved, quantizer: { uniform.nearest(to: $1, group: $0) }, pool: pool)
                for row in 0..<moved.rows {
                    for place in 0..<moved.columns {
                        moved[row, place] = uniform.limited(moved[row, place], group: row)
                    }
                }
                copy(gathered(moved, columns: equations.places), into: fitted)
            }
            quantizer = .uniform(uniform)
        }
        var result = QuantizedLinear(
            weight: Tensor(shape: weight.shape, elements: fitted.elements), bias: nil, quantizer: quantizer)
        var means = moments.referenceMeans
        if let target {
            means = products(of: target.weight.matrix(), means)
            for (index, element) in (target.bias?.elements ?? []).enumerated() {
                means[index] += Double(element)
            }
        }
        let shifts = products(of: result.quantizedWeight(), moments.inputMeans)
        result.bias = Tensor(shape: [means.count], elements: zip(means, shifts).map { Float($0 - $1) })
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

    /// The damping whose correction, learned from the other rows, leaves the least error on the validation rows.
    ///
    /// It is the wanted one, or up to a hundred thousand times as much where rows are few for the inputs. Where inputs are
    /// exact there is nothing to correct, and what dampings differ by is rounding, which decides nothing.
    private func bestDamping(_ equations: Equations, pool: WorkerPool) -> Double {
        guard let (learned, validation) = equations.parts else { return damping }
        var best = (share: damping, error: Double.infinity)
        let noise = 1e-7 * validation.power
        for factor in [1.0, 10, 100, 1000, 1e4, 1e5] {
            guard let solver = self.factor(of: learned.squares, damping: damping * factor, pool: pool) else {
                continue
            }
            let change = Matrix(rows: learned.errors.rows, columns: learned.errors.columns)
            copy(learned.errors, into: change)
            solver.solve(change, pool: pool)
            let error = validation.error(of: change, pool: pool)
            if error < best.error - noise {
                best = (damping * factor, error)
            }
        }
        return best.share
    }
}

/// The normal equations of a correction of a layer's weight; columns are in the order of ascending variance.
private struct Equations {
    /// Sums over some rows.
    struct Part {
        /// `[inputs, inputs]`: x̂ᵀ x̂.
        let squares: Matrix
        /// `[outputs, inputs]`: (t − W x̂)ᵀ x̂.
        let errors: Matrix
        /// The variance of the outputs: W x̂ᵀ x̂ Wᵀ on the diagonal, all together.
        let power: Double

        /// How much error a change of the weight leaves in these rows, less that without it.
        func error(of change: Matrix, pool: WorkerPool) -> Double {
            let product = Matrix(rows: change.rows, columns: change.columns)
            pool.runTiles(of: change.rows, length: 96) { tile in
                multiply(change.rows(tile), squares, into: product.rows(tile))
            }
            scale(errors, by: -2, into: product, accumulate: true)
            return innerProduct(product, change)
        }
    }

    let all: Part
    /// The rows to learn from and the validation rows; nil without validation rows.
    let parts: (learned: Part, validation: Part)?
    /// The weight's column of each place.
    let order: [Int]
    /// The place of each of the weight's columns.
    let places: [Int]
    /// `[inputs]`, in the weight's order: the variances of the inputs.
    let meanSquares: [Float]

    init(_ moments: FitMoments, weight: Matrix, target: Matrix?, corrects: Bool, pool: WorkerPool) {
        let sums = moments.parts
        let variances = (0..<weight.columns).map { column in
            sums.reduce(0) { $0 + $1.squares[column, column] }
        }
        let order = variances.indices.sorted { (variances[$0], $0) < (variances[$1], $1) }
        let moved = gathered(weight, columns: order)
        let parts = sums.map { sum in
            let squares = gathered(gather(order, of: sum.squares), columns: order)
            let products = gathered(sum.products, columns: order)
            guard corrects else {
                return Part(squares: squares, errors: Matrix(rows: 0, columns: 0), power: 0)
            }
            let given = Matrix(rows: weight.rows, columns: weight.columns)
            let errors = Matrix(rows: weight.rows, columns: weight.columns)
            pool.runTiles(of: weight.rows, length: 96) { tile in
                if let target {
                    multiply(target.rows(tile), products, into: errors.rows(tile))
                } else {
                    copy(products.rows(tile), into: errors.rows(tile))
                }
                multiply(moved.rows(tile), squares, into: given.rows(tile))
                scale(given.rows(tile), by: -1, into: errors.rows(tile), accumulate: true)
            }
            return Part(squares: squares, errors: errors, power: innerProduct(given, moved))
        }
        (self.order, meanSquares) = (order, variances)
        places = order.indices.sorted { order[$0] < order[$1] }
        guard parts.count == 2 else {
            (all, self.parts) = (parts[0], nil)
            return
        }
        let (squares, errors) = (
            Matrix(rows: weight.columns, columns: weight.columns),
            Matrix(rows: parts[0].errors.rows, columns: parts[0].errors.columns)
        )
        add(parts[0].squares, parts[1].squares, into: squares)
        if corrects { add(parts[0].errors, parts[1].errors, into: errors) }
        all = Part(squares: squares, errors: errors, power: parts[0].power + parts[1].power)
        self.parts = (parts[0], parts[1])
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

/// A copy with other columns first.
private func gathered(_ x: Matrix, columns: [Int]) -> Matrix {
    let out = Matrix(rows: x.rows, columns: x.columns)
    for row in 0..<x.rows {
        for (position, column) in columns.enumerated() {
            out[row, position] = x[row, column]
        }
    }
    return out
}

/// A matrix times a vector.
private func products(of matrix: Matrix, _ vector: [Double]) -> [Double] {
    (0..<matrix.rows).map { row in
        (0..<matrix.columns).reduce(0.0) { $0 + Double(matrix[row, $1]) * vector[$1] }
    }
}

/// The sum of products of elements.
private func innerProduct(_ x: Matrix, _ y: Matrix) -> Double {
    (0..<x.rows).reduce(0.0) { sum, row in
        (0..<x.columns).reduce(sum) { $0 + Double(x[row, $1]) * Double(y[row, $1]) }
    }
}
