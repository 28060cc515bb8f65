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
    package internal(set) var units: [UnitProgress] = []
    /// The attempts, the chosen ones, and what can be undone; nil before the units are known.
    package internal(set) var ledger: RunLedger?
    /// The measurements of held-out images before any learning.
    package internal(set) var heldOut: HeldOutBaseline?
    /// The current unit, or the last one.
    package internal(set) var currentUnit: Int?
    package internal(set) var fullPrecision: Evaluation?
    /// The evaluation with every unit calibrated.
    package internal(set) var calibrated: Evaluation?
    /// The bits of the units when they were all calibrated.
    var calibratedBits: [BitsPair] = []
    /// The latest evaluation of finished units followed by full-precision ones.
    package internal(set) var current: Evaluation?
    package internal(set) var final: Evaluation?
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

    init(plan: RunPlan, startedAt: Double) {
        (self.plan, self.startedAt) = (plan, startedAt)
    }

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

    /// How long the remaining units will take, estimated from those that are done.
    ///
    /// - Returns: Seconds; nil before the first measurement.
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
