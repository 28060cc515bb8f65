package import Quantization
package import TensorCore
package import VisionTransformers

extension QuantizedUnit {
    /// The unit, ready to run.
    ///
    /// - Parameter unit: The unit that the state belongs to.
    /// - Returns: The unit with weights quantized and packed.
    package func prepared(for unit: any ModelUnit) -> PreparedUnit {
        let linears = self.linears.map { linear in
            let weight = linear.quantizedWeight()
            let prepared = PreparedLinear(
                inputs: weight.columns, outputs: weight.rows, bias: linear.bias?.vector(), backward: false)
            prepared.load(weight)
            return prepared
        }
        return PreparedUnit(
            unit: unit, parameters: UnitParameters(linears: linears, vectors: vectors.map { $0.vector() }),
            transform: QuantizingTransform(sites))
    }
}

/// A unit with parameters and quantizers, ready to run.
package struct PreparedUnit: Sendable {
    /// What to compute.
    package let unit: any ModelUnit
    /// The parameters to compute with.
    package let parameters: UnitParameters
    /// The quantizers of its sites.
    package let transform: QuantizingTransform

    /// Puts a unit together.
    package init(unit: any ModelUnit, parameters: UnitParameters, transform: QuantizingTransform) {
        (self.unit, self.parameters, self.transform) = (unit, parameters, transform)
    }

    /// A unit in full precision.
    ///
    /// - Parameters:
    ///   - unit: What to compute.
    ///   - weights: The checkpoint's parameters.
    ///   - backward: Whether backward passes will be run.
    package init(fullPrecision unit: any ModelUnit, weights: UnitWeights, backward: Bool) {
        self.init(
            unit: unit, parameters: UnitParameters(weights, backward: backward),
            transform: QuantizingTransform(Array(repeating: .fullPrecision, count: unit.sites.count)))
    }

    /// Runs the unit, or the part of it before a linear layer.
    package func forward(_ input: Matrix, tape: Tape, output: Matrix, before layer: Int? = nil) {
        unit.forward(
            input, parameters: parameters, transform: transform, tape: tape, output: output, before: layer)
    }
}
