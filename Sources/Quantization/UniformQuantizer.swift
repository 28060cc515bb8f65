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

    /// Quantizes and dequantizes values.
    ///
    /// - Parameters:
    ///   - x: The values.
    ///   - out: The quantized values, shaped as `x`; overwritten. May be `x`.
    package func fakeQuantize(_ x: Matrix, into out: Matrix) {
        Kernels.fakeQuantize(
            x, scales: Vector(scales), zeroPoints: Vector(zeroPoints), maximumCode: bits.maximumCode,
            groups: groups, into: out)
    }

    /// The codes of values, row by row.
    package func codes(of x: Matrix) -> [UInt8] {
        let codes = Matrix(rows: x.rows, columns: x.columns)
        Kernels.quantize(
            x, scales: Vector(scales), zeroPoints: Vector(zeroPoints), maximumCode: bits.maximumCode,
            groups: groups, into: codes)
        return codes.bytes
    }

    /// Gives the values that codes stand for.
    ///
    /// - Parameters:
    ///   - codes: `[rows, columns]` codes, row by row.
    ///   - rows: The number of rows.
    ///   - columns: The number of columns.
    /// - Returns: `[rows, columns]`, the very floats that `fakeQuantize` gives.
    package func dequantize(_ codes: [UInt8], rows: Int, columns: Int) -> Matrix {
        let matrix = Matrix(rows: rows, columns: columns, elements: codes.map(Float.init))
        Kernels.dequantize(
            matrix, scales: Vector(scales), zeroPoints: Vector(zeroPoints), maximumCode: bits.maximumCode,
            groups: groups, into: matrix)
        return matrix
    }

    /// The smallest and the largest value that a group can represent.
    package func range(of group: Int) -> ClosedRange<Float> {
        let (scale, zeroPoint) = (scales[group], zeroPoints[group])
        return scale * -zeroPoint...scale * (Float(bits.maximumCode) - zeroPoint)
    }
}

extension Matrix {
    /// The elements as bytes, row by row; they must be whole numbers from 0 through 255.
    var bytes: [UInt8] { elements.map { UInt8($0) } }
}
