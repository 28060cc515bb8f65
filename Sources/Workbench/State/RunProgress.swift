package import Runs
internal import Vocabulary

/// A run, as far as its events have told of it; nothing here is assumed.
package struct RunProgress: Equatable, Sendable {
    /// What the run is doing.
    package enum Phase: Equatable, Sendable {
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
    package internal(set) var plan: RunPlan
    /// What the engine said at the start.
    package internal(set) var summary: RunSummary?
    /// What the run is doing.
    package internal(set) var phase = Phase.preparing(activity: "starting", done: 0, total: 0)
    /// The units in order.
    package internal(set) var units: [UnitProgress] = []
    /// The attempts, which of them are chosen, and what can be taken back; nil before the run has told its units.
    package internal(set) var ledger: RunLedger?
    /// What is known of the held-out images.
    package internal(set) var heldOut: HeldOutBaseline?
    /// The unit in work, or the last one that was.
    package internal(set) var currentUnit: Int?
    /// The evaluation of the checkpoint.
    package internal(set) var fullPrecision: Evaluation?
    /// The evaluation with every unit calibrated.
    package internal(set) var calibrated: Evaluation?
    /// The bits of the units when they were all calibrated.
    var calibratedBits: [BitsPair] = []
    /// The latest evaluation of finished units in front of full-precision ones.
    package internal(set) var current: Evaluation?
    /// The evaluation of the result.
    package internal(set) var final: Evaluation?
    /// The last sweep.
    package internal(set) var sweep: SweepProgress?
    /// Whether the run will wait at the next gate.
    ///
    /// Set with the wish, too, since the engine hears of it only between steps.
    package var isPauseQueued = false
    /// When it was asked for; later by the time between its processes, where it went on.
    package internal(set) var startedAt: Double
    /// When its last event came.
    package internal(set) var endedAt: Double?
    /// How long it has waited at gates that it has left, sweeps included.
    package internal(set) var waited = 0.0
    var waitingSince: Double?
    /// When the unit in work began.
    package internal(set) var unitStartedAt: Double?

    init(plan: RunPlan, startedAt: Double) {
        self.plan = plan
        self.startedAt = startedAt
    }

    /// What the run is, in a few words.
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

    /// Whether its last event has come.
    package var hasEnded: Bool { endedAt != nil }

    /// The unit before which the run waits; equal to the number of units at the end.
    package var gate: Int? {
        if case .waiting(let unit) = phase { return unit }
        return nil
    }

    /// Whether a sweep is being measured.
    package var isSweeping: Bool { sweep?.isRunning ?? false }

    /// The report, once the run has ended well.
    package var report: RunReport? {
        if case .finished(let report) = phase { return report }
        return nil
    }

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
