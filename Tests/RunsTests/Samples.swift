import Runs

/// Values with every field set, numbers that are hard to write among them.
enum Samples {
    static let evaluation = Evaluation(
        images: 1000, top1: 88.8, top5: nil, agreement: 0.1 + 0.2, kl: .leastNonzeroMagnitude, sqnrDb: -12.5)
    static let changes = [
        HyperparameterChange(key: "weight_bits", value: "3"),
        HyperparameterChange(key: "rounding", value: "ste"),
    ]
    static let attempt = AttemptReport(
        unit: 2, name: "blocks.1", attempt: 3, hyperparameters: changes, calibratedLoss: 1e300,
        finalLoss: 1e-7,
        calibratedKl: 0.25, finalKl: 0, reverted: true, seconds: 12.0625, bytes: 123_456)
    static let report = RunReport(
        fullPrecision: evaluation, calibrated: nil, final: evaluation, units: [attempt],
        fullPrecisionBytes: 4_800_000,
        bytes: 700_000, seconds: 91.5)
    static let summary = RunSummary(
        model: "a \"quoted\" \\ name\nwith\tönë 🙂 \u{1}", architecture: "ViT", preset: .glf,
        units: [UnitSummary(name: "stem", parameters: 7, sites: ["stem.weight", "stem.input"])],
        weightBits: [4, 8],
        activationBits: [], fullPrecisionBytes: 28, calibrationImages: 512, evaluationImages: 0, threads: 2,
        directory: nil)
    static let step = StepSample(
        unit: 0, attempt: 1, step: 5, steps: 600, loss: 3.5,
        terms: TermValues(block: 1, global: nil, local: 2.5),
        weighted: TermValues(block: 1e-3), gradientNorms: TermValues(global: 2))
    static let site = SiteReport(
        site: "blocks.0.attn.softmax", bits: 4, quantizer: "log√2 per head", sqnrDb: nil)

    static let events: [RunEvent] = [
        .started(summary), .progressed(activity: "calibrating", done: 1, total: 8),
        .evaluated(.fullPrecision, evaluation), .evaluated(.calibrated, evaluation),
        .evaluated(.prefix(unit: 3), evaluation), .evaluated(.final, evaluation),
        .unitStarted(unit: 1, attempt: 2, hyperparameters: changes),
        .unitCalibrated(unit: 1, attempt: 2, sites: [site]), .stepped(step), .unitFinished(attempt),
        .pauseQueued,
        .waiting(unit: 4), .resumed(unit: 4), .changed(fromUnit: 4, changes: changes),
        .sweepStarted(points: 25),
        .sweepMeasured(SweepPoint(weightBits: 2, activationBits: 8, bytes: 99, evaluation: evaluation)),
        .sweepFinished(complete: false), .exported(format: .packed, path: "/out.safetensors", bytes: 5),
        .warning("careful"), .finished(report), .stopped(unitsDone: 2),
        .failed(RunFailure(.inputOutput, "the disk is full")),
    ]

    static let commands: [RunCommand] = [
        .pause, .resume, .step, .change(changes), .finishUnit, .sweep(SweepRequest()), .stopSweep,
        .export(.recipe, path: "recipe.yaml"), .stop,
    ]
}
