internal import Runs
internal import Vocabulary

extension WorkbenchState {
    /// The plan with all decisions and the draft; nil without a draft.
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

    /// The plans whose estimates are on the screen.
    private var estimatedPlans: [RunPlan] {
        guard let run else { return start.opening == nil ? [start.plan] : [] }
        guard run.gate != nil, let ledger = run.ledger else { return [] }
        return [ledger.plan] + [draftedPlan, sweepPlanOfDialog].compactMap(\.self)
    }

    /// The plan whose time is that of one point of a sweep; nil without a run.
    ///
    /// Points that are only calibrated use the images without their views.
    private func sweepPlan(_ request: SweepRequest) -> RunPlan? {
        guard var plan = run?.ledger?.plan else { return nil }
        plan.units = []
        plan.hyperparameters.steps = request.steps
        if request.steps == 0 { plan.hyperparameters.views = 1 }
        return plan
    }

    /// The plan whose time the sweep dialog shows.
    var sweepPlanOfDialog: RunPlan? { (overlay as? SweepDialog).flatMap { sweepPlan($0.request) } }

    /// The estimate of a sweep; nil without a run.
    func sweepWork(_ request: SweepRequest) -> ComingWork? {
        guard let run, let plan = sweepPlan(request), let present = run.ledger?.plan else { return nil }
        switch estimates.answer(of: plan) {
        case nil, .pending: return .pending
        case .unknown(let reason): return .unknown(reason)
        case .known(let estimate):
            let scale = measuredScale(run, estimates.estimate(of: present) ?? estimate)
            // The estimate is for all evaluation images, or without any for the calibration images.
            let share = Double(imagesOfSweep(request)) / Double(max(1, imagesOfResults))
            let each = estimate.unitSeconds.reduce(0, +) + estimate.evaluationSeconds * share
            return .known(seconds: scale * each * Double(request.points.count), bytes: estimate.bytes)
        }
    }

    /// How many images reported results are measured on.
    private var imagesOfResults: Int {
        guard let summary = run?.summary else { return 0 }
        return summary.evaluationImages > 0 ? summary.evaluationImages : summary.calibrationImages
    }

    /// How many images the points of a sweep are evaluated on.
    private func imagesOfSweep(_ request: SweepRequest) -> Int {
        let all = request.images == .heldOut ? run?.heldOutImages ?? imagesOfResults : imagesOfResults
        return request.count > 0 ? min(request.count, all) : all
    }

    /// Asks for the estimates on the screen that have not been asked for.
    mutating func askForEstimates() -> [WorkbenchEffect] {
        let plans = estimatedPlans
        estimates.forgetQuestions(but: plans)
        return plans.filter { estimates.answer(of: $0) == nil }.map { plan in
            estimates.note(.pending, of: plan)
            return .estimate(plan)
        }
    }

    /// How old the estimate of the start screen may be when a key is pressed, in seconds.
    private static let freshness = 30.0

    /// Times the model of the start screen again if its estimate is old: the machine may be busier or idler now.
    ///
    /// Only a key asks for it, so that an idle screen costs nothing.
    mutating func refreshEstimate() -> [WorkbenchEffect] {
        guard run == nil, start.opening == nil, now - estimatedAt >= Self.freshness,
            case .known? = estimates.answer(of: start.plan)
        else { return [] }
        estimatedAt = now
        return [.refreshEstimates(start.plan)]
    }

    /// How often the use of the machine is measured during a run, in seconds.
    private static let machineInterval = 2.0

    /// Asks for the use of the machine from time to time while a run is going on.
    mutating func askForMachine() -> [WorkbenchEffect] {
        guard let run, !run.hasEnded else {
            (machine, machineAskedAt) = (nil, nil)
            return []
        }
        if let machineAskedAt, now - machineAskedAt < Self.machineInterval { return [] }
        machineAskedAt = now
        return [.measureMachine]
    }

    /// The estimate of the coming work at a gate.
    enum ComingWork: Equatable {
        /// It was asked for.
        case pending
        /// The time in seconds and the peak memory in bytes.
        case known(seconds: Double, bytes: Int)
        /// There is none, for a reason.
        case unknown(String)
    }

    /// The estimate of the coming units; nil unless the run waits before a unit.
    var comingWork: ComingWork? { run?.ledger.flatMap { comingWork($0.plan) } }

    /// The estimate of the coming units with the draft; nil without a draft.
    var draftedWork: ComingWork? { draftedPlan.flatMap { comingWork($0) } }

    /// Estimates are scaled by the measured times of finished units.
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

    /// The ratio of measured to estimated time: of the last minute, or of all finished units of a run that began without
    /// an estimate; 1 before the first unit.
    private func measuredScale(_ run: RunProgress, _ estimate: RunEstimate) -> Double {
        if run.estimate != nil { return run.pace.factor }
        var (measured, estimated) = (0.0, 0.0)
        for (unit, seconds) in zip(run.units, estimate.unitSeconds) {
            guard let report = unit.report, report.ending == .complete, seconds > 0 else { continue }
            measured += report.seconds
            estimated += seconds
        }
        return estimated > 0 && measured > 0 ? measured / estimated : 1
    }
}
