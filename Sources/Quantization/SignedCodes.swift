internal import TensorCore

/// A layer's weight as signed bytes: value = scale · (code − zero point), with the same floats as the engine's.
package struct SignedCodes {
    /// `[outputs, inputs]`, row by row.
    package let codes: [Int8]
    /// The width of a code.
    package let bits: BitWidth
    /// One for each output.
    package let scales: [Float]
    /// One for each output.
    package let zeroPoints: [Float]

    /// The codes; nil for a weight in full precision.
    ///
    /// - Parameters:
    ///   - linear: The layer.
    ///   - keepsCodes: Whether codes below 8 bits stay as they are where zero points allow it; else those of a symmetric
    ///     weight get the zero point 0, as runtimes want it.
    package init?(_ linear: QuantizedLinear, keepsCodes: Bool) {
        guard case .uniform(let quantizer) = linear.quantizer,
            let codes = linear.quantizer.codes(of: linear.weight.matrix())
        else { return nil }
        bits = quantizer.bits
        let half = (bits.maximumCode + 1) / 2
        let isSymmetric = quantizer.zeroPoints.allSatisfy { $0 == Float(half) }
        // The middle of a byte is moved to 0 where codes or zero points take all of it.
        let fits = bits.maximumCode <= 127 && quantizer.zeroPoints.allSatisfy { $0 <= 127 }
        let middle = isSymmetric && !keepsCodes ? half : fits ? 0 : 128
        self.codes = codes.map { Int8(Int($0) - middle) }
        scales = quantizer.scales
        zeroPoints = quantizer.zeroPoints.map { $0 - Float(middle) }
    }

    /// The zero points as signed bytes; nil if one is outside.
    package var zeroPointsAsCodes: [Int8]? {
        let codes = zeroPoints.compactMap { Int8(exactly: $0) }
        return codes.count == zeroPoints.count ? codes : nil
    }
}
