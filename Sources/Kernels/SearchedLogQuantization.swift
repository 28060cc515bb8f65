internal import CKernels
package import TensorCore

/// The parameters of a logarithmic quantizer whose base was searched, as in AdaLog (arXiv 2407.12951).
package struct SearchedLogParameters: Sendable {
    /// `[groups]`, the largest values of x + shift that are kept; above 0.
    package let deltas: Vector
    /// `[groups]`, whole numbers from 1 on: a code more is a factor of 2^(−step / 37).
    package let steps: Vector
    /// Added to values before and subtracted after.
    package let shift: Float
    /// 2^bits − 1, the code of values nearest to 0 after the shift.
    package let maximumCode: Int

    /// Puts parameters together.
    package init(deltas: Vector, steps: Vector, shift: Float, maximumCode: Int) {
        self.deltas = deltas
        self.steps = steps
        self.shift = shift
        self.maximumCode = maximumCode
    }
}

/// Quantizes to powers of a searched base and dequantizes: `delta · 2^(−code · step / 37) − shift`, or `−shift` for
/// the top code.
///
/// The code is `round(−37 · log₂(min((x + shift) / delta, 1)) / step)`. `maximumCode` is kept for zero: a code that
/// large or larger, and anything where x + shift is not positive, gives it, so that there are at most
/// `maximumCode + 1` values.
///
/// - Parameters:
///   - x: `[rows, columns]`.
///   - parameters: Deltas, steps and the shift.
///   - groups: Which elements share parameters.
///   - out: `[rows, columns]`, overwritten; may be `x`.
package func fakeQuantizeSearchedLog(
    _ x: Matrix, _ parameters: SearchedLogParameters, groups: QuantizationGroups, into out: Matrix
) {
    out.require(like: x, "out")
    unsafe kernels.fake_quantize_searched_log(x.view, searchedLog(x, parameters, groups), out.view)
}

/// The backward pass of `fakeQuantizeSearchedLog`, rounding of the code counted as the identity, parameters held.
///
/// `dX = dOut · (out + shift) / (x + shift)` where `0 < x + shift ≤ delta` and `out + shift > 0`, else 0.
///
/// - Parameters:
///   - dOut: `[rows, columns]` gradient of the result.
///   - x: `[rows, columns]` input of the forward pass.
///   - out: `[rows, columns]` result of the forward pass.
///   - parameters: As in the forward pass.
///   - groups: As in the forward pass.
///   - dX: `[rows, columns]` gradient of the input; may be `dOut`, `x` or `out`.
///   - accumulate: Whether to add to `dX` rather than overwrite it.
package func fakeQuantizeSearchedLogBackward(
    _ dOut: Matrix, x: Matrix, out: Matrix, _ parameters: SearchedLogParameters, groups: QuantizationGroups,
    into dX: Matrix, accumulate: Bool = false
) {
    dOut.require(like: x, "dOut")
    out.require(like: x, "out")
    dX.require(like: x, "dX")
    unsafe kernels.fake_quantize_searched_log_backward(
        dOut.view, x.view, out.view, searchedLog(x, parameters, groups), dX.view, accumulate)
}

/// The codes that `fakeQuantizeSearchedLog` uses, as floats in `0 ... maximumCode`.
///
/// - Parameters:
///   - x: `[rows, columns]`.
///   - parameters: Deltas, steps and the shift.
///   - groups: Which elements share parameters.
///   - codes: `[rows, columns]`, overwritten; may be `x`.
package func quantizeSearchedLog(
    _ x: Matrix, _ parameters: SearchedLogParameters, groups: QuantizationGroups, into codes: Matrix
) {
    codes.require(like: x, "codes")
    unsafe kernels.quantize_searched_log(x.view, searchedLog(x, parameters, groups), codes.view)
}

/// Writes the values of codes: after `quantizeSearchedLog`, the very floats of `fakeQuantizeSearchedLog`.
///
/// - Parameters:
///   - codes: `[rows, columns]` integers in `0 ... maximumCode`.
///   - parameters: Deltas, steps and the shift.
///   - groups: Which elements share parameters.
///   - out: `[rows, columns]`, overwritten; may be `codes`.
package func dequantizeSearchedLog(
    _ codes: Matrix, _ parameters: SearchedLogParameters, groups: QuantizationGroups, into out: Matrix
) {
    out.require(like: codes, "out")
    unsafe kernels.dequantize_searched_log(codes.view, searchedLog(codes, parameters, groups), out.view)
}

/// The parameters of a logarithmic quantizer of a searched base as C sees them, checked.
@unsafe private func searchedLog(
    _ x: Matrix, _ parameters: SearchedLogParameters, _ groups: QuantizationGroups
) -> ck_searched_log {
    parameters.steps.require(parameters.deltas.count, "steps")
    let maximumCode = parameters.maximumCode
    precondition(
        maximumCode >= 1 && maximumCode <= 255, "\(maximumCode) is not a maximum code; 1 ... 255 is needed")
    return unsafe ck_searched_log(
        deltas: parameters.deltas.pointer, steps: parameters.steps.pointer, shift: parameters.shift,
        maximum_code: Float(maximumCode), groups: groups.view(of: x, count: parameters.deltas.count))
}
