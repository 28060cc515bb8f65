internal import Checkpoints
internal import Kernels
internal import Quantization
internal import Reconstruction
package import Runs
internal import TensorCore
internal import VisionTransformers
internal import Vocabulary

/// What a sensitivity pass is to measure.
package struct SensitivityRequest: Equatable, Sendable {
    /// The widths of weight codes, each 2 through 8.
    package var weightBits: [Int]
    /// The widths of activation codes, each 2 through 8; none leaves activations out.
    package var activationBits: [Int]
    /// What harm is measured by.
    package var measure: SensitivityMeasure
    /// On how many calibration images harm is measured at most.
    package var images: Int

    package init(
        weightBits: [Int], activationBits: [Int], measure: SensitivityMeasure = .divergence, images: Int = 64
    ) {
        self.weightBits = weightBits
        self.activationBits = activationBits
        self.measure = measure
        self.images = images
    }
}

/// How many calibration images a sensitivity pass takes at most; ranges are searched on no more.
private let sensitivityCalibrationImages = 256

/// Measures what each width of each site does to a model when nothing else is quantized.
///
/// Every unit's input in full precision is computed once; a site costs a pass of its unit and, where divergence is
/// the measure, of those after it.
///
/// - Parameters:
///   - plan: The model, the images, the seed, and how sites are calibrated; its bits play no part.
///   - request: The widths.
///   - resources: Where the plan's references lead.
///   - threads: The number of threads that work; the result does not depend on it.
///   - kept: A table of an earlier measurement of the same plan, which is returned where it was made with the same
///     weights and images.
///   - progress: Called with an activity, how much of it is done and how much there is: while images run through the
///     full-precision model, and before each unit.
/// - Returns: The table.
/// - Throws: `RunFailure` with one sentence, `.badData` for a kept table that was made with others.
package func measureSensitivities(
    of plan: RunPlan, request: SensitivityRequest, resources: RunResources, threads: Int,
    kept: SensitivityTable? = nil, progress: @escaping (String, Int, Int) -> Void
) throws(RunFailure) -> SensitivityTable {
    do {
        let pool = WorkerPool(threads: threads)
        defer { pool.shutDown() }
        var resources = resources
        // Labels play no part.
        resources.evaluationPath = nil
        var measured = plan
        measured.calibrationImages = min(plan.calibrationImages, sensitivityCalibrationImages)
        measured.hyperparameters.views = 1
        let inputs = try RunInputs(plan: measured, resources: resources, heldOutImages: 0, pool: pool)
        try plan.checkMatches(of: inputs.checkpoint.model.summaries)
        let digests = try inputs.digests(for: measured)
        if let kept {
            let images = min(request.images, inputs.calibration.rows)
            guard kept.images == images else {
                throw RunFailure(
                    .usage,
                    "the kept sensitivities were measured on \(kept.images) images, not on \(images); give "
                        + "--sensitivities another file, or --images \(kept.images)")
            }
            let changes = inputs.changes(digests, since: kept.inputs, manifest: nil)
            guard changes.isEmpty else {
                throw RunFailure(
                    .badData,
                    "the kept sensitivities are out of date: \(changes.joined(separator: "; ")); give "
                        + "--sensitivities another file to measure again")
            }
            return kept
        }
        let lab = try QuantizationLab(inputs: inputs, plan: measured, pool: pool, progress: progress)
        return try SensitivityPass(lab: lab, plan: plan, inputs: digests, request: request)
            .table(progress: progress)
    } catch {
        throw failure(of: error)
    }
}

/// A sensitivity pass over a model.
private struct SensitivityPass {
    let lab: QuantizationLab
    let plan: RunPlan
    let inputs: PlanInputs
    let request: SensitivityRequest
    let images: Int
    /// `[images, classes]`: the logits of the model that is quantized, in full precision.
    let logits: Matrix

    init(lab: QuantizationLab, plan: RunPlan, inputs: PlanInputs, request: SensitivityRequest) {
        self.lab = lab
        self.plan = plan
        self.inputs = inputs
        self.request = request
        images = min(request.images, lab.calibration.images.rows)
        logits =
            lab.isRefitted
            ? outputs(of: lab.fullPrecision, on: lab.calibration.images, pool: lab.pool)
            : lab.calibration.logits
    }

    func table(progress: (String, Int, Int) -> Void) throws -> SensitivityTable {
        var input = lab.calibration.images
        var sites: [SiteSensitivity] = []
        var products: [ProductShape] = []
        var fixedBytes = 0
        for (index, unit) in lab.units.enumerated() {
            progress(unit.name, index, lab.units.count)
            sites += try sensitivities(of: index, input: input)
            products += unit.productShapes
            // Calibration may give a layer a bias that has none.
            fixedBytes += lab.weights[index].vectors.reduce(0) { $0 + 4 * $1.count }
            fixedBytes += unit.linears.reduce(0) { $0 + 4 * $1.outputs }
            // The scales and zero points of activations, at their largest.
            fixedBytes += unit.sites.reduce(0) { $0 + 8 * $1.groupCount }
            if index < lab.units.count - 1 {
                input = outputs(of: [lab.fullPrecision[index]], on: input, pool: lab.pool)
            }
        }
        return SensitivityTable(
            plan: SensitivityTable.key(of: plan), inputs: inputs, measure: request.measure, images: images,
            sites: sites, products: products, fixedBytes: fixedBytes)
    }

    private func sensitivities(of index: Int, input: Matrix) throws -> [SiteSensitivity] {
        let unit = lab.units[index]
        let hyperparameters = try plan.hyperparameters(of: unit.name)
        let probe = SiteProbe(
            unit, weights: lab.weights[index], fullPrecision: lab.fullPrecision[index], input: input,
            settings: CalibrationSettings(hyperparameters, weightBits: [], activationBits: []), pool: lab.pool
        )
        let rows = input.rows(0..<images * unit.input.rows)
        let exact = outputs(of: [lab.fullPrecision[index]], on: rows, pool: lab.pool)
        var result: [SiteSensitivity] = []
        for (place, layer) in unit.linears.enumerated() {
            let inputBits = layer.inputSite.map {
                plan.bits(of: unit.sites[$0].name, otherwise: hyperparameters.activationBits)
            }
            result.append(
                try sensitivity(
                    of: "\(layer.name).weight", in: unit, weights: layer.inputs * layer.outputs,
                    widths: request.weightBits
                ) { bits in
                    let probed = try probe.unit(weight: place, bits: bits, inputBits: inputBits ?? 16)
                    return (
                        probed.linears[place].quantizer.parameterBytes,
                        harm(of: probed, index: index, input: rows, exact: exact)
                    )
                })
        }
        for (place, site) in unit.sites.enumerated() {
            result.append(
                try sensitivity(of: site.name, in: unit, weights: nil, widths: request.activationBits) {
                    bits in
                    let probed = try probe.unit(site: place, bits: bits)
                    return (0, harm(of: probed, index: index, input: rows, exact: exact))
                })
        }
        return result
    }

    private func sensitivity(
        of site: String, in unit: any ModelUnit, weights: Int?, widths: [Int],
        measured: (Int) throws -> (bytes: Int, harm: Double)
    ) throws -> SiteSensitivity {
        var result = SiteSensitivity(
            site: site, unit: unit.name, weights: weights, parameterBytes: 0, widths: [])
        for bits in widths.sorted() where bits < 16 {
            let (bytes, harm) = try measured(bits)
            result.parameterBytes = max(result.parameterBytes, bytes)
            result.widths.append(SiteSensitivity.Width(bits: bits, harm: harm))
        }
        return result
    }

    private func harm(of unit: QuantizedUnit, index: Int, input: Matrix, exact: Matrix) -> Double {
        let prepared = unit.prepared(for: lab.units[index])
        switch request.measure {
        case .divergence:
            let changed = outputs(
                of: [prepared] + lab.fullPrecision[(index + 1)...], on: input, pool: lab.pool)
            return divergence(of: changed, from: logits.rows(0..<images))
        case .unitOutput:
            let output = outputs(of: [prepared], on: input, pool: lab.pool)
            return squaredDistance(output, exact) / max(squaredNorm(exact), .leastNormalMagnitude)
        }
    }
}
