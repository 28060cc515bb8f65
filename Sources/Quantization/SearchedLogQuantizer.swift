package import Kernels
package import TensorCore

internal import Glibc

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
}

extension SearchedLogQuantizer: Quantizer {
    package static let kinds = ["searched_log", "shifted_log"]
    package static let parameters = [QuantizerParameter(name: "deltas"), QuantizerParameter(name: "steps")]
    package static let learnsScales = false

    package var kind: String { Self.kinds[isShifted ? 1 : 0] }
    package var title: String { isShifted ? "shifted log" : "searched log" }
    package var values: [[Float]] { [deltas, steps] }
    package var boxed: SiteQuantizer { .searchedLog(self) }

    package init(
        kind: String, bits: BitWidth, values: [[Float]], groups: QuantizationGroups
    ) throws(QuantizationError) {
        try self.init(
            bits: bits, deltas: values[0], steps: values[1], isShifted: kind == Self.kinds[1], groups: groups)
    }

    package func replacing(values: [[Float]], groups: QuantizationGroups) -> SearchedLogQuantizer {
        SearchedLogQuantizer(
            bits: bits, validDeltas: values[0], steps: values[1], isShifted: isShifted, groups: groups)
    }

    /// The parameters as kernels take them.
    private func kernelParameters(_ values: [Vector]) -> SearchedLogParameters {
        SearchedLogParameters(
            deltas: values[0], steps: values[1], shift: shift, maximumCode: bits.maximumCode)
    }

    package func fakeQuantize(_ x: Matrix, with values: [Vector], into out: Matrix) {
        fakeQuantizeSearchedLog(x, kernelParameters(values), groups: groups, into: out)
    }

    package func backward(
        _ gradient: Matrix, x: Matrix, out: Matrix, with values: [Vector], scaleGradients: Vector?
    ) {
        fakeQuantizeSearchedLogBackward(
            gradient, x: x, out: out, kernelParameters(values), groups: groups, into: gradient)
    }

    package func quantize(_ x: Matrix, into codes: Matrix) {
        quantizeSearchedLog(x, kernelParameters(vectors), groups: groups, into: codes)
    }

    package func dequantize(_ codes: Matrix, into out: Matrix) {
        dequantizeSearchedLog(codes, kernelParameters(vectors), groups: groups, into: out)
    }

    package func bounds(of group: Int) -> ClosedRange<Float> {
        let half = exp2(steps[group] / Float(2 * Self.denominator))
        return -.infinity...max(deltas[group] * half, deltas[group]) - shift
    }
}

extension LevelTable {
    /// Becomes the levels of a strict logarithmic quantizer of base 2^(step / 37).
    mutating func setSearchedLog(delta: Float, step: Float, shift: Float) {
        let top = boundaries.count
        let (delta, shift) = (Double(delta), Double(shift))
        // A power for every half code; each is the one before times the root of the base.
        let root = exp2(-Double(step) / Double(2 * SearchedLogQuantizer.denominator))
        levels[0] = -shift
        var power = delta
        for code in 0..<top {
            levels[top - code] = power - shift
            power *= root
            boundaries[top - code - 1] = Float(power - shift)
            power *= root
        }
    }
}
