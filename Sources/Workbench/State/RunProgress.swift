internal import RunText
package import Runs
internal import Vocabulary

/// The state of a run according to its events.
package struct RunProgress: Equatable, Sendable {
    package enum Phase: Equatable, Sendable {
        /// Work before the first unit: what, and how much of it is done.
        case preparing(activity: String, done: Int, total: Int)
        case running
        /// The run waits at the gate before a unit.
        case waiting(unit: Int)
        /// Every unit is done and the model is being evaluated.
        case evaluating
        case finished(RunReport)
        case stopped(unitsDone: Int)
        case failed(RunFailure)
    }

    /// The plan at the start.
    package internal(set) var plan: RunPlan
    package internal(set) var summary: RunSummary?
    package internal(set) var phase = Phase.preparing(activity: "starting", done: 0, total: 0)
    /// Whether it is resumed, and has not come to a unit or a gate yet.
    var isBeingResumed = false
    package internal(set) var units: [UnitProgress] = []
    /// The attempts, the chosen ones, and what can be undone; nil before the units are known.
    package internal(set) var ledger: RunLedger?
    /// The measurements of held-out images before any learning.
    package internal(set) var heldOut: HeldOutBaseline?
    /// Whether the engine was asked to measure them soon.
    var hasAskedForBaselines = false
    /// The current unit, or the last one.
    package internal(set) var currentUnit: Int?
    package internal(set) var fullPrecision: Evaluation?
    /// The evaluation with every unit calibrated.
    package internal(set) var calibrated: Evaluation?
    /// The bits of the units at the start, with which the calibrated model is measured.
    var calibratedBits: [BitsPair] = []
    /// The latest evaluation of finished units followed by full-precision ones.
    package internal(set) var current: Evaluation?
    package internal(set) var final: Evaluation?
    /// By how much the result's top-1 differs from full precision, on the same images; nil while it is not known.
    package internal(set) var accuracyChange: PairedDifference?
    /// Whether it was asked for.
    var hasAskedForAccuracy = false
    package internal(set) var sweep: SweepProgress?
    /// Whether the run will wait at the next gate.
    ///
    /// Set when the user asks for it: the engine confirms it only between steps.
    package var isPauseQueued = false
    /// When it was started; for a resumed run, later by the time between its processes.
    package internal(set) var startedAt: Double
    package internal(set) var endedAt: Double?
    /// How long it has waited at past gates, including sweeps.
    package internal(set) var waited = 0.0
    var waitingSince: Double?
    package internal(set) var unitStartedAt: Double?
    /// Work that is counted in the place of steps; nil at other times.
    package internal(set) var activity: Activity?
    /// The estimate of the plan; nil if there is none.
    var estimate: RunEstimate?
    /// How long the rest takes.
    private var timeLeft = TimeLeft()

    /// Work that is counted.
    package struct Activity: Equatable, Sendable {
        package let name: String
        package let done: Int
        package let total: Int

        /// It in words, with its numbers.
        package var text: String {
            total > 1 ? "\(name) \(QuantityText.count(done))/\(QuantityText.count(total))" : name
        }
    }

    init(plan: RunPlan, startedAt: Double) {
        (self.plan, self.startedAt) = (plan, startedAt)
    }

    /// The number of units that are done.
    var finishedUnits: Int { units.count(where: \.isFinished) }

    /// The run in a few words.
    var label: String {
        let name = plan.model.split { $0 == "/" || $0 == ":" }.last.map(String.init) ?? "model"
        let outcome =
            switch phase {
            case .finished(let report):
                report.final?.top1.map { ", top-1 \(QuantityText.fixed($0, decimals: 2)) %" } ?? ", done"
            case .failed: ", failed"
            case .stopped(let done): ", stopped after \(done)/\(units.count) units"
            default: ", not finished"
            }
        return "\(name) \(plan.preset.rawValue) \(bitsLabel)\(outcome)"
    }

    package var hasEnded: Bool { endedAt != nil }

    /// Whether it waits with every unit done.
    var waitsAtLastGate: Bool { gate == units.count }

    /// Whether anything was measured that its folder keeps; without, the folder is removed at the end.
    var hasResults: Bool {
        sweep?.points.isEmpty == false || ledger?.attempts.contains { !$0.isEmpty } == true
    }

    /// The unit before which the run waits; the number of units at the end.
    package var gate: Int? {
        if case .waiting(let unit) = phase { return unit }
        return nil
    }

    package var isSweeping: Bool { sweep?.isRunning ?? false }

    /// The report of a run that succeeded.
    package var report: RunReport? {
        if case .finished(let report) = phase { return report }
        return nil
    }

    /// The number of held-out images; nil before anything was measured on them.
    var heldOutImages: Int? {
        heldOut?.fullPrecision.images ?? units.lazy.compactMap { $0.report?.heldOut?.images }.first
    }

    /// The measures on held-out images that there are: those of the baselines, or of the units that are done.
    var heldOutMeasures: [HeldOutMeasure] {
        let first = heldOut?.fullPrecision ?? units.lazy.compactMap { $0.report?.heldOut }.first
        return first.map { $0.top1 == nil ? [.kl] : [.top1, .kl] } ?? []
    }

    /// What becomes of the baselines that were not measured yet.
    var missingBaselinesText: String {
        if hasEnded { return "the run ended before its baselines were measured" }
        if let activity, activity.name == Self.baselineActivity { return activity.text }
        let unit = currentUnit.map { units[$0] }
        return unit?.isInWork == true
            ? "the baselines are measured after \(unit?.name ?? "")" : "the baselines are being measured"
    }

    /// The engine's name for the measurement of baselines.
    private static let baselineActivity = "measuring baselines"

    /// Whether every unit has a chosen attempt, also in a finished run that was opened again.
    var isQuantized: Bool { report != nil || ledger.map { $0.unitsDone == $0.units.count } ?? false }

    /// The first unit that a change of hyperparameters would apply to.
    package var firstComingUnit: Int {
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

    /// The bits as text; those of the plan before the units are known.
    var bitsLabel: String {
        BitsText.label(units.isEmpty ? [plan.hyperparameters] : units.map(\.hyperparameters))
    }

    /// The bits of the calibrated evaluation, if the units have other bits now.
    var formerBitsLabel: String? {
        guard calibrated != nil, !calibratedBits.isEmpty, calibratedBits != bits else { return nil }
        return BitsText.label(calibratedBits.map(\.weightBits), calibratedBits.map(\.activationBits))
    }

    /// The time since the start, up to the end.
    func elapsed(at now: Double) -> Double { max(0, (endedAt ?? now) - startedAt) }

    /// How long the rest will take: its estimate at the speed of the last minute, without jumps; without an estimate, from
    /// the time of the units that are done.
    ///
    /// - Returns: Seconds; nil before the first measurement where there is no estimate.
    func remaining(at now: Double) -> Double? {
        guard !hasEnded, !units.isEmpty else { return nil }
        if let seconds = timeLeft.seconds(at: now) { return seconds }
        if let workLeft { return workLeft * pace.factor }
        let done = units.compactMap { $0.report?.seconds }
        let left = units.reduce(0.0) { $0 + 1 - $1.fraction }
        if !done.isEmpty {
            return left * done.reduce(0, +) / Double(done.count)
        }
        guard let currentUnit, let unitStartedAt, units[currentUnit].fraction > 0.02 else { return nil }
        return left * max(0, now - unitStartedAt) / units[currentUnit].fraction
    }
}

// MARK: - Speed

extension RunProgress {
    /// The estimated time of what is left, in seconds; nil without an estimate for these units.
    private var workLeft: Double? {
        guard let estimate, estimate.units.count == units.count, !units.isEmpty else { return nil }
        var left = zip(units, estimate.units).reduce(0.0) { $0 + $1.0.workLeft(of: $1.1) }
        if case .preparing = phase { left += estimate.preparationSeconds * (1 - (activity?.share ?? 0)) }
        if final == nil { left += estimate.evaluationSeconds }
        let isCompared = calibrated != nil && heldOut != nil
        if !isCompared {
            let share = Double(units.count { !$0.isFinished }) / Double(units.count)
            left += estimate.baselineSeconds * share
        }
        return left
    }

    /// The speed so far.
    var pace: RunPace { timeLeft.pace }

    /// Measures the speed from one event to the next; a run that waits has none.
    mutating func measurePace(at now: Double, hasWaited: Bool) {
        timeLeft.note(work: workLeft, at: now, hasWaited: hasWaited)
    }

    /// Forgets the speed, which another process had.
    mutating func forgetPace() { timeLeft = TimeLeft() }
}

extension RunProgress.Activity {
    /// How much of it is done, 0 through 1.
    fileprivate var share: Double { total > 0 ? Double(done) / Double(total) : 0 }
}

extension UnitProgress {
    /// The estimated time of what is left of it, in seconds.
    fileprivate func workLeft(of parts: RunEstimate.UnitParts) -> Double {
        switch phase {
        case .done, .reverted: 0
        case .waiting, .calibrating: parts.seconds
        case .running: parts.steps * (1 - fraction) + parts.judgement
        }
    }
}
