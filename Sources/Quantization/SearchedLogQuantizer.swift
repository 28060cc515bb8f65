package import Kernels
package import TensorCore

/// A quantizer whose levels are powers of a base that was searched, of an attention map or of what GELU gives.
///
/// With the shift t, the code of x is `q = round(−37 · log₂((x + t) / δ) / k)` and stands for `δ · 2^(−q · k / 37) − t`;
/// k is a whole number. The top code, 2ᵇ − 1, stands for exactly −t and is given to everything too small for the
/// others, so that there are 2ᵇ values, not the 2ᵇ + 1 of published code.
///
/// Source: AdaLog (arXiv 2407.12951), whose bases have the same denominator.
package struct SearchedLogQuantizer: Equatable, Sendable {
    /// The denominator of exponents.
    package static let denominator = 37
    /// The greatest k: a base of 64.
    package static let largestStep: Float = 222
    /// Minus the least value of GELU: with it added, there is nothing below 0.
    package static let geluShift: Float = 0.169_971_2

    /// The width of a code.
    package let bits: BitWidth
    /// The largest values of x + t, one per group; positive and finite.
    package let deltas: [Float]
    /// k, one per group; whole numbers.
    package let steps: [Float]
    /// Whether t is `geluShift`, not 0.
    package let isShifted: Bool
    /// Which elements share parameters.
    package let groups: QuantizationGroups

    /// t.
    package var shift: Float { isShifted ? Self.geluShift : 0 }

    /// Makes a quantizer.
    ///
    /// - Parameters:
    ///   - bits: The width of a code.
    ///   - deltas: The largest values of x + t, one per group.
    ///   - steps: k, one per group: whole numbers from 1 through `largestStep`.
    ///   - isShifted: Whether t is `geluShift`.
    ///   - groups: Which elements share parameters.
    /// - Throws: `QuantizationError.parameterCounts`, `.invalidScale`, `.invalidStep`.
    package init(
        bits: BitWidth, deltas: [Float], steps: [Float], isShifted: Bool, groups: QuantizationGroups
    ) throws(QuantizationError) {
        guard !deltas.isEmpty, deltas.count == steps.count else {
            throw .parameterCounts(scales: deltas.count, zeroPoints: steps.count)
        }
        for (group, delta) in deltas.enumerated() where !(delta >= .leastNormalMagnitude && delta.isFinite) {
            throw .invalidScale(delta, group: group)
        }
        for (group, step) in steps.enumerated()
        where !(step >= 1 && step <= Self.largestStep && step.rounded() == step) {
            throw .invalidStep(step, group: group)
        }
        self.init(bits: bits, validDeltas: deltas, steps: steps, isShifted: isShifted, groups: groups)
    }

    /// Makes a quantizer of parameters that another has checked.
    init(
        bits: BitWidth, validDeltas: [Float], steps: [Float], isShifted: Bool, groups: QuantizationGroups
    ) {
        self.bits = bits
        deltas = validDeltas
        self.steps = steps
        self.isShifted = isShifted
        self.groups = groups
    }

    /// The parameters as kernels take them.
    package var parameters: SearchedLogParameters {
        SearchedLogParameters(
            deltas: Vector(deltas), steps: Vector(steps), shift: shift, maximumCode: bits.maximumCode)
    }

    /// Quantizes and dequantizes values.
    ///
    /// - Parameters:
    ///   - x: The values.
    ///   - out: The quantized values, shaped as `x`; overwritten. May be `x`.
    package func fakeQuantize(_ x: Matrix, into out: Matrix) {
        fakeQuantizeSearchedLog(x, parameters, groups: groups, into: out)
    }

    /// The codes of values, row by row.
    package func codes(of x: Matrix) -> [UInt8] {
        let codes = Matrix(rows: x.rows, columns: x.columns)
        quantizeSearchedLog(x, parameters, groups: groups, into: codes)
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
        dequantizeSearchedLog(matrix, parameters, groups: groups, into: matrix)
        return matrix
    }
}
