package import Kernels
package import TensorCore

/// A quantizer of an attention map whose levels are powers of √2.
///
/// The code of x in 0 ... δ is `q = round(−2 log₂(x / δ))` and stands for `δ · 2^(−q/2)`; the top code,
/// 2ᵇ − 1, stands for exactly 0 and is given to everything too small for the others. That makes 2ᵇ
/// values, not the 2ᵇ + 1 of published code, which adds a zero to a full set of powers.
///
/// Source: RepQ-ViT (arXiv 2212.08254) for the levels.
package struct LogSqrt2Quantizer: Equatable, Sendable {
    /// The width of a code.
    package let bits: BitWidth
    /// The largest values, δ, one per group; positive and finite.
    package let deltas: [Float]
    /// Which elements share a δ.
    package let groups: QuantizationGroups

    /// Makes a quantizer.
    ///
    /// - Parameters:
    ///   - bits: The width of a code.
    ///   - deltas: The largest values, one per group.
    ///   - groups: Which elements share a δ.
    /// - Throws: `QuantizationError.parameterCounts`, `.invalidScale`.
    package init(bits: BitWidth, deltas: [Float], groups: QuantizationGroups) throws(QuantizationError) {
        guard !deltas.isEmpty else { throw .parameterCounts(scales: 0, zeroPoints: 0) }
        for (group, delta) in deltas.enumerated() where !(delta >= .leastNormalMagnitude && delta.isFinite) {
            throw .invalidScale(delta, group: group)
        }
        self.init(bits: bits, validDeltas: deltas, groups: groups)
    }

    /// Makes a quantizer of parameters that another has checked.
    init(bits: BitWidth, validDeltas: [Float], groups: QuantizationGroups) {
        self.bits = bits
        deltas = validDeltas
        self.groups = groups
    }

    /// Quantizes and dequantizes values.
    ///
    /// - Parameters:
    ///   - x: The values.
    ///   - out: The quantized values, shaped as `x`; overwritten. May be `x`.
    package func fakeQuantize(_ x: Matrix, into out: Matrix) {
        Kernels.fakeQuantizeLogSqrt2(
            x, deltas: Vector(deltas), maximumCode: bits.maximumCode, groups: groups, into: out)
    }

    /// The codes of values, row by row.
    package func codes(of x: Matrix) -> [UInt8] {
        let codes = Matrix(rows: x.rows, columns: x.columns)
        Kernels.quantizeLogSqrt2(
            x, deltas: Vector(deltas), maximumCode: bits.maximumCode, groups: groups, into: codes)
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
        Kernels.dequantizeLogSqrt2(
            matrix, deltas: Vector(deltas), maximumCode: bits.maximumCode, groups: groups, into: matrix)
        return matrix
    }
}
