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
        estimatedPlans.filter { estimates.answer(of: $0) == nil }.map { plan in
            estimates.note(.pending, of: plan)
            return .estimate(plan)
        }
    }

    /// How long the coming units will take, in seconds: as things are, and with the draft.
    ///
    /// Estimates are scaled by what the finished units really took.
    var comingSeconds: (now: Double, drafted: Double?)? {
        guard let run, let gate = run.gate, let plan = run.ledger?.plan,
            let estimate = estimates.estimate(of: plan), estimate.unitSeconds.count == run.units.count
        else { return nil }
        let scale = measuredScale(run, estimate)
        func coming(_ estimate: RunEstimate) -> Double {
            scale * estimate.unitSeconds[gate...].reduce(0, +)
        }
        let drafted = draftedPlan.flatMap { estimates.estimate(of: $0) }
        return (
            coming(estimate), drafted.flatMap { $0.unitSeconds.count == run.units.count ? coming($0) : nil }
        )
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
