package import TensorCore

/// What comparing a backward pass with central differences found.
package struct GradientCheck: CustomStringConvertible, Sendable {
    /// `‖analytic − numeric‖ / ‖numeric‖` over all elements that were tried.
    package let relativeError: Double
    /// The row and column where the two differ most.
    package let worst: (row: Int, column: Int)
    /// What the backward pass gave there.
    package let analytic: Double
    /// What central differences give there.
    package let numeric: Double

    /// The error, and the worst element with both values.
    package var description: String {
        """
        gradient off by \(relativeError) (\(decibels(relativeError)) dB); worst at \
        (\(worst.row), \(worst.column)): \(analytic) against \(numeric)
        """
    }
}

/// Compares a gradient with central differences of a loss, element by element.
///
/// With outputs computed in single precision, noise in a difference is about 10⁻⁷ · |loss| / step, and what
/// curvature adds is of the order of step²; steps near 10⁻² keep both small for values near 1.
///
/// - Parameters:
///   - x: `[rows, columns]` what the loss depends on; changed while differences are taken, then put back.
///   - analytic: `[rows, columns]` the gradient to check, of a backward pass.
///   - step: How far elements are moved to either side.
///   - loss: Runs the forward pass on the present elements of `x` and returns the loss, summed in double
///     precision.
/// - Returns: How well both agree.
package func checkGradient(
    of x: Matrix, analytic: Matrix, step: Float = 1e-2, loss: () -> Double
) -> GradientCheck {
    precondition(
        x.rows == analytic.rows && x.columns == analytic.columns,
        "a gradient of \(analytic.rows) × \(analytic.columns) is none of \(x.rows) × \(x.columns)")
    var found: [Double] = []
    var expected: [Double] = []
    var worst = (row: 0, column: 0)
    var worstIndex = 0
    for row in 0..<x.rows {
        for column in 0..<x.columns {
            let value = x[row, column]
            let above = value + step
            let below = value - step
            x[row, column] = above
            let lossAbove = loss()
            x[row, column] = below
            let lossBelow = loss()
            x[row, column] = value
            expected.append((lossAbove - lossBelow) / (Double(above) - Double(below)))
            found.append(Double(analytic[row, column]))
            let last = found.count - 1
            if abs(found[last] - expected[last]) > abs(found[worstIndex] - expected[worstIndex]) {
                worstIndex = last
                worst = (row, column)
            }
        }
    }
    return GradientCheck(
        relativeError: relativeError(found, expected), worst: worst,
        analytic: found.isEmpty ? 0 : found[worstIndex], numeric: found.isEmpty ? 0 : expected[worstIndex])
}

/// Checks the gradient of a vector of parameters; see `checkGradient(of:analytic:step:loss:)`.
///
/// - Parameters:
///   - x: What the loss depends on; changed while differences are taken, then put back.
///   - analytic: The gradient to check.
///   - step: How far elements are moved to either side.
///   - loss: Runs the forward pass on the present elements of `x` and returns the loss.
/// - Returns: How well both agree.
package func checkGradient(
    of x: Vector, analytic: Vector, step: Float = 1e-2, loss: () -> Double
) -> GradientCheck {
    checkGradient(
        of: Matrix(storage: x.storage, offset: x.offset, rows: 1, columns: x.count),
        analytic: Matrix(
            storage: analytic.storage, offset: analytic.offset, rows: 1, columns: analytic.count),
        step: step, loss: loss)
}

/// The sum of products of elements, in double precision: a loss whose gradient by `x` is `weights`.
///
/// - Parameters:
///   - x: `[rows, columns]`.
///   - weights: `[rows, columns]`.
/// - Returns: `Σ x ⊙ weights`.
package func weightedSum(_ x: Matrix, _ weights: Matrix) -> Double {
    zip(x.elements, weights.elements).reduce(0) { $0 + Double($1.0) * Double($1.1) }
}
