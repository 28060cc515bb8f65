public import Runs

/// A run, as far as its events have told of it; nothing here is assumed.
public struct RunProgress: Equatable, Sendable {
    /// What the run is doing.
    public enum Phase: Equatable, Sendable {
        /// Work before the first unit: what, how much is done, of how much.
        case preparing(activity: String, done: Int, total: Int)
        /// Units are quantized.
        case running
        /// It waits at the gate before this unit.
        case waiting(unit: Int)
        /// Every unit is done and the whole is evaluated.
        case evaluating
        /// It ended well.
        case finished(RunReport)
        /// The user ended it.
        case stopped(unitsDone: Int)
        /// It ended for this reason.
        case failed(RunFailure)
    }

    /// What was asked for.
    public let plan: RunPlan
    /// What the engine said at the start.
    public private(set) var summary: RunSummary?
    /// What the run is doing.
    public private(set) var phase = Phase.preparing(activity: "starting", done: 0, total: 0)
    /// The units in order.
    public private(set) var units: [UnitProgress] = []
    /// The unit in work, or the last one that was.
    public private(set) var currentUnit: Int?
    /// The evaluation of the checkpoint.
    public private(set) var fullPrecision: Evaluation?
    /// The evaluation with every unit calibrated.
    public private(set) var calibrated: Evaluation?
    /// The bits of the units when they were all calibrated.
    private(set) var calibratedBits: [BitsPair] = []
    /// The latest evaluation of finished units in front of full-precision ones.
    public private(set) var current: Evaluation?
    /// The evaluation of the result.
    public private(set) var final: Evaluation?
    /// The last sweep.
    public private(set) var sweep: SweepProgress?
    /// Whether the run will wait at the next gate.
    ///
    /// Set with the wish, too, since the engine hears of it only between steps.
    public var isPauseQueued = false
    /// When it was asked for.
    public let startedAt: Double
    /// When its last event came.
    public private(set) var endedAt: Double?
    /// How long it has waited at gates that it has left, sweeps included.
    public private(set) var waited = 0.0
    private var waitingSince: Double?
    /// When the unit in work began.
    public private(set) var unitStartedAt: Double?

    init(plan: RunPlan, startedAt: Double) {
        self.plan = plan
        self.startedAt = startedAt
    }

    /// Whether its last event has come.
    public var hasEnded: Bool { endedAt != nil }

    /// The unit before which the run waits; equal to the number of units at the end.
    public var gate: Int? {
        if case .waiting(let unit) = phase { return unit }
        return nil
    }

    /// Whether a sweep is being measured.
    public var isSweeping: Bool { sweep?.isRunning ?? false }

    /// The report, once the run has ended well.
    public var report: RunReport? {
        if case .finished(let report) = phase { return report }
        return nil
    }

    /// The first unit that a change of hyperparameters would apply to.
    public var firstComingUnit: Int {
        if let gate { return gate }
        return units.firstIndex { !$0.isFinished && !$0.isInWork } ?? units.count
    }

    /// The bits of the units, in order.
    var bits: [BitsPair] {
        units.map {
            BitsPair(
                weightBits: $0.hyperparameters.weightBits, activationBits: $0.hyperparameters.activationBits)
        }
    }

    /// The bits as people write them; those of the plan before the units are known.
    var bitsLabel: String {
        BitsText.label(units.isEmpty ? [plan.hyperparameters] : units.map(\.hyperparameters))
    }

    /// What the calibrated evaluation was measured with, once the units have other bits; nil until then.
    var formerBitsLabel: String? {
        guard calibrated != nil, !calibratedBits.isEmpty, calibratedBits != bits else { return nil }
        return BitsText.label(calibratedBits)
    }

    /// The time since the start, up to the end.
    func elapsed(at now: Double) -> Double { max(0, (endedAt ?? now) - startedAt) }

    /// How long the units that are left will take, judged by those that are done.
    ///
    /// - Returns: Seconds; nil where there is nothing to judge by.
    func remaining(at now: Double) -> Double? {
        guard !hasEnded, !units.isEmpty else { return nil }
        let done = units.compactMap { $0.report?.seconds }
        let left = units.reduce(0.0) { $0 + 1 - $1.fraction }
        if !done.isEmpty {
            return left * done.reduce(0, +) / Double(done.count)
        }
        guard let currentUnit, let unitStartedAt, units[currentUnit].fraction > 0.02 else { return nil }
        return left * max(0, now - unitStartedAt) / units[currentUnit].fraction
    }
}

extension RunProgress {
    /// Takes note of an event.
    mutating func apply(_ event: RunEvent, at now: Double) {
        switch event {
        case .started(let summary): begin(summary)
        case .progressed(let activity, let done, let total):
            if case .preparing = phase { phase = .preparing(activity: activity, done: done, total: total) }
        case .evaluated(let subject, let evaluation): note(evaluation, of: subject)
        case .unitStarted(let unit, let attempt, let changes):
            beginUnit(unit, attempt: attempt, changes: changes, at: now)
        case .unitCalibrated(let unit, _, let sites): withUnit(unit) { $0.sites = sites }
        case .stepped(let sample): withUnit(sample.unit) { $0.take(sample) }
        case .unitFinished(let report): finishUnit(report)
        case .pauseQueued: isPauseQueued = true
        case .waiting(let unit):
            (phase, isPauseQueued) = (.waiting(unit: unit), false)
            waitingSince = waitingSince ?? now
        case .resumed(let unit):
            phase = unit < units.count ? .running : .evaluating
            leaveGate(at: now)
        case .changed(let units, let changes, _): change(units, changes)
        case .continued: phase = .running
        case .sweepStarted(let points):
            sweep = SweepProgress(expected: points, fullPrecisionBytes: summary?.fullPrecisionBytes ?? 0)
        case .sweepMeasured(let point): sweep?.points.append(point)
        case .sweepFinished: sweep?.isRunning = false
        case .heldOutMeasured, .redoStarted, .attemptChosen, .rolledBack, .undone, .staleChanged: break
        case .siteInspected, .imagesInspected, .exported, .warning: break
        case .finished(let report): end(.finished(report), at: now)
        case .stopped(let units): end(.stopped(unitsDone: units), at: now)
        case .failed(let failure): end(.failed(failure), at: now)
        }
    }

    /// The run could not be started.
    mutating func refuse(_ failure: RunFailure, at now: Double) { end(.failed(failure), at: now) }

    private mutating func begin(_ summary: RunSummary) {
        self.summary = summary
        currentUnit = nil
        phase = .preparing(activity: "preparing", done: 0, total: 0)
        units = summary.units.enumerated().map { index, unit in
            var hyperparameters = plan.hyperparameters
            // The engine has checked the overrides; what it says of the bits counts in any case.
            if let overridden = try? plan.hyperparameters(of: unit.name) { hyperparameters = overridden }
            if summary.weightBits.indices.contains(index) {
                hyperparameters.weightBits = summary.weightBits[index]
            }
            if summary.activationBits.indices.contains(index) {
                hyperparameters.activationBits = summary.activationBits[index]
            }
            return UnitProgress(unit, hyperparameters: hyperparameters)
        }
    }

    private mutating func note(_ evaluation: Evaluation, of subject: EvaluationSubject) {
        switch subject {
        case .fullPrecision: fullPrecision = evaluation
        case .calibrated: (calibrated, calibratedBits) = (evaluation, bits)
        case .prefix: current = evaluation
        case .final: final = evaluation
        }
    }

    private mutating func beginUnit(
        _ unit: Int, attempt: Int, changes: [HyperparameterChange], at now: Double
    ) {
        phase = .running
        guard units.indices.contains(unit) else { return }
        currentUnit = unit
        unitStartedAt = now
        units[unit].begin(attempt: attempt)
        var used = Hyperparameters()
        // Only a defect of the engine could make these changes wrong; then the known values stay.
        if (try? used.apply(changes)) != nil { units[unit].hyperparameters = used }
    }

    private mutating func finishUnit(_ report: AttemptReport) {
        withUnit(report.unit) { $0.finish(report) }
        if units.allSatisfy(\.isFinished) { phase = .evaluating }
    }

    private mutating func change(_ changed: [Int], _ changes: [HyperparameterChange]) {
        for index in changed where units.indices.contains(index) {
            // What the engine took is right for every unit; a value that it could not take changes nothing.
            _ = try? units[index].hyperparameters.apply(changes)
        }
    }

    private mutating func leaveGate(at now: Double) {
        waited += waitingSince.map { max(0, now - $0) } ?? 0
        waitingSince = nil
    }

    private mutating func end(_ phase: Phase, at now: Double) {
        leaveGate(at: now)
        self.phase = phase
        endedAt = now
        isPauseQueued = false
        sweep?.isRunning = false
        if case .finished(let report) = phase {
            fullPrecision = report.fullPrecision ?? fullPrecision
            calibrated = report.calibrated ?? calibrated
            final = report.final ?? final
        }
    }

    private mutating func withUnit(_ index: Int, _ body: (inout UnitProgress) -> Void) {
        guard units.indices.contains(index) else { return }
        body(&units[index])
    }
}
