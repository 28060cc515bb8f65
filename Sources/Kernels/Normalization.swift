internal import CKernels
package import TensorCore

/// Normalizes each row of `x` to zero mean and unit variance, then scales and shifts it.
///
/// For row *r*: `out[r, c] = (x[r, c] − mean[r]) · reciprocalDeviation[r] · gamma[c] + beta[c]`.
///
/// - Parameters:
///   - x: `[rows, width]` activations.
///   - gamma: `[width]` scale.
///   - beta: `[width]` shift.
///   - epsilon: Added to the variance; must match the checkpoint's.
///   - out: `[rows, width]` result, overwritten; may be `x`.
///   - mean: `[rows]`, overwritten; kept for the backward pass.
///   - reciprocalDeviation: `[rows]`, overwritten; kept for the backward pass.
package func layerNorm(
    _ x: Matrix, gamma: Vector, beta: Vector, epsilon: Float, into out: Matrix, mean: Vector,
    reciprocalDeviation: Vector
) {
    out.require(like: x, "out")
    gamma.require(x.columns, "gamma")
    beta.require(x.columns, "beta")
    mean.require(x.rows, "mean")
    reciprocalDeviation.require(x.rows, "reciprocalDeviation")
    unsafe kernels.layer_norm(
        x.view, gamma.pointer, beta.pointer, epsilon, out.view, mean.pointer, reciprocalDeviation.pointer)
}

/// The backward pass of `layerNorm` to its input; `gamma` and `beta` count as constants.
///
/// With `n = (x − mean) · reciprocalDeviation` and `g = dOut ⊙ gamma`, row by row:
/// `dX = (g − mean(g) − n · mean(g ⊙ n)) · reciprocalDeviation`.
///
/// - Parameters:
///   - dOut: `[rows, width]` gradient of the result.
///   - x: `[rows, width]` input of the forward pass.
///   - gamma: `[width]` scale.
///   - mean: `[rows]`, from the forward pass.
///   - reciprocalDeviation: `[rows]`, from the forward pass.
///   - dX: `[rows, width]` gradient of the input; may be `dOut`.
///   - accumulate: Whether to add to `dX` rather than overwrite it.
package func layerNormBackward(
    _ dOut: Matrix, x: Matrix, gamma: Vector, mean: Vector, reciprocalDeviation: Vector, into dX: Matrix,
    accumulate: Bool = false
) {
    dOut.require(like: x, "dOut")
    dX.require(like: x, "dX")
    gamma.require(x.columns, "gamma")
    mean.require(x.rows, "mean")
    reciprocalDeviation.require(x.rows, "reciprocalDeviation")
    unsafe kernels.layer_norm_backward(
        dOut.view, x.view, gamma.pointer, mean.pointer, reciprocalDeviation.pointer, dX.view, accumulate)
}

/// Turns each row into a distribution: `out[r, c] = exp(scale · x[r, c]) / Σ_c exp(scale · x[r, c])`.
///
/// - Parameters:
///   - x: `[rows, columns]` logits.
///   - out: `[rows, columns]`, overwritten; may be `x`.
///   - scale: What the logits are multiplied by first.
package func softmaxRows(_ x: Matrix, into out: Matrix, scale: Float = 1) {
    out.require(like: x, "out")
    unsafe kernels.softmax_rows(x.view, out.view, scale)
}

/// The backward pass of `softmaxRows`: `dX = scale · out ⊙ (dOut − Σ_c dOut ⊙ out)`, row by row.
///
/// - Parameters:
///   - dOut: `[rows, columns]` gradient of the result.
///   - out: `[rows, columns]` result of the forward pass.
///   - dX: `[rows, columns]` gradient of the logits, overwritten; may be `dOut`.
///   - scale: That of the forward pass.
package func softmaxRowsBackward(_ dOut: Matrix, out: Matrix, into dX: Matrix, scale: Float = 1) {
    dOut.require(like: out, "dOut")
    dX.require(like: out, "dX")
    unsafe kernels.softmax_rows_backward(dOut.view, out.view, dX.view, scale)
}

/// The divergence of two distributions, summed over rows, in nats: `Σ_r KL(p_r ‖ q_r)` with
/// `p = softmax(target / temperature)` and `q = softmax(student / temperature)`.
///
/// - Parameters:
///   - target: `[rows, classes]` logits.
///   - student: `[rows, classes]` logits.
///   - temperature: What logits are divided by, above 0.
///   - gradient: `[rows, classes]`, overwritten with `gradientFactor` times the derivative of the sum by the
///     student's logits, `(q − p) / temperature`; or nil.
///   - gradientFactor: The factor on the gradient.
/// - Returns: The sum over rows, in nats.
package func kullbackLeibler(
    target: Matrix, student: Matrix, temperature: Float = 1, gradient: Matrix? = nil,
    gradientFactor: Float = 1
) -> Double {
    student.require(like: target, "student")
    gradient?.require(like: target, "gradient")
    precondition(temperature > 0, "a temperature of \(temperature) is not above 0")
    guard let gradient else {
        return unsafe kernels.kullback_leibler(
            target.view, student.view, 1 / temperature, nil, gradientFactor)
    }
    var view = unsafe gradient.view
    return unsafe kernels.kullback_leibler(
        target.view, student.view, 1 / temperature, &view, gradientFactor)
}
