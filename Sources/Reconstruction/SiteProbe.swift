package import Quantization
package import TensorCore
package import VisionTransformers
internal import Vocabulary

/// Quantizes one site of a unit and nothing else, as calibration would, to measure the site's sensitivity.
package struct SiteProbe {
    private let calibration: UnitCalibration
    private let weights: UnitWeights

    /// Runs the unit once.
    ///
    /// - Parameters:
    ///   - unit: The unit.
    ///   - weights: Its parameters in the checkpoint.
    ///   - fullPrecision: The same, ready to run.
    ///   - input: `[images · rows, columns]`: its input in full precision.
    ///   - settings: How it is calibrated; bits are not used.
    ///   - pool: The threads; no result depends on their number.
    package init(
        _ unit: any ModelUnit, weights: UnitWeights, fullPrecision: PreparedUnit, input: Matrix,
        settings: CalibrationSettings, pool: WorkerPool
    ) {
        self.weights = weights
        calibration = UnitCalibration(
            unit, weights: weights, fullPrecision: fullPrecision, input: input, settings: settings, pool: pool
        )
    }

    /// The unit with an activation site quantized.
    ///
    /// - Parameters:
    ///   - index: The site's place in the unit.
    ///   - bits: 2 through 8.
    /// - Returns: The unit.
    /// - Throws: `QuantizationError` for values that are not finite or unsupported bits.
    package func unit(site index: Int, bits: Int) throws(QuantizationError) -> QuantizedUnit {
        var result = fullPrecision
        let site = calibration.unit.sites[index]
        let values = site.values(in: calibration.tape)
        guard case .normalized(let gamma, let beta, let linear) = site.kind,
            calibration.settings.reparameterize
        else {
            result.sites[index] = try calibration.quantizer(of: index, bits: bits, values: values)
            return result
        }
        let folded = try calibration.reparameterized(
            values, bits: bits, gamma: weights.vectors[gamma], beta: weights.vectors[beta],
            linear: weights.linears[linear])
        result.vectors[gamma] = folded.gamma
        result.vectors[beta] = folded.beta
        result.linears[linear].weight = folded.linear.weight
        result.linears[linear].bias = folded.linear.bias
        result.sites[index] = .uniform(folded.quantizer)
        return result
    }

    /// The unit with a layer's weight and input quantized by the settings' solver, all tokens weighted alike.
    ///
    /// - Parameters:
    ///   - index: The layer's place in the unit.
    ///   - bits: 2 through 8.
    ///   - inputBits: The bits of its input: 2 through 8, or 16 for full precision.
    /// - Returns: The unit.
    /// - Throws: `QuantizationError` for values that are not finite or unsupported bits.
    package func unit(weight index: Int, bits: Int, inputBits: Int) throws(QuantizationError) -> QuantizedUnit
    {
        let (settings, descriptor) = (calibration.settings, calibration.unit.linears[index])
        var result = fullPrecision
        if let site = descriptor.inputSite, inputBits < 16 {
            result = try unit(site: site, bits: inputBits)
        }
        let inputs = calibration.operand(of: index, in: result.prepared(for: calibration.unit))
        let layer = result.linears[index]
        guard settings.weightSolver != .nearest else {
            result.linears[index].quantizer = try calibration.weightQuantizer(
                layer.weight.matrix(), bits: bits, importance: calibration.meanSquares(of: inputs))
            return result
        }
        let exact = calibration.unit.operand(
            of: descriptor, in: calibration.tape, transform: calibration.fullPrecision.transform)
        result.linears[index] = try LinearFit(solver: settings.weightSolver, damping: settings.solverDamping)
            .layer(
                weight: layer.weight, inputs: inputs,
                targets: calibration.outputs(of: weights.linears[index], on: exact),
                calibration: .weights(bits: try BitWidth(bits), search: settings.rangeSearch),
                pool: calibration.pool)
        return result
    }

    /// The unit as it is in the checkpoint.
    private var fullPrecision: QuantizedUnit {
        QuantizedUnit(
            linears: weights.linears.map {
                QuantizedLinear(weight: $0.weight, bias: $0.bias, quantizer: .fullPrecision)
            }, vectors: weights.vectors,
            sites: calibration.unit.sites.map { _ in .fullPrecision })
    }
}
