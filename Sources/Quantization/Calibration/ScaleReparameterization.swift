internal import Kernels
package import TensorCore

/// A LayerNorm's gain and shift and the linear layer that reads its output.
package struct NormalizedLinear: Equatable, Sendable {
    /// `[in]`: the LayerNorm's gain.
    package var gamma: Tensor
    /// `[in]`: the LayerNorm's shift.
    package var beta: Tensor
    /// `[out, in]`: the layer's weight.
    package var weight: Tensor
    /// `[out]`: the layer's bias.
    package var bias: Tensor?

    /// Puts parameters together.
    package init(gamma: Tensor, beta: Tensor, weight: Tensor, bias: Tensor?) {
        self.gamma = gamma
        self.beta = beta
        self.weight = weight
        self.bias = bias
    }
}

/// Moves one scale per channel out of an activation's quantizer, into the LayerNorm before it and the
/// linear layer after it.
///
/// With scales s and zero points z per channel, their targets s̃ and z̃, `r = s / s̃` and
/// `d = s ⊙ (z − z̃)`: γ becomes γ / r, β becomes (β + d) / r, the weight's column k is multiplied by rₖ,
/// and the bias loses W · d. The full-precision function stays the same, and so do the codes, since z̃ is
/// a whole number; only the weight becomes harder to quantize.
///
/// Source: RepQ-ViT (arXiv 2212.08254), with the mean zero point rounded.
package struct ScaleReparameterization: Equatable, Sendable {
    /// What the single scale is made of those of the channels.
    package enum Target: Hashable, Sendable {
        /// Their mean.
        case mean
        /// The scale that a share of them lies below; 0.5 is the median.
        case quantile(Double)
    }

    /// The quantizer with a scale per channel, very small ones raised.
    package let channelWise: UniformQuantizer
    /// The quantizer with one scale, for the activations after the change.
    package let perTensor: UniformQuantizer
    /// r, one per channel.
    package let ratios: [Float]
    /// d, one per channel.
    package let shifts: [Float]

    /// Decides on a target.
    ///
    /// - Parameters:
    ///   - quantizer: A quantizer with groups `.columns(width: 1)`, calibrated on the LayerNorm's output.
    ///   - target: What the single scale is made of those of the channels.
    ///   - floor: Scales below this share of their median are raised to it, about the middle of their
    ///     range: a channel that hardly varies would otherwise scale the LayerNorm's gain without bound.
    /// - Throws: `QuantizationError.notChannelWise`.
    package init(
        _ quantizer: UniformQuantizer, target: Target = .mean, floor: Float = 0.01
    ) throws(QuantizationError) {
        guard quantizer.groups == .columns(width: 1) else { throw .notChannelWise(quantizer.groups) }
        let raised = try quantizer.raisingScales(to: floor * quantile(0.5, of: quantizer.scales))
        let count = Float(raised.scales.count)
        let scale =
            switch target {
            case .mean: raised.scales.reduce(0) { $0 + $1 / count }
            case .quantile(let share): quantile(share, of: raised.scales)
            }
        let zeroPoint = raised.zeroPoints.reduce(0) { $0 + $1 / count }.rounded()
        channelWise = raised
        perTensor = try UniformQuantizer(
            bits: raised.bits, scales: [scale], zeroPoints: [zeroPoint],
            groups: .columns(width: raised.scales.count))
        ratios = raised.scales.map { $0 / scale }
        shifts = zip(raised.scales, raised.zeroPoints).map { $0 * ($1 - zeroPoint) }
    }

    /// Changes parameters; the function that they compute stays the same.
    ///
    /// - Parameter layer: The parameters before.
    /// - Returns: The parameters after, with a bias even if there was none.
    /// - Throws: `QuantizationError.channelCounts`.
    package func applied(to layer: NormalizedLinear) throws(QuantizationError) -> NormalizedLinear {
        let channels = ratios.count
        for (what, count) in [
            ("the LayerNorm's gain", layer.gamma.count), ("the LayerNorm's shift", layer.beta.count),
        ]
        where count != channels {
            throw .channelCounts(what: what, found: count, expected: channels)
        }
        guard layer.weight.shape.count == 2, layer.weight.shape[1] == channels else {
            throw .channelCounts(
                what: "the weight", found: layer.weight.shape.dropFirst().reduce(1, *), expected: channels)
        }
        let outputs = layer.weight.shape[0]
        if let bias = layer.bias, bias.count != outputs {
            throw .channelCounts(what: "the bias", found: bias.count, expected: outputs)
        }
        var result = layer
        for channel in 0..<channels {
            result.gamma.elements[channel] /= ratios[channel]
            result.beta.elements[channel] = (layer.beta.elements[channel] + shifts[channel]) / ratios[channel]
        }
        var bias = layer.bias?.elements ?? Array(repeating: 0, count: outputs)
        for output in 0..<outputs {
            var moved = 0.0
            for channel in 0..<channels {
                let index = output * channels + channel
                let weight = layer.weight.elements[index]
                moved += Double(weight) * Double(shifts[channel])
                result.weight.elements[index] = weight * ratios[channel]
            }
            bias[output] = Float(Double(bias[output]) - moved)
        }
        result.bias = Tensor(shape: [outputs], elements: bias)
        return result
    }

    /// Changes activations as the changed LayerNorm gives them.
    ///
    /// - Parameters:
    ///   - x: `[rows, channels]`, the output of the LayerNorm before the change.
    ///   - out: `[rows, channels]`, its output after the change; overwritten. May be `x`.
    package func transform(_ x: Matrix, into out: Matrix) {
        precondition(x.columns == ratios.count, "\(x.columns) channels are not \(ratios.count)")
        for row in 0..<x.rows {
            for channel in 0..<x.columns {
                out[row, channel] = (x[row, channel] + shifts[channel]) / ratios[channel]
            }
        }
    }
}

extension UniformQuantizer {
    /// The same quantizer with small scales raised; the middle of a raised range stays where it is.
    fileprivate func raisingScales(to floor: Float) throws(QuantizationError) -> UniformQuantizer {
        var (scales, zeroPoints) = (scales, zeroPoints)
        for index in scales.indices where scales[index] < floor {
            let half = Float(bits.maximumCode) / 2
            let middle = scales[index] * (half - zeroPoints[index])
            scales[index] = floor
            zeroPoints[index] = (half - middle / floor).rounded()
        }
        return try UniformQuantizer(bits: bits, scales: scales, zeroPoints: zeroPoints, groups: groups)
    }
}

/// The value that a share of others lies below, interpolated between neighbours.
private func quantile(_ share: Double, of values: [Float]) -> Float {
    let sorted = values.sorted()
    let position = min(max(share, 0), 1) * Double(sorted.count - 1)
    let index = Int(position)
    let next = min(index + 1, sorted.count - 1)
    return sorted[index] + (sorted[next] - sorted[index]) * Float(position - Double(index))
}
