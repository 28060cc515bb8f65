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
}

extension LogSqrt2Quantizer: Quantizer {
    package static let kinds = ["log_sqrt2"]
    package static let parameters = [QuantizerParameter(name: "deltas")]
    package static let learnsScales = false

    package var kind: String { Self.kinds[0] }
    package var title: String { "log√2" }
    package var values: [[Float]] { [deltas] }
    package var boxed: SiteQuantizer { .logSqrt2(self) }

    package init(
        kind: String, bits: BitWidth, values: [[Float]], groups: QuantizationGroups
    ) throws(QuantizationError) {
        try self.init(bits: bits, deltas: values[0], groups: groups)
    }

    package func replacing(values: [[Float]], groups: QuantizationGroups) -> LogSqrt2Quantizer {
        LogSqrt2Quantizer(bits: bits, validDeltas: values[0], groups: groups)
    }

    package func fakeQuantize(_ x: Matrix, with values: [Vector], into out: Matrix) {
        fakeQuantizeLogSqrt2(x, deltas: values[0], maximumCode: bits.maximumCode, groups: groups, into: out)
    }

    package func backward(
        _ gradient: Matrix, x: Matrix, out: Matrix, with values: [Vector], scaleGradients: Vector?
    ) {
        fakeQuantizeLogSqrt2Backward(
            gradient, x: x, out: out, deltas: values[0], maximumCode: bits.maximumCode, groups: groups,
            into: gradient)
    }

    package func quantize(_ x: Matrix, into codes: Matrix) {
        quantizeLogSqrt2(
            x, deltas: Vector(deltas), maximumCode: bits.maximumCode, groups: groups, into: codes)
    }

    package func dequantize(_ codes: Matrix, into out: Matrix) {
        dequantizeLogSqrt2(
            codes, deltas: Vector(deltas), maximumCode: bits.maximumCode, groups: groups, into: out)
    }

    package func bounds(of group: Int) -> ClosedRange<Float> {
        // Half a step above δ in the logarithm.
        -.infinity...max(deltas[group] * 1.189_207_1, deltas[group])
    }
}

extension LevelTable {
    /// Becomes the levels of a strict log√2 quantizer.
    mutating func setLogSqrt2(delta: Float) {
        let top = boundaries.count
        let delta = Double(delta)
        levels[0] = 0
        for level in 1...top {
            let code = top - level
            levels[level] = delta * halfPower(of: 2 * code)
            boundaries[level - 1] = Float(delta * halfPower(of: 2 * code + 1))
        }
    }

    /// 2^(−quarters / 4).
    private func halfPower(of quarters: Int) -> Double {
        let rest = [1, 0.840_896_415_253_714_6, 0.707_106_781_186_547_5, 0.594_603_557_501_360_5][
            quarters % 4]
        return Double(sign: .plus, exponent: -(quarters / 4), significand: rest)
    }
}
