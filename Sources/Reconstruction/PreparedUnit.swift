internal import Kernels
package import Quantization
package import TensorCore
package import VisionTransformers

extension QuantizedUnit {
    /// The unit, ready to run.
    ///
    /// - Parameters:
    ///   - unit: The unit that the state belongs to.
    ///   - arithmetic: How linear layers multiply.
    /// - Returns: The unit with weights quantized and packed.
    package func prepared(for unit: any ModelUnit, arithmetic: Arithmetic = .floats) -> PreparedUnit {
        let onBytes = arithmetic == .bytes ? layersOnBytes(of: unit) : [:]
        var sites = sites
        let linears = self.linears.enumerated().map { index, linear in
            if let (bytes, quantizer) = onBytes[index] {
                if let site = unit.linears[index].inputSite { sites[site] = .fullPrecision }
                return PreparedLinear(bytes, quantizer: quantizer, bias: linear.bias?.vector())
            }
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

    /// The layers whose input and weight are codes in equal steps that fit in bytes, by their place.
    private func layersOnBytes(of unit: any ModelUnit) -> [Int: (PackedBytes, ByteQuantizer)] {
        var result: [Int: (PackedBytes, ByteQuantizer)] = [:]
        for (index, layer) in unit.linears.enumerated() {
            guard let site = layer.inputSite, case .uniform(let input) = sites[site], input.scales.count == 1,
                let quantizer = ByteQuantizer(
                    scale: input.scales[0], zeroPoint: input.zeroPoints[0],
                    maximumCode: input.bits.maximumCode),
                let codes = SignedCodes(linears[index], keepsCodes: false),
                let zeroPoints = codes.zeroPointsAsCodes, layer.inputs <= PackedBytes.mostInputs
            else { continue }
            let bytes = PackedBytes(
                codes: codes.codes, inputs: layer.inputs, scales: codes.scales, zeroPoints: zeroPoints)
            result[index] = (bytes, quantizer)
        }
        // A site that a layer in floats reads as well must be quantized for it, so no layer can do that itself.
        for (index, layer) in unit.linears.enumerated() where result[index] == nil {
            for (other, shared) in unit.linears.enumerated()
            where shared.inputSite == layer.inputSite { result[other] = nil }
        }
        return result
    }
}

/// How the linear layers of a quantized unit multiply.
package enum Arithmetic: Sendable {
    /// The values of codes as floats, as in reconstruction.
    case floats
    /// Codes as bytes, wherever weight and input are codes in equal steps; the other layers as floats.
    case bytes
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
