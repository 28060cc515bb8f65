internal import CKernels
package import TensorCore

// Adaptive rounding (AdaRound, arXiv 2004.10568): h(α) = clip(1.2 · σ(α) − 0.1, 0, 1) decides, softly, whether
// a weight is rounded down or up.

/// Chooses `alpha` so that `h(alpha)` is the fractional part of `w / s`: soft rounding then changes nothing.
///
/// - Parameters:
///   - w: `[out, in]` weight.
///   - scales: `[groups]`, above 0.
///   - groups: Which elements share parameters; each row has its own by default.
///   - alpha: `[out, in]`, overwritten.
package func adaRoundInitialise(
    _ w: Matrix, scales: Vector, groups: QuantizationGroups = .rows(perGroup: 1), into alpha: Matrix
) {
    alpha.require(like: w, "alpha")
    // The zero points are not used here; the scales are passed in their place.
    unsafe kernels.ada_round_initialise(w.view, affine(w, scales, scales, 1, groups), alpha.view)
}

/// Quantizes with learned rounding: `out = s · (clip(floor(w / s) + h(alpha) + z, 0, maximumCode) − z)`.
///
/// - Parameters:
///   - w: `[out, in]` weight.
///   - alpha: `[out, in]` rounding variables.
///   - scales: `[groups]`, above 0.
///   - zeroPoints: `[groups]` integers.
///   - maximumCode: 2^bits − 1.
///   - groups: Which elements share parameters; each row has its own by default.
///   - hard: Whether `h` is 1 where `alpha ≥ 0` and else 0, as in the final weight.
///   - out: `[out, in]`, overwritten; may be `w` or `alpha`.
package func adaRound(
    _ w: Matrix, alpha: Matrix, scales: Vector, zeroPoints: Vector, maximumCode: Int,
    groups: QuantizationGroups = .rows(perGroup: 1), hard: Bool, into out: Matrix
) {
    alpha.require(like: w, "alpha")
    out.require(like: w, "out")
    unsafe kernels.ada_round(
        w.view, alpha.view, affine(w, scales, zeroPoints, maximumCode, groups), hard, out.view)
}

/// The backward pass of soft `adaRound` and of the regularizer to `alpha`.
///
/// `dAlpha = (dW · s · [code inside] + regularizer · ∂penalty/∂h) · ∂h/∂alpha`, the penalty that of
/// `adaRoundPenalty`.
///
/// - Parameters:
///   - dW: `[out, in]` gradient of the quantized weight.
///   - w: `[out, in]` weight.
///   - alpha: `[out, in]` rounding variables.
///   - scales: `[groups]`, above 0.
///   - zeroPoints: `[groups]` integers.
///   - maximumCode: 2^bits − 1.
///   - groups: Which elements share parameters; each row has its own by default.
///   - regularizer: The weight of the penalty; 0 leaves it out.
///   - beta: The penalty's exponent, above 1.
///   - dAlpha: `[out, in]`, overwritten; may be `dW`.
package func adaRoundBackward(
    _ dW: Matrix, w: Matrix, alpha: Matrix, scales: Vector, zeroPoints: Vector, maximumCode: Int,
    groups: QuantizationGroups = .rows(perGroup: 1), regularizer: Float, beta: Float, into dAlpha: Matrix
) {
    dW.require(like: w, "dW")
    alpha.require(like: w, "alpha")
    dAlpha.require(like: w, "dAlpha")
    precondition(beta > 1, "an exponent of \(beta) is not above 1")
    unsafe kernels.ada_round_backward(
        dW.view, w.view, alpha.view, affine(w, scales, zeroPoints, maximumCode, groups), regularizer, beta,
        dAlpha.view)
}

/// How far rounding is from decided: `Σ (1 − |2 h(alpha) − 1|^beta)`, 0 when every `h` is 0 or 1.
///
/// - Parameters:
///   - alpha: `[out, in]` rounding variables.
///   - beta: The exponent, above 1.
/// - Returns: The penalty.
package func adaRoundPenalty(_ alpha: Matrix, beta: Float) -> Double {
    precondition(beta > 1, "an exponent of \(beta) is not above 1")
    return unsafe kernels.ada_round_penalty(alpha.view, beta)
}
