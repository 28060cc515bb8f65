internal import CKernels
package import TensorCore

/// Quantizes to half powers of two and dequantizes: `delta · 2^(−code / 2)`, or 0 for the top code.
///
/// The code is `round(−2 · log₂(min(x / delta, 1)))`. `maximumCode` is kept for zero: a code that large or
/// larger, and anything that is not positive, gives 0, so that there are at most `maximumCode + 1` values.
///
/// - Parameters:
///   - x: `[rows, columns]`, such as the rows of an attention map.
///   - deltas: `[groups]`, the largest value that is kept; above 0.
///   - maximumCode: 2^bits − 1.
///   - groups: Which elements share parameters.
///   - out: `[rows, columns]`, overwritten; may be `x`.
package func fakeQuantizeLogSqrt2(
    _ x: Matrix, deltas: Vector, maximumCode: Int, groups: QuantizationGroups, into out: Matrix
) {
    out.require(like: x, "out")
    unsafe kernels.fake_quantize_log_sqrt2(x.view, logarithmic(x, deltas, maximumCode, groups), out.view)
}

/// The backward pass of `fakeQuantizeLogSqrt2`, rounding of the code counted as the identity.
///
/// `dX = dOut · out / x` where `0 < x ≤ delta` and `out > 0`, else 0.
///
/// - Parameters:
///   - dOut: `[rows, columns]` gradient of the result.
///   - x: `[rows, columns]` input of the forward pass.
///   - out: `[rows, columns]` result of the forward pass.
///   - deltas: `[groups]`, as in the forward pass.
///   - maximumCode: As in the forward pass.
///   - groups: As in the forward pass.
///   - dX: `[rows, columns]` gradient of the input; may be `dOut`, `x` or `out`.
///   - accumulate: Whether to add to `dX` rather than overwrite it.
package func fakeQuantizeLogSqrt2Backward(
    _ dOut: Matrix, x: Matrix, out: Matrix, deltas: Vector, maximumCode: Int, groups: QuantizationGroups,
    into dX: Matrix, accumulate: Bool = false
) {
    dOut.require(like: x, "dOut")
    out.require(like: x, "out")
    dX.require(like: x, "dX")
    unsafe kernels.fake_quantize_log_sqrt2_backward(
        dOut.view, x.view, out.view, logarithmic(x, deltas, maximumCode, groups), dX.view, accumulate)
}

/// The codes that `fakeQuantizeLogSqrt2` uses, as floats in `0 ... maximumCode`.
///
/// - Parameters:
///   - x: `[rows, columns]`.
///   - deltas: `[groups]`, above 0.
///   - maximumCode: 2^bits − 1, the code of zero.
///   - groups: Which elements share parameters.
///   - codes: `[rows, columns]`, overwritten; may be `x`.
package func quantizeLogSqrt2(
    _ x: Matrix, deltas: Vector, maximumCode: Int, groups: QuantizationGroups, into codes: Matrix
) {
    codes.require(like: x, "codes")
    unsafe kernels.quantize_log_sqrt2(x.view, logarithmic(x, deltas, maximumCode, groups), codes.view)
}

/// Writes the values of codes: `delta · 2^(−code / 2)`, or 0 for `maximumCode`.
///
/// After `quantizeLogSqrt2`, the very floats of `fakeQuantizeLogSqrt2`.
///
/// - Parameters:
///   - codes: `[rows, columns]` integers in `0 ... maximumCode`.
///   - deltas: `[groups]`, above 0.
///   - maximumCode: 2^bits − 1, the code of zero.
///   - groups: Which elements share parameters.
///   - out: `[rows, columns]`, overwritten; may be `codes`.
package func dequantizeLogSqrt2(
    _ codes: Matrix, deltas: Vector, maximumCode: Int, groups: QuantizationGroups, into out: Matrix
) {
    out.require(like: codes, "out")
    unsafe kernels.dequantize_log_sqrt2(
        codes.view, logarithmic(codes, deltas, maximumCode, groups), out.view)
}

/// The parameters of a logarithmic quantizer as C sees them, checked.
@unsafe private func logarithmic(
    _ x: Matrix, _ deltas: Vector, _ maximumCode: Int, _ groups: QuantizationGroups
) -> ck_logarithmic {
    precondition(
        maximumCode >= 1 && maximumCode <= 255, "\(maximumCode) is not a maximum code; 1 ... 255 is needed")
    return unsafe ck_logarithmic(
        deltas: deltas.pointer, maximum_code: Float(maximumCode),
        groups: groups.view(of: x, count: deltas.count))
}
