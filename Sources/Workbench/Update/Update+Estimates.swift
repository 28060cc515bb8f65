internal import Runs

extension WorkbenchState {
    /// The plan as decisions at gates have made it, with the draft; nil while there is none.
    var draftedPlan: RunPlan? {
        guard let run, let ledger = run.ledger, let gate = run.gate, gate < run.units.count else {
            return nil
        }
        let changes = draftBase.changes(to: editor.applied(to: draftBase))
        guard !changes.isEmpty else { return nil }
        var plan = ledger.plan
        let indices = draftUnit.map { [$0] } ?? Array(gate..<run.units.count)
        for index in indices {
            plan.units.append(UnitOverride(match: run.units[index].name, changes: changes))
        }
        return plan
    }

    /// The plans whose estimates the screen shows.
    private var estimatedPlans: [RunPlan] {
        guard let run else { return start.opening == nil ? [start.plan] : [] }
        guard run.gate != nil, let ledger = run.ledger else { return [] }
        return [ledger.plan] + [draftedPlan].compactMap(\.self)
    }

    /// Asks for the estimates that the screen shows and nobody has asked for.
    mutating func askForEstimates() -> [WorkbenchEffect] {
        let plans = estimatedPlans
        estimates.forgetQuestions(but: plans)
        return plans.filter { estimates.answer(of: $0) == nil }.map { plan in
            estimates.note(.pending, of: plan)
            return .estimate(plan)
        }
    }

    /// What is known, at a gate, of the work that is to come.
    enum ComingWork: Equatable {
        /// It will be known soon.
        case pending
        /// So many seconds, and the greatest memory in bytes.
        case known(seconds: Double, bytes: Int)
        /// It cannot be told, for this reason.
        case unknown(String)
    }

    /// What the coming units will take as things are; nil but at a gate before a unit.
    var comingWork: ComingWork? { run?.ledger.flatMap { comingWork($0.plan) } }

    /// What the coming units will take with the draft; nil where there is none, and but at a gate.
    var draftedWork: ComingWork? { draftedPlan.flatMap { comingWork($0) } }

    /// Estimates are scaled by what the finished units really took.
    private func comingWork(_ plan: RunPlan) -> ComingWork? {
        guard let run, let gate = run.gate, gate < run.units.count, let present = run.ledger?.plan else {
            return nil
        }
        switch estimates.answer(of: plan) {
        case nil, .pending: return .pending
        case .unknown(let reason): return .unknown(reason)
        case .known(let estimate):
            guard estimate.unitSeconds.count == run.units.count else {
                return .unknown("the model has changed since the run began")
            }
            let scale = measuredScale(run, estimates.estimate(of: present) ?? estimate)
            return .known(
                seconds: scale * estimate.unitSeconds[gate...].reduce(0, +), bytes: estimate.bytes)
        }
    }

    /// How much longer units took than was estimated; 1 before the first.
    private func measuredScale(_ run: RunProgress, _ estimate: RunEstimate) -> Double {
        var (measured, estimated) = (0.0, 0.0)
        for (unit, seconds) in zip(run.units, estimate.unitSeconds) {
            guard let report = unit.report, report.ending == .complete, seconds > 0 else { continue }
            measured += report.seconds
            estimated += seconds
        }
        return estimated > 0 && measured > 0 ? measured / estimated : 1
    }
}
