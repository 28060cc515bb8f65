package import Kernels
package import TensorCore

/// An asymmetric quantizer with equal steps.
///
/// The code of x is `clip(round(x / s) + z, 0, 2ᵇ − 1)`, and stands for `s · (code − z)`. The zero point
/// z is a whole number that may lie outside of the codes; 0 is then outside of the range.
///
/// | values | groups |
/// | --- | --- |
/// | `[rows, width]`, one scale | `.columns(width: width)`, 1 of them |
/// | `[rows, width]`, a scale per channel | `.columns(width: 1)`, `width` of them |
/// | `[rows, heads · d]`, a scale per head | `.columns(width: d)`, `heads` of them |
/// | `[out, in]`, a scale per output channel | `.rows(perGroup: 1)`, `out` of them |
/// | `[images · heads · tokens, tokens]`, a scale per head | `.rows(perGroup: tokens)`, `heads` of them |
package struct UniformQuantizer: Equatable, Sendable {
    /// The largest magnitude of a zero point: sums with codes are then exact in floats.
    package static let largestZeroPoint: Float = 0x1p23

    /// The width of a code.
    package let bits: BitWidth
    /// The steps, one per group; positive and finite.
    package let scales: [Float]
    /// The codes of 0, one per group; whole numbers.
    package let zeroPoints: [Float]
    /// Which elements share a scale.
    package let groups: QuantizationGroups

    /// Makes a quantizer.
    ///
    /// - Parameters:
    ///   - bits: The width of a code.
    ///   - scales: The steps, one per group.
    ///   - zeroPoints: The codes of 0, one per group.
    ///   - groups: Which elements share a scale.
    /// - Throws: `QuantizationError.parameterCounts`, `.invalidScale`, `.invalidZeroPoint`.
    package init(
        bits: BitWidth, scales: [Float], zeroPoints: [Float], groups: QuantizationGroups
    ) throws(QuantizationError) {
        guard !scales.isEmpty, scales.count == zeroPoints.count else {
            throw .parameterCounts(scales: scales.count, zeroPoints: zeroPoints.count)
        }
        for (group, scale) in scales.enumerated() where !(scale > 0 && scale.isFinite) {
            throw .invalidScale(scale, group: group)
        }
        for (group, zeroPoint) in zeroPoints.enumerated()
        where !(abs(zeroPoint) <= Self.largestZeroPoint && zeroPoint.rounded() == zeroPoint) {
            throw .invalidZeroPoint(zeroPoint, group: group)
        }
        self.init(bits: bits, validScales: scales, zeroPoints: zeroPoints, groups: groups)
    }

    /// Makes a quantizer of parameters that another has checked.
    init(bits: BitWidth, validScales: [Float], zeroPoints: [Float], groups: QuantizationGroups) {
        self.bits = bits
        scales = validScales
        self.zeroPoints = zeroPoints
        self.groups = groups
    }

    /// The smallest and the largest value that a group can represent.
    package func range(of group: Int) -> ClosedRange<Float> {
        let (scale, zeroPoint) = (scales[group], zeroPoints[group])
        return scale * -zeroPoint...scale * (Float(bits.maximumCode) - zeroPoint)
    }
}

extension UniformQuantizer: Quantizer {
    package static let kinds = ["uniform"]
    package static let parameters = [
        QuantizerParameter(name: "scales"), QuantizerParameter(name: "zero_points", isByte: true),
    ]
    package static let learnsScales = true

    package var kind: String { Self.kinds[0] }
    package var title: String { "uniform" }
    package var values: [[Float]] { [scales, zeroPoints] }
    package var boxed: SiteQuantizer { .uniform(self) }

    package init(
        kind: String, bits: BitWidth, values: [[Float]], groups: QuantizationGroups
    ) throws(QuantizationError) {
        try self.init(bits: bits, scales: values[0], zeroPoints: values[1], groups: groups)
    }

    package func replacing(values: [[Float]], groups: QuantizationGroups) -> UniformQuantizer {
        UniformQuantizer(bits: bits, validScales: values[0], zeroPoints: values[1], groups: groups)
    }

    package func fakeQuantize(_ x: Matrix, with values: [Vector], into out: Matrix) {
        Kernels.fakeQuantize(
            x, scales: values[0], zeroPoints: values[1], maximumCode: bits.maximumCode, groups: groups,
            into: out)
    }

    package func backward(
        _ gradient: Matrix, x: Matrix, out: Matrix, with values: [Vector], scaleGradients: Vector?
    ) {
        fakeQuantizeBackward(
            gradient, x: x, scales: values[0], zeroPoints: values[1], maximumCode: bits.maximumCode,
            groups: groups, into: gradient, scaleGradients: scaleGradients)
    }

    package func quantize(_ x: Matrix, into codes: Matrix) {
        Kernels.quantize(
            x, scales: Vector(scales), zeroPoints: Vector(zeroPoints), maximumCode: bits.maximumCode,
            groups: groups, into: codes)
    }

    package func dequantize(_ codes: Matrix, into out: Matrix) {
        Kernels.dequantize(
            codes, scales: Vector(scales), zeroPoints: Vector(zeroPoints), maximumCode: bits.maximumCode,
            groups: groups, into: out)
    }

    package func bounds(of group: Int) -> ClosedRange<Float> {
        let (scale, zeroPoint) = (scales[group], zeroPoints[group])
        return scale * (-0.5 - zeroPoint)...scale * (Float(bits.maximumCode) + 0.5 - zeroPoint)
    }
}

extension LevelTable {
    /// Becomes the levels of a uniform quantizer.
    mutating func setUniform(scale: Float, zeroPoint: Float) {
        let (scale, zeroPoint) = (Double(scale), Double(zeroPoint))
        for code in boundaries.indices {
            levels[code] = scale * (Double(code) - zeroPoint)
            boundaries[code] = Float(scale * (Double(code) - zeroPoint + 0.5))
        }
        levels[boundaries.count] = scale * (Double(boundaries.count) - zeroPoint)
    }
}
