internal import CKernels
package import TensorCore

/// Quantizes and dequantizes: `out = s · (clip(round(x / s) + z, 0, maximumCode) − z)`.
///
/// Divides by the scale and rounds half to even, as the exported integers mean it.
///
/// - Parameters:
///   - x: `[rows, columns]`.
///   - scales: `[groups]`, above 0.
///   - zeroPoints: `[groups]` integers; they may lie outside `0 ... maximumCode`.
///   - maximumCode: 2^bits − 1.
///   - groups: Which elements share parameters.
///   - out: `[rows, columns]`, overwritten; may be `x`.
package func fakeQuantize(
    _ x: Matrix, scales: Vector, zeroPoints: Vector, maximumCode: Int, groups: QuantizationGroups,
    into out: Matrix
) {
    out.require(like: x, "out")
    unsafe kernels.fake_quantize(x.view, affine(x, scales, zeroPoints, maximumCode, groups), out.view)
}

/// The backward pass of `fakeQuantize`, rounding counted as the identity.
///
/// `dX` is `dOut` where the code is inside `0 ... maximumCode` before clipping, else 0. The derivative by a
/// scale is `round(x / s) − x / s` inside, `−z` below, `maximumCode − z` above (LSQ, arXiv 1902.08153).
///
/// - Parameters:
///   - dOut: `[rows, columns]` gradient of the result.
///   - x: `[rows, columns]` input of the forward pass.
///   - scales: `[groups]`, as in the forward pass.
///   - zeroPoints: `[groups]`, as in the forward pass.
///   - maximumCode: As in the forward pass.
///   - groups: As in the forward pass.
///   - dX: `[rows, columns]` gradient of the input; may be `dOut` or `x`.
///   - accumulate: Whether to add to `dX` rather than overwrite it.
///   - scaleGradients: `[groups]`, added to; or nil.
package func fakeQuantizeBackward(
    _ dOut: Matrix, x: Matrix, scales: Vector, zeroPoints: Vector, maximumCode: Int,
    groups: QuantizationGroups, into dX: Matrix, accumulate: Bool = false, scaleGradients: Vector? = nil
) {
    dOut.require(like: x, "dOut")
    dX.require(like: x, "dX")
    scaleGradients?.require(scales.count, "scaleGradients")
    withExtendedLifetime(scaleGradients) {
        unsafe kernels.fake_quantize_backward(
            dOut.view, x.view, affine(x, scales, zeroPoints, maximumCode, groups), dX.view, accumulate,
            scaleGradients?.pointer)
    }
}

/// The codes that `fakeQuantize` uses: `clip(round(x / s) + z, 0, maximumCode)`, as floats.
///
/// - Parameters:
///   - x: `[rows, columns]`.
///   - scales: `[groups]`, above 0.
///   - zeroPoints: `[groups]` integers.
///   - maximumCode: 2^bits − 1.
///   - groups: Which elements share parameters.
///   - codes: `[rows, columns]`, overwritten; may be `x`.
package func quantize(
    _ x: Matrix, scales: Vector, zeroPoints: Vector, maximumCode: Int, groups: QuantizationGroups,
    into codes: Matrix
) {
    codes.require(like: x, "codes")
    unsafe kernels.quantize(x.view, affine(x, scales, zeroPoints, maximumCode, groups), codes.view)
}

/// Writes the values of codes: `s · (code − z)`.
///
/// After `quantize`, the very floats of `fakeQuantize`.
///
/// - Parameters:
///   - codes: `[rows, columns]` integers in `0 ... maximumCode`.
///   - scales: `[groups]`, above 0.
///   - zeroPoints: `[groups]` integers.
///   - maximumCode: 2^bits − 1.
///   - groups: Which elements share parameters.
///   - out: `[rows, columns]`, overwritten; may be `codes`.
package func dequantize(
    _ codes: Matrix, scales: Vector, zeroPoints: Vector, maximumCode: Int, groups: QuantizationGroups,
    into out: Matrix
) {
    out.require(like: codes, "out")
    unsafe kernels.dequantize(codes.view, affine(codes, scales, zeroPoints, maximumCode, groups), out.view)
}

/// The parameters of an affine quantizer as C sees them, checked.
@unsafe func affine(
    _ x: Matrix, _ scales: Vector, _ zeroPoints: Vector, _ maximumCode: Int, _ groups: QuantizationGroups
) -> ck_affine {
    zeroPoints.require(scales.count, "zeroPoints")
    precondition(
        maximumCode >= 1 && maximumCode <= 65535,
        "\(maximumCode) is not a maximum code; 1 ... 65535 is needed")
    return unsafe ck_affine(
        scales: scales.pointer, zero_points: zeroPoints.pointer, maximum_code: Float(maximumCode),
        groups: groups.view(of: x, count: scales.count))
}
