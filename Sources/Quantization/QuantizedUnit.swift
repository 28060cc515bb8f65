package import TensorCore

/// One linear layer of a quantized unit.
package struct QuantizedLinear: Equatable, Sendable {
    /// `[outputs, inputs…]`: the values whose quantization is the layer's weight.
    package var weight: Tensor
    /// `[outputs]`, in full precision.
    package var bias: Tensor?
    /// How the weight is quantized, one group per output channel.
    package var quantizer: SiteQuantizer

    package init(weight: Tensor, bias: Tensor?, quantizer: SiteQuantizer) {
        (self.weight, self.bias, self.quantizer) = (weight, bias, quantizer)
    }

    /// `[outputs, inputs]`: the weight that the quantized model multiplies with.
    package func quantizedWeight() -> Matrix {
        let weight = weight.matrix()
        let out = Matrix(rows: weight.rows, columns: weight.columns)
        quantizer.fakeQuantize(weight, into: out)
        return out
    }
}

/// A quantized unit: everything that its forward pass depends on.
///
/// A value without a name; an attempt is one of these, and so is a unit read back from a file.
package struct QuantizedUnit: Equatable, Sendable {
    /// The linear layers, in the unit's order.
    package var linears: [QuantizedLinear]
    /// The other parameters, in the unit's order, scale reparameterisation applied.
    package var vectors: [Tensor]
    /// The quantizers of activation sites, in the unit's order.
    package var sites: [SiteQuantizer]

    package init(linears: [QuantizedLinear], vectors: [Tensor], sites: [SiteQuantizer]) {
        (self.linears, self.vectors, self.sites) = (linears, vectors, sites)
    }
}
