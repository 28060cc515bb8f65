internal import Vocabulary
package import Runs

/// A run of a small model as the engine would report it: the same events every time.
package struct SampleRun {
    /// The names of the units.
    package let unitNames: [String]
    /// The steps of each unit.
    package let steps: Int
    /// Whether the evaluation images have labels.
    package let isLabelled: Bool

    package init(blocks: Int = 6, steps: Int = 600, isLabelled: Bool = true) {
        unitNames = ["stem"] + (0..<blocks).map { "blocks.\($0)" } + ["head"]
        self.steps = steps
        self.isLabelled = isLabelled
    }

    /// Makes a run of a small Swin.
    package init(swin: Bool) {
        unitNames =
            swin
            ? [
                "stem", "layers.0.blocks.0", "layers.0.blocks.1", "layers.0.downsample", "layers.1.blocks.0",
                "head",
            ]
            : ["stem", "head"]
        (steps, isLabelled) = (600, true)
    }

    /// The plan, with explicit values, so that frames do not change when a default does.
    package var plan: RunPlan {
        var plan = RunPlan(model: "sample:fashion-vit")
        plan.hyperparameters.steps = steps
        plan.hyperparameters.weightLearningRate = 1e-4
        return plan
    }

    /// A file that was written and read back; a small one is a recipe.
    package static func written(_ bytes: Int) -> ExportResult {
        ExportResult(
            bytes: bytes,
            verification: bytes > 100_000
                ? ExportVerification(codes: 1_189_632, images: 8) : ExportVerification(codes: 0, images: 0))
    }

    package var summary: RunSummary {
        RunSummary(
            model: "sample:fashion-vit", architecture: "ViT, 6 blocks of width 128, 4 heads, 4 × 4 patches",
            preset: .mgrq,
            units: unitNames.map {
                UnitSummary(
                    name: $0, parameters: $0.hasPrefix("blocks") ? 198_272 : 7_936, sites: sites(of: $0))
            },
            weightBits: unitNames.map { _ in 4 }, activationBits: unitNames.map { _ in 4 },
            fullPrecisionBytes: 4_831_016, calibrationImages: 512, evaluationImages: isLabelled ? 1000 : 512,
            threads: 2, directory: "runs/fashion-vit-w4a4")
    }

    package func evaluation(top1: Double, kl: Double) -> Evaluation {
        Evaluation(
            images: isLabelled ? 1000 : 512, top1: isLabelled ? top1 : nil, top5: isLabelled ? 99.7 : nil,
            agreement: 100 - kl * 90, kl: kl, sqnrDb: kl > 0 ? 24 - kl * 100 : nil)
    }

    /// From the start to the first unit.
    package var opening: [RunEvent] {
        [
            .started(summary), .progressed(activity: "running the full-precision model", done: 0, total: 1),
            .evaluated(.fullPrecision, evaluation(top1: 91.6, kl: 0)),
            .progressed(activity: "calibrating", done: 3, total: unitNames.count),
            .evaluated(.calibrated, evaluation(top1: 86.1, kl: 0.114)),
            .heldOutMeasured(
                HeldOutBaseline(
                    source: .evaluation, fullPrecision: evaluation(top1: 91.6, kl: 0),
                    calibrated: unitNames.indices.map { heldOut($0, lossPerUnit: 0.7) },
                    roundedToNearest: unitNames.indices.map { heldOut($0, lossPerUnit: 1.1) })),
        ]
    }

    /// The held-out evaluation through a unit.
    package func heldOut(_ unit: Int, lossPerUnit: Double) -> Evaluation {
        let loss = Double(unit + 1) * lossPerUnit
        return evaluation(top1: 91.6 - loss, kl: loss * 0.02)
    }

    /// Another attempt at a unit, from start to end, with a higher loss.
    package func redo(_ unit: Int, attempt: Int, steps other: Int) -> [RunEvent] {
        var used = plan.hyperparameters
        used.steps = other
        let changes = Hyperparameters().changes(to: used)
        var report = report(unit)
        (report.attempt, report.hyperparameters) = (attempt, changes)
        report.finalLoss *= 1.2
        report.finalKl *= 0.9
        // Three of four images come nearer to full precision.
        let kl = (report.heldOutKl ?? []).enumerated().map { $1 * ($0 / 16 % 4 == 0 ? 1.1 : 0.85) }
        report.heldOutKl = kl
        report.heldOut?.kl = kl.reduce(0) { $0 + Double($1) } / Double(kl.count)
        report.seconds *= Double(other) / Double(steps)
        let samples: [RunEvent] = stride(from: 1, through: other, by: 5).map {
            var sample = sample(unit: unit, step: $0)
            (sample.attempt, sample.steps) = (attempt, other)
            sample.terms.block = sample.terms.block.map { $0 * 1.2 }
            return .stepped(sample)
        }
        return [
            .redoStarted(
                units: [unit], changes: [HyperparameterChange(key: "steps", value: String(other))], sites: []),
            .unitStarted(unit: unit, attempt: attempt, hyperparameters: changes),
            .unitCalibrated(
                unit: unit, attempt: attempt, sites: siteReports(of: unit), loss: report.calibratedLoss),
        ] + samples + [.unitFinished(report)]
    }

    /// The inspection of a site, with an attention map if it is a softmax.
    package func inspection(_ request: SiteRequest, unit: Int) -> SiteInspection {
        let isMap = request.site.hasSuffix("softmax")
        let counts = (0..<Histogram.bins).map { 4000 / (1 + abs($0 - 30) * abs($0 - 30)) }
        let side = 24
        let map = (0..<side * side).map { Float(1) / Float(1 + abs($0 / side - $0 % side)) }
        return SiteInspection(
            request: request, unit: unit, attempt: 1, isWeight: request.site.hasSuffix("weight"), bits: 4,
            quantizer: isMap ? "log√2 per head" : "uniform per channel", groupCount: isMap ? 4 : 96,
            histogram: Histogram(lower: -0.41, upper: 0.52, counts: counts), levelsOfGroup: 7,
            levels: (0..<16).map { -0.4 + Float($0) * 0.06 }, clippedShare: 0.0042, sqnrDb: 19.6,
            channels: ChannelRanges(
                channels: 96, perEntry: 1, minima: (0..<96).map { -0.2 - Float($0 % 7) * 0.03 },
                maxima: (0..<96).map { 0.2 + Float($0 % 11) * 0.03 }),
            attention: isMap
                ? AttentionPair(
                    heads: 4, tokens: 50, rows: side, columns: side, fullPrecision: map,
                    quantized: map.map { $0 > 0.2 ? $0 : 0 })
                : nil)
    }

    /// A page of images: gradients in two directions.
    package func page(_ request: ImageRequest) -> ImagePage {
        let images = (request.offset..<request.offset + request.count).map { index in
            ImagePrediction(
                index: index, label: index % 10, height: 28, width: 28,
                pixels: (0..<28 * 28).flatMap { pixel -> [UInt8] in
                    [UInt8(pixel % 28 * 9), UInt8(pixel / 28 * 9), UInt8(index * 20 % 256)]
                },
                fullPrecision: ImagePrediction.Guess(label: index % 10, probability: 0.93),
                quantized: ImagePrediction.Guess(
                    label: index < 3 ? (index + 4) % 10 : index % 10, probability: 0.71))
        }
        return ImagePage(request: request, total: 1000, differing: 3, unitsDone: 4, images: images)
    }

    /// A unit from its start through a step, or through its end.
    package func unit(_ unit: Int, through last: Int? = nil, reverted: Bool = false) -> [RunEvent] {
        var events: [RunEvent] = [
            .unitStarted(
                unit: unit, attempt: 1,
                hyperparameters: Hyperparameters().changes(to: plan.hyperparameters)),
            .unitCalibrated(
                unit: unit, attempt: 1, sites: siteReports(of: unit), loss: report(unit).calibratedLoss),
        ]
        events += stride(from: 1, through: last ?? steps, by: 5).map {
            .stepped(sample(unit: unit, step: $0))
        }
        if last == nil {
            events.append(.unitFinished(report(unit, reverted: reverted)))
        }
        return events
    }

    /// An attempt at a unit whose block loss is that of the calibrated unit times a ratio, which depends on the share of
    /// the steps.
    package func learning(
        _ unit: Int, attempt: Int = 1, steps: Int, isFinished: Bool, ratio: (Double) -> Double
    ) -> [RunEvent] {
        var used = plan.hyperparameters
        used.steps = steps
        let changes = Hyperparameters().changes(to: used)
        var report = report(unit)
        (report.attempt, report.hyperparameters) = (attempt, changes)
        let calibrated = report.calibratedLoss
        report.finalLoss = calibrated * ratio(1)
        let samples: [RunEvent] = (1...steps).map { step in
            var sample = sample(unit: unit, step: max(1, step * self.steps / steps))
            (sample.attempt, sample.step, sample.steps) = (attempt, step, steps)
            // A small wobble that depends on nothing but the step.
            let wobble = 1 + 0.04 * (Double(step * 7919 % 101) / 100 - 0.5)
            sample.terms.block = calibrated * ratio(Double(step) / Double(steps)) * wobble
            return .stepped(sample)
        }
        return [
            .unitStarted(unit: unit, attempt: attempt, hyperparameters: changes),
            .unitCalibrated(
                unit: unit, attempt: attempt, sites: siteReports(of: unit), loss: calibrated),
        ] + samples + (isFinished ? [.unitFinished(report)] : [])
    }

    /// The events after the last unit.
    package var ending: [RunEvent] {
        let final = evaluation(top1: 90.9, kl: 0.0213)
        return [
            .evaluated(.final, final),
            .finished(
                RunReport(
                    fullPrecision: evaluation(top1: 91.6, kl: 0),
                    calibrated: evaluation(top1: 86.1, kl: 0.114),
                    final: final, units: unitNames.indices.map { report($0) }, fullPrecisionBytes: 4_831_016,
                    bytes: 662_412, seconds: 171.4)),
        ]
    }

    /// Everything, from the start to the last event.
    package var whole: [RunEvent] { opening + unitNames.indices.flatMap { unit($0) } + ending }

    /// A sweep of some of the points.
    package func sweep(points: Int) -> [RunEvent] {
        let request = SweepRequest()
        var events: [RunEvent] = [.sweepStarted(points: request.points.count)]
        events += request.points.prefix(points).map {
            .sweepMeasured(point($0.weightBits, $0.activationBits))
        }
        if points >= request.points.count {
            events.append(.sweepFinished(complete: true))
        }
        return events
    }

    /// A sweep's point; more bits cost more and lose less.
    package func point(_ weightBits: Int, _ activationBits: Int) -> SweepPoint {
        let loss = 1.0 / Double(weightBits * weightBits) + 1.6 / Double(activationBits * activationBits)
        return SweepPoint(
            weightBits: weightBits, activationBits: activationBits,
            bytes: 150_000 + 4_831_016 * weightBits / 32,
            evaluation: evaluation(top1: 91.6 - loss * 60, kl: loss * 0.8))
    }

    private func sites(of unit: String) -> [String] {
        unit.hasPrefix("blocks")
            ? ["attn.qkv.weight", "attn.qkv.input", "attn.softmax", "mlp.fc1.weight", "mlp.fc2.input"].map {
                "\(unit).\($0)"
            }
            : ["\(unit).weight", "\(unit).input"]
    }

    private func siteReports(of unit: Int) -> [SiteReport] {
        sites(of: unitNames[unit]).enumerated().map { index, name in
            SiteReport(site: name, bits: 4, quantizer: "uniform per channel", sqnrDb: 17.5 + Double(index))
        }
    }

    package func report(_ unit: Int, reverted: Bool = false) -> AttemptReport {
        let calibrated = 1.2e-3 * Double(unit + 2)
        let heldOut = heldOut(unit, lossPerUnit: 0.08)
        return AttemptReport(
            unit: unit, name: unitNames[unit], attempt: 1,
            hyperparameters: Hyperparameters().changes(to: plan.hyperparameters),
            prefix: Array(repeating: 1, count: unit), calibratedLoss: calibrated,
            finalLoss: reverted ? calibrated : calibrated * 0.34, calibratedKl: 0.004 * Double(unit + 1),
            finalKl: 0.0025 * Double(unit + 1), heldOut: heldOut,
            // A few images make most of the mean, as they do in a model.
            heldOutKl: (0..<heldOut.images).map { Float(heldOut.kl) * ($0 % 16 == 0 ? 9 : 7.0 / 15) },
            reverted: reverted,
            diagnosis: reverted
                ? RevertDiagnosis(
                    cause: .rose, step: 4,
                    blamed: HyperparameterChange(key: "weight_learning_rate", value: "0.03"),
                    suggested: HyperparameterChange(key: "weight_learning_rate", value: "0.003"), seconds: 15)
                : nil,
            seconds: 18.3 + Double(unit),
            bytes: unitNames[unit].hasPrefix("blocks") ? 104_000 : 19_000)
    }

    private func sample(unit: Int, step: Int) -> StepSample {
        let done = Double(step) / Double(steps)
        // A small wobble that depends on nothing but the step.
        let wobble = 1 + 0.25 * (Double((step * 7919 + unit * 104_729) % 101) / 100 - 0.5)
        let fall = 1 / (1 + 9 * done)
        let block = 1.2e-3 * Double(unit + 2) * fall * wobble
        let weighted = Terms(
            block: 2 * fall * wobble, global: 1 / (1 + 3 * done) * (2 - wobble), local: 0.5 / (1 + 5 * done))
        let isProbed = (step - 1) % 50 == 0
        return StepSample(
            unit: unit, attempt: 1, step: step, steps: steps,
            loss: (weighted.block ?? 0) + (weighted.global ?? 0) + (weighted.local ?? 0),
            terms: Terms(block: block, global: 0.01 * fall, local: 0.2 * fall), weighted: weighted,
            gradientNorms: isProbed
                ? Terms(block: 0.8 * fall, global: 1.1 * fall * wobble, local: 0.2) : nil,
            gradientCosines: isProbed
                ? GradientCosines([
                    TermPair(.block, .global): 0.9 - done, TermPair(.block, .local): 0.4 * fall,
                    TermPair(.global, .local): 0.3 - done,
                ])
                : nil,
            operatorLosses: isProbed
                ? ["qkv", "q·kᵀ", "attn·v", "proj", "fc1", "fc2"].enumerated().map {
                    OperatorLoss(name: $1, loss: 0.02 * Double($0 + 1) * fall)
                } : nil)
    }
}
