internal import CKernels
package import TensorCore

/// A distance in which elements count differently: `Σ w · (x − y)²`.
///
/// - Parameters:
///   - x: `[rows, columns]`.
///   - y: `[rows, columns]`.
///   - weights: `[rows, columns]`, or fewer rows that repeat.
///   - gradient: `[rows, columns]`, to which `factor · w · (x − y)` is added; or nil.
///   - factor: The factor on what is added.
/// - Returns: The distance, accumulated in double precision in a fixed order.
package func weightedDistance(
    _ x: Matrix, _ y: Matrix, weights: Matrix, gradient: Matrix? = nil, factor: Float = 1
) -> Double {
    check(x, y, weights, gradient)
    guard let gradient else {
        return unsafe kernels.weighted_distance(x.view, y.view, weights.view, factor, nil)
    }
    var view = unsafe gradient.view
    return unsafe kernels.weighted_distance(x.view, y.view, weights.view, factor, &view)
}

/// A sum of absolute differences in which elements count differently: `Σ w · |x − y|`.
///
/// - Parameters:
///   - x: `[rows, columns]`.
///   - y: `[rows, columns]`.
///   - weights: `[rows, columns]`, or fewer rows that repeat.
///   - gradient: `[rows, columns]`, to which `factor · w · sign(x − y)` is added; or nil.
///   - factor: The factor on what is added.
/// - Returns: The sum, accumulated in double precision in a fixed order.
package func weightedAbsoluteDistance(
    _ x: Matrix, _ y: Matrix, weights: Matrix, gradient: Matrix? = nil, factor: Float = 1
) -> Double {
    check(x, y, weights, gradient)
    guard let gradient else {
        return unsafe kernels.weighted_absolute(x.view, y.view, weights.view, factor, nil)
    }
    var view = unsafe gradient.view
    return unsafe kernels.weighted_absolute(x.view, y.view, weights.view, factor, &view)
}

private func check(_ x: Matrix, _ y: Matrix, _ weights: Matrix, _ gradient: Matrix?) {
    y.require(like: x, "y")
    gradient?.require(like: x, "gradient")
    precondition(
        weights.columns == x.columns && weights.rows > 0 && x.rows.isMultiple(of: weights.rows),
        "weights of \(weights.rows) × \(weights.columns) do not repeat to \(x.rows) × \(x.columns)")
}
