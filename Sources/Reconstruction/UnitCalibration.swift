internal import Kernels
package import Quantization
package import TensorCore
package import VisionTransformers
package import Vocabulary

/// Gives every site of a unit its quantizer.
///
/// The unit runs once in full precision on the quantized prefix's outputs; each site's range is then searched on the
/// values of that pass. Inputs after a LayerNorm get one range per channel first, which scale reparameterisation folds
/// into the norm and the weight (RepQ-ViT, arXiv 2212.08254). Weights come last, each input channel weighted by its mean
/// square.
///
/// - Parameters:
///   - unit: The unit.
///   - weights: Its numbers in the checkpoint.
///   - fullPrecision: The same, ready to run.
///   - input: `[images · rows, columns]`: the quantized prefix's outputs.
///   - fullPrecisionInput: `[images · rows, columns]`: its input in full precision, for closed-form solutions.
///   - originals: How many of the images are originals: they come first, then their views in the same order, again and
///     again.
///   - importance: The weights of tokens' errors; nil unless the settings weigh tokens.
///   - settings: The bits, and how to calibrate.
///   - pool: The threads; the result does not depend on their number.
///   - progress: Called after every site and every layer, with how many are done and how many there are.
/// - Returns: The calibrated unit and how each quantizer fits.
/// - Throws: `QuantizationError` for values that are not finite or unsupported bits; what `progress` throws.
package func calibrate(
    _ unit: any ModelUnit, weights: UnitWeights, fullPrecision: PreparedUnit, input: Matrix,
    fullPrecisionInput: Matrix, originals: Int, importance: TokenImportance.Unit? = nil,
    settings: CalibrationSettings, pool: WorkerPool,
    progress: ((_ done: Int, _ total: Int) throws -> Void)? = nil
) throws -> (unit: QuantizedUnit, sites: [SiteReport]) {
    let total = unit.sites.count + unit.linears.count
    let calibration = UnitCalibration(
        unit, weights: weights, fullPrecision: fullPrecision, input: input, settings: settings, pool: pool)
    var linears = weights.linears
    var vectors = weights.vectors
    var quantizers: [SiteQuantizer] = []
    var reports: [SiteReport] = []
    var columnImportance: [[Float]?] = unit.linears.map { linear in
        linear.inputSite == nil ? calibration.meanSquares(of: calibration.tape[linear.inputSlot]) : nil
    }
    for (index, site) in unit.sites.enumerated() {
        var values = site.values(in: calibration.tape)
        let quantizer: SiteQuantizer
        if case .normalized(let gamma, let beta, let linear) = site.kind, settings.reparameterize,
            settings.activationBits[index] < 16
        {
            let folded = try QuantizationError.naming(site.name) { () throws(QuantizationError) in
                try calibration.reparameterized(
                    values, bits: settings.activationBits[index], gamma: vectors[gamma],
                    beta: vectors[beta], linear: linears[linear])
            }
            vectors[gamma] = folded.gamma
            vectors[beta] = folded.beta
            linears[linear] = folded.linear
            (values, quantizer) = (folded.values, .uniform(folded.quantizer))
        } else {
            quantizer = try QuantizationError.naming(site.name) { () throws(QuantizationError) in
                try calibration.quantizer(
                    of: index, bits: settings.activationBits[index], values: values)
            }
        }
        quantizers.append(quantizer)
        reports.append(calibration.report(site.name, quantizer, on: values))
        for (layer, linear) in unit.linears.enumerated() where linear.inputSite == index {
            columnImportance[layer] = calibration.meanSquares(of: values)
        }
        try progress?(index + 1, total)
    }
    var states: [QuantizedLinear] = []
    if settings.weightSolver != .nearest {
        states = try calibration.fitted(
            QuantizedUnit(
                linears: linears.map {
                    QuantizedLinear(weight: $0.weight, bias: $0.bias, quantizer: .fullPrecision)
                }, vectors: vectors, sites: quantizers),
            fullPrecisionInput: fullPrecisionInput, originals: originals, importance: importance
        ) { layer in try progress?(unit.sites.count + layer + 1, total) }
        for (index, state) in states.enumerated() {
            reports.append(
                calibration.report(
                    "\(unit.linears[index].name).weight", state.quantizer, on: state.weight.matrix()))
        }
        return (QuantizedUnit(linears: states, vectors: vectors, sites: quantizers), reports)
    }
    for (index, linear) in linears.enumerated() {
        let weight = linear.weight.matrix()
        let name = "\(unit.linears[index].name).weight"
        let quantizer = try QuantizationError.naming(name) { () throws(QuantizationError) in
            try calibration.weightQuantizer(
                weight, bits: settings.weightBits[index], importance: columnImportance[index])
        }
        states.append(QuantizedLinear(weight: linear.weight, bias: linear.bias, quantizer: quantizer))
        reports.append(calibration.report(name, quantizer, on: weight))
        try progress?(unit.sites.count + index + 1, total)
    }
    return (QuantizedUnit(linears: states, vectors: vectors, sites: quantizers), reports)
}

/// The number of rows of a layer's inputs that are summed at once: those of whole images, at least one.
package func summedRows(at perImage: Int) -> Int { max(1, 4096 / perImage) * perImage }

/// The searches of one unit's calibration, over one pass in full precision.
struct UnitCalibration {
    /// The activations of the pass.
    let tape: Tape
    let unit: any ModelUnit
    let fullPrecision: PreparedUnit
    /// The quantized prefix's outputs, for all images.
    private let input: Matrix
    /// The pass's input and output.
    private let searchedInput: Matrix
    private let output: Matrix
    let settings: CalibrationSettings
    let pool: WorkerPool
    /// The unit's parameters before anything is folded into them.
    private let weights: UnitWeights

    init(
        _ unit: any ModelUnit, weights: UnitWeights, fullPrecision: PreparedUnit, input: Matrix,
        settings: CalibrationSettings, pool: WorkerPool
    ) {
        self.weights = weights
        self.pool = pool
        self.unit = unit
        self.settings = settings
        let images = CalibrationSettings.searchedImages(of: unit, among: input.rows / unit.input.rows)
        let tape = Tape(shapes: unit.tapeShapes, images: images)
        let output = unit.output.matrix(images: images)
        self.input = input
        searchedInput = input.rows(0..<images * unit.input.rows)
        self.output = output
        self.fullPrecision = fullPrecision
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

    /// Quantizes one layer after another in closed form, each on inputs from the quantized sites and layers before it.
    ///
    /// Calls `done` after each layer.
    func fitted(
        _ start: QuantizedUnit, fullPrecisionInput: Matrix, originals: Int,
        importance: TokenImportance.Unit?, done: (_ layer: Int) throws -> Void
    ) throws -> [QuantizedLinear] {
        var state = start
        let fit = LinearFit(solver: settings.weightSolver, damping: settings.solverDamping)
        let views = FittedViews(
            count: CalibrationSettings.fittedImages(of: unit, among: input.rows / unit.input.rows),
            originals: originals)
        let exact = ModelPass([fullPrecision], pool: pool)
        for index in unit.linears.indices {
            let bits = settings.weightBits[index]
            let linear = weights.linears[index]
            state.linears[index] = try fit.layer(
                weight: start.linears[index].weight, target: (linear.weight, linear.bias),
                moments: moments(
                    of: index, in: state, exact: exact, fullPrecisionInput: fullPrecisionInput, views: views,
                    importance: importance),
                calibration: bits < 16 ? try settings.weightCalibration(bits: bits) : nil,
                pool: pool)
            try done(index)
        }
        return state.linears
    }

    /// Sums over a layer's inputs in a state of the unit and in full precision.
    private func moments(
        of layer: Int, in state: QuantizedUnit, exact: ModelPass, fullPrecisionInput: Matrix,
        views: FittedViews, importance: TokenImportance.Unit?
    ) -> FitMoments {
        let descriptor = unit.linears[layer]
        let perImage = unit.tapeShapes[descriptor.inputSlot].rows
        let share = Float(settings.tokenImportance)
        let weights = importance?.weights(of: layer, images: views.count)?.map { 1 - share + share * $0 }
        let quantized = ModelPass([state.prepared(for: unit)], pool: pool)
        let result = FitMoments(inputs: descriptor.inputs, references: descriptor.inputs)
        for (images, isValidation) in views.parts(of: summedRows(at: perImage) / perImage) {
            let rows = images.lowerBound * unit.input.rows..<images.upperBound * unit.input.rows
            result.add(
                operand(of: layer, in: quantized, input: input.rows(rows)),
                operand(of: layer, in: exact, input: fullPrecisionInput.rows(rows)),
                weights: weights?[images.lowerBound * perImage..<images.upperBound * perImage],
                isValidation: isValidation, pool: pool)
        }
        return result
    }

    /// A layer's inputs in a state of the unit, for the images that ranges are searched on.
    func operand(of layer: Int, in prepared: PreparedUnit) -> Matrix {
        operand(of: layer, in: ModelPass([prepared], pool: pool), input: searchedInput)
    }

    /// A layer's inputs in a pass of the unit.
    private func operand(of layer: Int, in pass: ModelPass, input: Matrix) -> Matrix {
        let descriptor = unit.linears[layer]
        let perImage = unit.tapeShapes[descriptor.inputSlot].rows
        let result = Matrix(rows: input.rows / unit.input.rows * perImage, columns: descriptor.inputs)
        pass.run(input, into: nil, before: layer) { range, tapes in
            copy(
                unit.operand(of: descriptor, in: tapes[0], transform: pass.units[0].transform),
                into: result.rows(range.lowerBound * perImage..<range.upperBound * perImage))
        }
        return result
    }

    /// `[rows, outputs]`: a layer's outputs in full precision.
    func outputs(of linear: LinearWeights, on input: Matrix) -> Matrix {
        let weight = linear.weight.matrix()
        let out = Matrix(rows: input.rows, columns: weight.rows)
        let bias = linear.bias?.vector()
        pool.runTiles(of: input.rows, length: 256) { tile in
            let target = out.rows(tile)
            multiply(input.rows(tile), weight, into: target, transposeB: true)
            if let bias {
                addRowBias(target, bias, into: target)
            }
        }
        return out
    }

    func quantizer(
        of index: Int, bits: Int, values: Matrix
    ) throws(QuantizationError) -> SiteQuantizer {
        let site = unit.sites[index]
        guard bits < 16 else { return .fullPrecision }
        let width = try BitWidth(bits)
        if site.kind == .attention, case .rows(perGroup: let tokens) = site.groups {
            return try attentionQuantizer(index, values: values, bits: width, tokens: tokens)
        }
        let (groups, count) = settings.groups(of: site)
        func uniform() throws(QuantizationError) -> SiteQuantizer {
            let found = try UniformCalibration.activations(bits: width, search: settings.rangeSearch)
                .quantizer(of: values, groups: groups, groupCount: count, pool: pool)
            guard let layer = unit.linears.firstIndex(where: { $0.inputSite == index }) else {
                return .uniform(found)
            }
            return .uniform(try refined(found, values: values, weight: weights.linears[layer].weight))
        }
        func shiftedLog() throws(QuantizationError) -> SiteQuantizer {
            .searchedLog(
                try SearchedLogCalibration(bits: width, isShifted: true, search: settings.rangeSearch)
                    .quantizer(of: values, groups: groups, groupCount: count, pool: pool))
        }
        guard site.kind == .gelu else { return try uniform() }
        let candidates = try settings.geluLevels.candidates.map { levels throws(QuantizationError) in
            switch levels {
            case .uniform: try uniform()
            case .shiftedLog, .outputError: try shiftedLog()
            }
        }
        return best(of: candidates, at: index)
    }

    private func attentionQuantizer(
        _ index: Int, values: Matrix, bits: BitWidth, tokens: Int
    ) throws(QuantizationError) -> SiteQuantizer {
        let heads = settings.groups(of: unit.sites[index]).count
        let candidates = try settings.attentionLevels.candidates.map { levels throws(QuantizationError) in
            try AttentionCalibration(bits: bits, levels: levels, search: settings.rangeSearch)
                .quantizer(of: values, heads: heads, tokens: tokens, pool: pool)
        }
        return best(of: candidates, at: index)
    }

    /// The quantizer of a layer's input, its range refined by the error of the layer's output if the settings ask for it.
    private func refined(
        _ quantizer: UniformQuantizer, values: Matrix, weight: Tensor
    ) throws(QuantizationError) -> UniformQuantizer {
        guard settings.rangeSearch == .outputError, quantizer.scales.count == 1 else { return quantizer }
        return try OutputRangeSearch(weight: weight.matrix(), values: values, pool: pool).refined(quantizer)
    }

    /// The candidate that changes the unit's output least when no other site is quantized; the first of equals.
    private func best(of candidates: [SiteQuantizer], at index: Int) -> SiteQuantizer {
        guard candidates.count > 1 else { return candidates[0] }
        let errors = candidates.map { outputError($0, at: index) }
        let best = errors.indices.min { (errors[$0], $0) < (errors[$1], $1) } ?? 0
        return candidates[best]
    }

    /// The squared change of the unit's output when one site is quantized and nothing else.
    private func outputError(_ quantizer: SiteQuantizer, at index: Int) -> Double {
        var quantizers: [SiteQuantizer] = Array(repeating: .fullPrecision, count: unit.sites.count)
        quantizers[index] = quantizer
        let changed = Matrix(rows: output.rows, columns: output.columns)
        let prepared = PreparedUnit(
            unit: unit, parameters: fullPrecision.parameters, transform: QuantizingTransform(quantizers))
        ModelPass([prepared], pool: pool).run(searchedInput, into: changed)
        return squaredDistance(changed, output)
    }

    func weightQuantizer(
        _ weight: Matrix, bits: Int, importance: [Float]?
    ) throws(QuantizationError) -> SiteQuantizer {
        guard bits < 16 else { return .fullPrecision }
        return .uniform(
            try settings.weightCalibration(bits: bits)
                .weightQuantizer(of: weight, importance: importance, pool: pool))
    }

    /// The mean square of every column, `[columns]`.
    func meanSquares(of values: Matrix) -> [Float] { columnMeanSquares(of: values, pool: pool) }

    func report(_ name: String, _ quantizer: SiteQuantizer, on values: Matrix) -> SiteReport {
        SiteReport(
            site: name, bits: quantizer.bits?.rawValue ?? 16, quantizer: quantizer.description,
            sqnrDb: quantizer == .fullPrecision ? nil : quantizer.fidelity(on: values, pool: pool).sqnrDb)
    }

    /// Folds one range per channel into the norm before and the layer after the site.
    func reparameterized(
        _ values: Matrix, bits: Int, gamma: Tensor, beta: Tensor, linear: LinearWeights
    ) throws(QuantizationError) -> (
        gamma: Tensor, beta: Tensor, linear: LinearWeights, quantizer: UniformQuantizer, values: Matrix
    ) {
        let perChannel = try UniformCalibration.activations(
            bits: try BitWidth(bits), search: settings.rangeSearch
        )
        .quantizer(of: values, groups: .columns(width: 1), groupCount: values.columns, pool: pool)
        let folding = try ScaleReparameterization(perChannel)
        let folded = try folding.applied(
            to: NormalizedLinear(gamma: gamma, beta: beta, weight: linear.weight, bias: linear.bias))
        let moved = Matrix(rows: values.rows, columns: values.columns)
        folding.transform(values, into: moved)
        return (
            folded.gamma, folded.beta, LinearWeights(weight: folded.weight, bias: folded.bias),
            try refined(folding.perTensor, values: moved, weight: folded.weight), moved
        )
    }
}
