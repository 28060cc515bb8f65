import Runs
import Vocabulary

/// Values with every field set, including numbers that are hard to write.
///
/// Every event and command has a sample, which `EventsDocumentTests` compares with docs/events.md.
enum Samples {
    static let evaluation = Evaluation(
        images: 1000, top1: 88.8, top5: nil, agreement: 0.1 + 0.2, kl: .leastNonzeroMagnitude, sqnrDb: -12.5)
    static let changes = [
        HyperparameterChange(key: "weight_bits", value: "3"),
        HyperparameterChange(key: "rounding", value: "ste"),
    ]
    static let digest = String(repeating: "0123456789abcdef", count: 4)
    static let inputs = PlanInputs(
        request: digest, weights: digest, model: digest, calibration: digest, evaluation: nil,
        heldOut: 0, arithmetic: .fused)
    static let attempt = AttemptReport(
        unit: 2, name: "blocks.1", attempt: 3, hyperparameters: changes, sites: sites, prefix: [1, 2],
        calibratedLoss: 1e300, finalLoss: 1e-7, calibratedKl: 0.25, finalKl: 0, heldOut: evaluation,
        heldOutKl: [0, 0.1, 1.5e-38], heldOutNoiseFloor: NoiseFloor(kl: 1e-7, changed: 1), reverted: true,
        diagnosis: RevertDiagnosis(
            cause: .notFinite, step: 7, blamed: changes[0], suggested: changes[0], seconds: 1.5),
        ending: .finishedEarly, seconds: 12.0625, bytes: 123_456, sha256: digest)
    static let sites = [SiteOverride(match: "blocks.*.softmax", bits: 8)]
    static let heldOut = HeldOutBaseline(
        source: .calibration, fullPrecision: evaluation, calibrated: [evaluation, evaluation])
    static let report = RunReport(
        fullPrecision: evaluation, calibrated: nil, final: evaluation,
        noiseFloor: NoiseFloor(kl: 1.5e-7, changed: 0.25), units: [attempt], stale: [1],
        heldOut: heldOut,
        fullPrecisionBytes: 4_800_000,
        bytes: 700_000, seconds: 91.5, processorSeconds: 170.25)
    static let summary = RunSummary(
        model: "a \"quoted\" \\ name\nwith\tönë 🙂 \u{1}", architecture: "ViT", preset: .glf,
        units: [UnitSummary(name: "stem", parameters: 7, sites: ["stem.weight", "stem.input"])],
        weightBits: [4, 8],
        activationBits: [], fullPrecisionBytes: 28, calibrationImages: 512, evaluationImages: 0, threads: 2,
        directory: nil, classNames: ["a", "b"], plan: "schema: 1\nmodel: m\n")
    static let step = StepSample(
        unit: 0, attempt: 1, step: 5, steps: 600, loss: 3.5,
        terms: Terms(block: 1, global: nil, local: 2.5),
        weighted: Terms(block: 1e-3), gradientNorms: Terms(global: 2))
    static let site = SiteReport(
        site: "blocks.0.attn.softmax", bits: 4, quantizer: "log√2 per head", sqnrDb: nil)

    static let siteRequest = SiteRequest(site: "blocks.0.attn.softmax", group: 1, image: 3, head: 1)
    static let siteInspection = SiteInspection(
        request: siteRequest, unit: 1, attempt: nil, isWeight: false, bits: 4, quantizer: "log√2 per head",
        groupCount: 2, histogram: Histogram(lower: 0, upper: 1, counts: [3, 0, 1]), levelsOfGroup: 1,
        levels: [0, 0.5, 1], clippedShare: 0.01, sqnrDb: nil,
        channels: ChannelRanges(channels: 5, perEntry: 2, minima: [0, 0, 0], maxima: [1, 0.5, 0.25]),
        attention: AttentionPair(
            heads: 2, tokens: 2, rows: 1, columns: 1, fullPrecision: [0.5], quantized: [0.25]))
    static let imagePage = ImagePage(
        request: ImageRequest(images: .evaluation, offset: 24), total: 512, differing: 3, unitsDone: 4,
        images: [
            ImagePrediction(
                index: 7, label: nil, height: 1, width: 1, pixels: [0, 128, 255],
                fullPrecision: ImagePrediction.Guess(label: 3, probability: 0.75),
                quantized: ImagePrediction.Guess(label: 2, probability: 0.5))
        ])

    static let events: [RunEvent] = [
        .started(summary), .progressed(activity: "calibrating", done: 1, total: 8),
        .inputsAccepted(changes: ["the weights have changed"], inputs: inputs),
        .evaluated(.fullPrecision, evaluation), .evaluated(.calibrated, evaluation),
        .evaluated(.prefix(unit: 3), evaluation), .evaluated(.final, evaluation),
        .unitStarted(unit: 1, attempt: 2, hyperparameters: changes),
        .unitCalibrated(unit: 1, attempt: 2, sites: [site], loss: 0.25), .stepped(step),
        .rateLowered(unit: 1, attempt: 2, step: 20, restoredStep: 10, ratio: 1.5, factor: 0.1),
        .steppedBack(unit: 1, attempt: 2, share: 0.5), .unitFinished(attempt), .pauseQueued,
        .waiting(unit: 4), .resumed(unit: 4),
        .changed(units: [4, 5], changes: changes, sites: sites),
        .continued(unitsDone: 3), .heldOutMeasured(heldOut),
        .redoStarted(units: [1], changes: changes, sites: sites), .attemptChosen(unit: 1, attempt: 2),
        .rolledBack(unit: 2), .undone(.rollBack, chosen: [1, 3]), .staleChanged(units: [2, 3]),
        .siteInspected(siteInspection), .imagesInspected(imagePage),
        .sweepStarted(points: 25),
        .sweepMeasured(SweepPoint(weightBits: 2, activationBits: 8, bytes: 99, evaluation: evaluation)),
        .sweepFinished(complete: false),
        .exported(
            format: .packed, path: "/out.safetensors",
            ExportResult(bytes: 5, verification: ExportVerification(codes: 1_189_632, images: 8))),
        .warning("careful"), .finished(report), .stopped(unitsDone: 2),
        .failed(RunFailure(.inputOutput, "the disk is full")),
    ]

    static let commands: [RunCommand] = [
        .pause, .resume, .step, .change(changes), .change(unit: 3, [], sites: sites),
        .redo(unit: 1, changes: changes, sites: sites), .redoStale, .choose(unit: 2, attempt: 1),
        .rollBack(unit: 0), .undo, .evaluate, .measureBaselines, .inspectSite(siteRequest),
        .inspectImages(ImageRequest(images: .calibration, offset: 5, count: 6)), .cancelAttempt,
        .finishUnit, .sweep(SweepRequest()), .sweep(SweepRequest(steps: 20, images: .heldOut, count: 64)),
        .stopSweep,
        .export(.recipe, path: "recipe.yaml"), .stop,
    ]
}
