internal import CKernels
package import TensorCore

/// Sums each column: `sums[c] = Σ_r a[r, c]`, plus what `sums` held before if `accumulate` is true.
///
/// - Parameters:
///   - a: `[rows, columns]`.
///   - sums: `[columns]`; rows are added in order.
///   - accumulate: Whether to add to `sums` rather than overwrite it.
package func columnSums(_ a: Matrix, into sums: Vector, accumulate: Bool = false) {
    sums.require(a.columns, "sums")
    unsafe kernels.column_sums(a.view, sums.pointer, accumulate)
}

/// Adds: `out = x + y`, or `out = x + gamma ⊙ y` with one factor for each column (layer scale).
///
/// - Parameters:
///   - x: `[rows, columns]`.
///   - y: `[rows, columns]`.
///   - gamma: `[columns]`, or nil for factors of 1.
///   - out: `[rows, columns]`, overwritten; may be `x` or `y`.
package func add(_ x: Matrix, _ y: Matrix, scaledBy gamma: Vector? = nil, into out: Matrix) {
    y.require(like: x, "y")
    out.require(like: x, "out")
    gamma?.require(x.columns, "gamma")
    withExtendedLifetime(gamma) {
        unsafe kernels.add(x.view, y.view, gamma?.pointer, out.view)
    }
}

/// Multiplies each column by its factor: `out[r, c] = x[r, c] · gamma[c]`, plus what `out` held before if
/// `accumulate` is true.
///
/// - Parameters:
///   - x: `[rows, columns]`.
///   - gamma: `[columns]`.
///   - out: `[rows, columns]`; may be `x`.
///   - accumulate: Whether to add to `out` rather than overwrite it.
package func scaleColumns(_ x: Matrix, by gamma: Vector, into out: Matrix, accumulate: Bool = false) {
    out.require(like: x, "out")
    gamma.require(x.columns, "gamma")
    unsafe kernels.scale_columns(x.view, gamma.pointer, out.view, accumulate)
}

/// Multiplies by a number: `out = factor · x`, plus what `out` held before if `accumulate` is true.
///
/// - Parameters:
///   - x: `[rows, columns]`.
///   - factor: The number.
///   - out: `[rows, columns]`; may be `x`.
///   - accumulate: Whether to add to `out` rather than overwrite it.
package func scale(_ x: Matrix, by factor: Float, into out: Matrix, accumulate: Bool = false) {
    out.require(like: x, "out")
    unsafe kernels.scale(x.view, factor, out.view, accumulate)
}

/// Takes a difference: `out = factor · (x − y)`, plus what `out` held before if `accumulate` is true.
///
/// - Parameters:
///   - x: `[rows, columns]`.
///   - y: `[rows, columns]`.
///   - factor: What the difference is multiplied by.
///   - out: `[rows, columns]`; may be `x` or `y`.
///   - accumulate: Whether to add to `out` rather than overwrite it.
package func scaledDifference(
    _ x: Matrix, _ y: Matrix, factor: Float, into out: Matrix, accumulate: Bool = false
) {
    y.require(like: x, "y")
    out.require(like: x, "out")
    unsafe kernels.scaled_difference(x.view, y.view, factor, out.view, accumulate)
}

/// Adds a bias to every row: `out[r, c] = x[r, c] + bias[c]`.
///
/// - Parameters:
///   - x: `[rows, columns]`.
///   - bias: `[columns]`.
///   - out: `[rows, columns]`, overwritten; may be `x`.
package func addRowBias(_ x: Matrix, _ bias: Vector, into out: Matrix) {
    out.require(like: x, "out")
    bias.require(x.columns, "bias")
    unsafe kernels.add_row_bias(x.view, bias.pointer, out.view)
}

/// Copies elements.
///
/// - Parameters:
///   - x: `[rows, columns]`.
///   - out: `[rows, columns]`, overwritten.
package func copy(_ x: Matrix, into out: Matrix) {
    out.require(like: x, "out")
    unsafe kernels.copy(x.view, out.view)
}

/// Rows of a matrix, copied into a new one.
///
/// - Parameters:
///   - rows: Which rows, in the order of the result; a row may be there more than once.
///   - matrix: `[rows, columns]`.
/// - Returns: `[rows.count, columns]`.
package func gather(_ rows: [Int], of matrix: Matrix) -> Matrix {
    let result = Matrix(rows: rows.count, columns: matrix.columns)
    for (place, row) in rows.enumerated() {
        copy(matrix.rows(row..<row + 1), into: result.rows(place..<place + 1))
    }
    return result
}

/// Sets every element, whatever was there before, to one number.
///
/// - Parameters:
///   - out: `[rows, columns]`, overwritten.
///   - value: The number.
package func fill(_ out: Matrix, with value: Float) {
    for row in 0..<out.rows {
        let line = out.rows(row..<row + 1)
        unsafe line.pointer.update(repeating: value, count: out.columns)
    }
    withExtendedLifetime(out) {}
}

/// The sum of squared differences, `Σ (x − y)²`, in a fixed order and accumulated in double precision.
///
/// - Parameters:
///   - x: `[rows, columns]`.
///   - y: `[rows, columns]`.
/// - Returns: The sum.
package func squaredDistance(_ x: Matrix, _ y: Matrix) -> Double {
    y.require(like: x, "y")
    return unsafe kernels.squared_distance(x.view, y.view)
}

/// The sum of squares, `Σ x²`, in a fixed order and accumulated in double precision.
///
/// - Parameter x: `[rows, columns]`.
/// - Returns: The sum.
package func squaredNorm(_ x: Matrix) -> Double {
    unsafe kernels.squared_norm(x.view)
}

/// Applies the Gaussian error linear unit: `out = x · Φ(x)`, Φ the standard normal distribution.
///
/// This is the form with the error function, not the one with tanh. Absolute error at most 10⁻⁶.
///
/// - Parameters:
///   - x: `[rows, columns]`.
///   - out: `[rows, columns]`, overwritten; may be `x`.
package func gelu(_ x: Matrix, into out: Matrix) {
    out.require(like: x, "out")
    unsafe kernels.gelu(x.view, out.view)
}

/// The backward pass of `gelu`: `dX = dOut · (Φ(x) + x · φ(x))`, plus what `dX` held before if `accumulate`
/// is true.
///
/// - Parameters:
///   - dOut: `[rows, columns]` gradient of the result.
///   - x: `[rows, columns]` input of the forward pass.
///   - dX: `[rows, columns]` gradient of the input; may be `dOut` or `x`.
///   - accumulate: Whether to add to `dX` rather than overwrite it.
package func geluBackward(_ dOut: Matrix, x: Matrix, into dX: Matrix, accumulate: Bool = false) {
    dOut.require(like: x, "dOut")
    dX.require(like: x, "dX")
    unsafe kernels.gelu_backward(dOut.view, x.view, dX.view, accumulate)
}

/// An activation x · σ(a · x + b · x³), σ the logistic function: SiLU, or one of GELU's approximations.
package struct SigmoidUnit: Equatable, Sendable {
    /// The factor of x.
    package let linear: Float
    /// The factor of x³.
    package let cubic: Float

    /// x · σ(1.702 x) (Hendrycks and Gimpel, arXiv 1606.08415).
    package static let quickGELU = SigmoidUnit(linear: 1.702, cubic: 0)
    /// ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))), of the same source; ½ (1 + tanh u) is σ(2 u).
    package static let tanhGELU = SigmoidUnit(linear: 1.595_769_1, cubic: 0.071_354_814)
    /// x · σ(x), the SiLU of the same source.
    package static let silu = SigmoidUnit(linear: 1, cubic: 0)
}

/// Applies an approximation of GELU; absolute error at most 10⁻⁶ of it for |x| ≤ 10.
///
/// - Parameters:
///   - x: `[rows, columns]`.
///   - unit: The approximation.
///   - out: `[rows, columns]`, overwritten; may be `x`.
package func sigmoidUnit(_ x: Matrix, _ unit: SigmoidUnit, into out: Matrix) {
    out.require(like: x, "out")
    unsafe kernels.sigmoid_unit(x.view, unit.linear, unit.cubic, out.view)
}

/// The backward pass of `sigmoidUnit`: `dX = dOut · (s + x · u′ · s · (1 − s))` with `s = σ(u)`, plus what `dX` held
/// before if `accumulate` is true.
///
/// - Parameters:
///   - dOut: `[rows, columns]` gradient of the result.
///   - x: `[rows, columns]` input of the forward pass.
///   - unit: The forward pass's.
///   - dX: `[rows, columns]` gradient of the input; may be `dOut` or `x`.
///   - accumulate: Whether to add to `dX` rather than overwrite it.
package func sigmoidUnitBackward(
    _ dOut: Matrix, x: Matrix, _ unit: SigmoidUnit, into dX: Matrix, accumulate: Bool = false
) {
    dOut.require(like: x, "dOut")
    dX.require(like: x, "dX")
    unsafe kernels.sigmoid_unit_backward(dOut.view, x.view, unit.linear, unit.cubic, dX.view, accumulate)
}

/// Multiplies element by element: `out = x ⊙ y`.
///
/// - Parameters:
///   - x: `[rows, columns]`.
///   - y: `[rows, columns]`.
///   - out: `[rows, columns]`, overwritten; may be `x` or `y`.
package func multiplyElements(_ x: Matrix, _ y: Matrix, into out: Matrix) {
    y.require(like: x, "y")
    out.require(like: x, "out")
    unsafe kernels.multiply_elements(x.view, y.view, out.view)
}

/// Rotates pairs of columns in place: `x[r, c] ← x[r, c] · cosines[r, c] + x[r, p] · sines[r, c]`, for columns c and p of
/// one head that make up a pair; rotary positions.
///
/// - Parameters:
///   - x: `[rows, heads · width]`, changed.
///   - cosines: `[rows, width]`; the two columns of a pair have the same.
///   - sines: `[rows, width]`; the first column of a pair has the negative sine, the second the sine.
///   - halves: Whether the columns of a pair are half a head apart, rather than neighbours.
///   - reverse: Whether to rotate backwards: the inverse, and the backward pass.
package func rotatePairs(
    _ x: Matrix, cosines: Matrix, sines: Matrix, halves: Bool, reverse: Bool = false
) {
    sines.require(like: cosines, "sines")
    precondition(
        x.rows == cosines.rows && x.columns.isMultiple(of: cosines.columns)
            && cosines.columns.isMultiple(of: 2),
        "\(x.rows) × \(x.columns) values cannot be rotated by \(cosines.rows) × \(cosines.columns) angles")
    unsafe kernels.rotate_pairs(
        x.view, cosines.view, sines.view, x.columns / cosines.columns, halves, reverse)
}

/// Scales each head of each row in place to a length of its own: `x ← lengths[head] · x / max(|x|, 10⁻¹²)`; cosine
/// attention.
///
/// - Parameters:
///   - x: `[rows, heads · width]`, changed.
///   - lengths: `[heads]`, above 0.
///   - reciprocals: `[rows, heads]`, overwritten with `1 / max(|x|, 10⁻¹²)`; kept for the backward pass.
package func normalizeHeads(_ x: Matrix, lengths: Vector, reciprocals: Matrix) {
    reciprocals.require(x.rows, lengths.count, "reciprocals")
    precondition(
        x.columns.isMultiple(of: lengths.count), "\(x.columns) columns are not \(lengths.count) heads")
    unsafe kernels.normalize_heads(x.view, lengths.pointer, lengths.count, reciprocals.view)
    withExtendedLifetime(lengths) {}
}

/// The backward pass of `normalizeHeads`, in place: `d ← lengths[head] / |x| · (d − e (e · d))` with `e = out / lengths[head]`.
///
/// - Parameters:
///   - dOut: `[rows, heads · width]` gradient of the result; becomes that of the input.
///   - out: `[rows, heads · width]` result of the forward pass.
///   - lengths: `[heads]`, the forward pass's.
///   - reciprocals: `[rows, heads]`, from the forward pass.
package func normalizeHeadsBackward(_ dOut: Matrix, out: Matrix, lengths: Vector, reciprocals: Matrix) {
    dOut.require(like: out, "dOut")
    reciprocals.require(out.rows, lengths.count, "reciprocals")
    unsafe kernels.normalize_heads_backward(
        dOut.view, out.view, lengths.pointer, lengths.count, reciprocals.view)
    withExtendedLifetime(lengths) {}
}

/// Applies the rectified linear unit, with an upper limit: `out = min(max(x, 0), limit)`; NaN stays NaN.
///
/// - Parameters:
///   - x: `[rows, columns]`.
///   - limit: The greatest value, above 0.
///   - out: `[rows, columns]`, overwritten; may be `x`.
package func relu(_ x: Matrix, limit: Float = .infinity, into out: Matrix) {
    out.require(like: x, "out")
    unsafe kernels.relu(x.view, limit, out.view)
}

/// The backward pass of `relu`: `dX = dOut` where `0 < x < limit` and 0 elsewhere, plus what `dX` held before if
/// `accumulate` is true.
///
/// - Parameters:
///   - dOut: `[rows, columns]` gradient of the result.
///   - x: `[rows, columns]` input of the forward pass.
///   - limit: The forward pass's.
///   - dX: `[rows, columns]` gradient of the input; may be `dOut` or `x`.
///   - accumulate: Whether to add to `dX` rather than overwrite it.
package func reluBackward(
    _ dOut: Matrix, x: Matrix, limit: Float = .infinity, into dX: Matrix, accumulate: Bool = false
) {
    dOut.require(like: x, "dOut")
    dX.require(like: x, "dX")
    unsafe kernels.relu_backward(dOut.view, x.view, limit, dX.view, accumulate)
}
