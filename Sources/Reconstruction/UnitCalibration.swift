internal import Kernels
package import Quantization
package import TensorCore
package import VisionTransformers

/// How one unit is calibrated.
package struct CalibrationSettings: Equatable, Sendable {
    /// The bits of each linear layer's weight: 2 through 8, or 16 for full precision.
    package var weightBits: [Int]
    /// The bits of each activation site: 2 through 8, or 16 for full precision.
    package var activationBits: [Int]
    /// Whether scale reparameterisation is applied to inputs behind a LayerNorm.
    package var reparameterizes: Bool
    /// How many images ranges are searched on at most.
    package var images = 128

    /// Makes settings.
    package init(weightBits: [Int], activationBits: [Int], reparameterizes: Bool) {
        self.weightBits = weightBits
        self.activationBits = activationBits
        self.reparameterizes = reparameterizes
    }
}

/// How a quantizer fits the site it was calibrated for.
package struct CalibratedSite: Equatable, Sendable {
    /// The site's name.
    package let name: String
    /// The width of its codes; 16 in full precision.
    package let bits: Int
    /// The quantizer and what shares its parameters.
    package let quantizer: String
    /// Signal to quantization noise in dB; nil in full precision.
    package let sqnrDb: Double?
}

/// Gives every site of a unit its quantizer.
///
/// The unit runs once in full precision on its input as the quantized prefix gives it; every site is then
/// searched on what it saw. Inputs behind a LayerNorm get one range per channel first, which scale
/// reparameterisation folds into the norm and the weight (RepQ-ViT, arXiv 2212.08254). Weights are searched
/// last, each input channel counting by its mean square.
///
/// - Parameters:
///   - unit: The unit.
///   - weights: Its numbers in the checkpoint.
///   - fullPrecision: The same, ready to run.
///   - input: `[images · rows, columns]`: its input behind the quantized prefix.
///   - settings: The bits.
///   - pool: The threads; the result does not depend on their number.
/// - Returns: The calibrated unit and how each quantizer fits.
/// - Throws: `QuantizationError` for values that are not finite or bits that are none.
package func calibrate(
    _ unit: any ModelUnit, weights: UnitWeights, fullPrecision: PreparedUnit, input: Matrix,
    settings: CalibrationSettings, pool: WorkerPool
) throws(QuantizationError) -> (unit: QuantizedUnit, sites: [CalibratedSite]) {
    let calibration = UnitCalibration(
        unit, fullPrecision: fullPrecision, input: input, settings: settings, pool: pool)
    var linears = weights.linears
    var vectors = weights.vectors
    var quantizers: [SiteQuantizer] = []
    var reports: [CalibratedSite] = []
    var importance: [[Float]?] = unit.linears.map { linear in
        linear.inputSite == nil ? calibration.meanSquares(of: calibration.tape[linear.inputSlot]) : nil
    }
    for (index, site) in unit.sites.enumerated() {
        var values = site.values(in: calibration.tape)
        let quantizer: SiteQuantizer
        if case .normalized(let gamma, let beta, let linear) = site.kind, settings.reparameterizes,
            settings.activationBits[index] < 16
        {
            let folded = try calibration.reparameterized(
                values, bits: settings.activationBits[index], gamma: vectors[gamma],
                beta: vectors[beta], linear: linears[linear])
            vectors[gamma] = folded.gamma
            vectors[beta] = folded.beta
            linears[linear] = folded.linear
            (values, quantizer) = (folded.values, .uniform(folded.quantizer))
        } else {
            quantizer = try calibration.quantizer(
                of: site, values: values, bits: settings.activationBits[index])
        }
        quantizers.append(quantizer)
        reports.append(calibration.report(site.name, quantizer, on: values))
        for (layer, linear) in unit.linears.enumerated() where linear.inputSite == index {
            importance[layer] = calibration.meanSquares(of: values)
        }
    }
    var states: [QuantizedLinear] = []
    for (index, linear) in linears.enumerated() {
        let weight = linear.weight.matrix()
        let quantizer = try calibration.weightQuantizer(
            weight, bits: settings.weightBits[index], importance: importance[index])
        states.append(QuantizedLinear(weight: linear.weight, bias: linear.bias, quantizer: quantizer))
        reports.append(calibration.report("\(unit.linears[index].name).weight", quantizer, on: weight))
    }
    return (QuantizedUnit(linears: states, vectors: vectors, sites: quantizers), reports)
}

/// The searches of one unit's calibration, over one pass in full precision.
private struct UnitCalibration {
    /// What the pass left.
    let tape: Tape
    private let pool: WorkerPool

    init(
        _ unit: any ModelUnit, fullPrecision: PreparedUnit, input: Matrix, settings: CalibrationSettings,
        pool: WorkerPool
    ) {
        self.pool = pool
        let perImage = unit.tapeShapes.reduce(0) { $0 + $1.count }
        // Half a gigabyte of activations is enough for any range.
        let images = min(input.rows / unit.input.rows, settings.images, max(8, (1 << 27) / max(1, perImage)))
        let tape = Tape(shapes: unit.tapeShapes, images: images)
        let output = unit.output.matrix(images: images)
        let perTask = ModelPass.imagesPerTask(rows: unit.rows)
        pool.run((images + perTask - 1) / perTask) { task, _ in
            let range = task * perTask..<min(images, (task + 1) * perTask)
            fullPrecision.forward(
                input.rows(range.lowerBound * unit.input.rows..<range.upperBound * unit.input.rows),
                tape: tape.images(range),
                output: output.rows(range.lowerBound * unit.output.rows..<range.upperBound * unit.output.rows)
            )
        }
        self.tape = tape
    }

    func quantizer(
        of site: SiteDescriptor, values: Matrix, bits: Int
    ) throws(QuantizationError) -> SiteQuantizer {
        guard bits < 16 else { return .fullPrecision }
        let width = try BitWidth(bits)
        if site.kind == .attention, case .rows(perGroup: let tokens) = site.groups {
            return try AttentionCalibration(bits: width)
                .quantizer(of: values, heads: site.groupCount, tokens: tokens, pool: pool)
        }
        return .uniform(
            try UniformCalibration.activations(bits: width)
                .quantizer(of: values, groups: site.groups, groupCount: site.groupCount, pool: pool))
    }

    func weightQuantizer(
        _ weight: Matrix, bits: Int, importance: [Float]?
    ) throws(QuantizationError) -> SiteQuantizer {
        guard bits < 16 else { return .fullPrecision }
        return .uniform(
            try UniformCalibration.weights(bits: try BitWidth(bits))
                .weightQuantizer(of: weight, importance: importance, pool: pool))
    }

    /// The mean square of every column, `[columns]`.
    func meanSquares(of values: Matrix) -> [Float] { columnMeanSquares(of: values, pool: pool) }

    func report(_ name: String, _ quantizer: SiteQuantizer, on values: Matrix) -> CalibratedSite {
        CalibratedSite(
            name: name, bits: quantizer.bits?.rawValue ?? 16, quantizer: quantizer.description,
            sqnrDb: quantizer == .fullPrecision ? nil : quantizer.fidelity(on: values, pool: pool).sqnrDb)
    }

    /// Folds one range per channel into the norm before and the layer behind.
    func reparameterized(
        _ values: Matrix, bits: Int, gamma: Tensor, beta: Tensor, linear: LinearWeights
    ) throws(QuantizationError) -> (
        gamma: Tensor, beta: Tensor, linear: LinearWeights, quantizer: UniformQuantizer, values: Matrix
    ) {
        let perChannel = try UniformCalibration.activations(bits: try BitWidth(bits))
            .quantizer(of: values, groups: .columns(width: 1), groupCount: values.columns, pool: pool)
        let folding = try ScaleReparameterization(perChannel)
        let folded = try folding.applied(
            to: NormalizedLinear(gamma: gamma, beta: beta, weight: linear.weight, bias: linear.bias))
        let moved = Matrix(rows: values.rows, columns: values.columns)
        folding.transform(values, into: moved)
        return (
            folded.gamma, folded.beta, LinearWeights(weight: folded.weight, bias: folded.bias),
            folding.perTensor, moved
        )
    }
}
