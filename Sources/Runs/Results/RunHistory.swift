/// A fold over the lines of a journal, so that they need not be in memory at once.
package struct RunHistory: Sendable {
    /// The first event's payload; nil where the process ended before it.
    package private(set) var summary: RunSummary?
    /// The plan at the start; nil as above.
    package private(set) var plan: RunPlan?
    /// Every decision and attempt; nil as above.
    package private(set) var ledger: RunLedger?
    /// The plan before the last event that changed it; the plan's file has it if the process ended between the two.
    private var formerPlan: RunPlan?
    /// The number of lines.
    package private(set) var lines = 0
    /// The time of the last line, in seconds.
    package private(set) var seconds = 0.0
    /// The number of held-out images; nil if they were not measured.
    package private(set) var heldOutImages: Int?
    /// Whether the whole model was calibrated, as at the start of a run but not of a sweep.
    package private(set) var isCalibrated = false
    /// The grid that the first line asks for, where it is that of a sweep by itself.
    package private(set) var sweep: SweepRequest?
    /// The points of sweeps.
    package private(set) var points: [SweepPoint] = []
    /// Whether the last event is that of a finished run.
    package private(set) var isFinished = false

    package init() {}

    /// Applies a line.
    ///
    /// - Parameters:
    ///   - entry: The line.
    ///   - directory: The run directory, for errors.
    /// - Throws: `RunFailure(.badData)` for a plan at the start that cannot be used.
    package mutating func apply(_ entry: JournalEntry, of directory: String) throws(RunFailure) {
        lines = entry.sequence
        seconds = entry.seconds
        guard case .event(let event) = entry.content else {
            if ledger == nil, case .command(.sweep(let request)) = entry.content { sweep = request }
            return
        }
        isFinished = false
        switch event {
        case .started(let summary) where ledger == nil:
            do throws(PlanError) {
                let plan = try RunPlan(yaml: summary.plan)
                (self.summary, self.plan) = (summary, plan)
                ledger = RunLedger(plan: plan, units: summary.units)
            } catch {
                throw RunFailure(
                    .badData, "the journal of \(directory) begins with a plan that cannot be used: \(error)")
            }
        case .evaluated(.calibrated, _): isCalibrated = true
        case .heldOutMeasured(let baseline):
            heldOutImages = heldOutImages ?? baseline.fullPrecision.images
        case .sweepMeasured(let point): points.append(point)
        case .finished: isFinished = true
        default: break
        }
        let before = ledger?.plan
        ledger?.apply(event)
        if ledger?.plan != before { formerPlan = before }
    }

    /// Whether the plan's file can hold this plan.
    func allows(_ plan: RunPlan) -> Bool {
        guard let ledger else { return true }
        return plan == ledger.plan || plan == formerPlan
    }
}
