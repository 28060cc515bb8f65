internal import RunText
internal import Runs
internal import Vocabulary

extension RunProgress {
    mutating func apply(_ event: RunEvent, at now: Double) {
        let waited = gate != nil
        follow(event, at: now)
        measurePace(at: now, hasWaited: waited || gate != nil)
    }

    private mutating func follow(_ event: RunEvent, at now: Double) {
        switch event {
        case .progressed, .warning, .pauseQueued: break
        default: activity = nil
        }
        switch event {
        case .unitStarted, .waiting, .resumed, .finished, .stopped, .failed: isBeingResumed = false
        default: break
        }
        switch event {
        case .started(let summary): begin(summary)
        case .progressed(let name, let done, let total):
            // What is done is not going on, even where nothing follows.
            activity = total > 0 && done >= total ? nil : Activity(name: name, done: done, total: total)
            if case .preparing = phase { phase = .preparing(activity: name, done: done, total: total) }
        case .evaluated(let subject, let evaluation): note(evaluation, of: subject)
        case .heldOutMeasured(let baseline): heldOut = baseline
        case .unitStarted(let unit, let attempt, let changes):
            beginUnit(unit, attempt: attempt, changes: changes, at: now)
        case .unitCalibrated(let unit, _, let sites, let loss):
            withUnit(unit) { ($0.sites, $0.calibratedLoss) = (sites, loss) }
        case .stepped(let sample): withUnit(sample.unit) { $0.take(sample) }
        case .rateLowered(let unit, let attempt, let step, let restored, _, let factor):
            withUnit(unit) {
                $0.take(RateMark(step: step, restored: restored, factor: factor), attempt: attempt)
            }
        case .unitFinished, .attemptChosen, .rolledBack, .undone, .changed, .redoStarted, .staleChanged:
            decide(event)
        case .pauseQueued: isPauseQueued = true
        case .waiting(let unit):
            (phase, isPauseQueued) = (.waiting(unit: unit), false)
            waitingSince = waitingSince ?? now
        case .resumed(let unit):
            phase = unit < units.count ? .running : .evaluating
            leaveGate(at: now)
        case .continued:
            beginResuming()
            hasAskedForBaselines = false
            forgetPace()
        case .sweepStarted(let points):
            sweep = SweepProgress(expected: points)
        case .sweepMeasured(let point): sweep?.points.append(point)
        case .sweepFinished: sweep?.isRunning = false
        case .steppedBack(let unit, let attempt, let share):
            withUnit(unit) { $0.keep(share, attempt: attempt) }
        case .siteInspected, .imagesInspected, .exported, .warning, .inputsAccepted: break
        case .finished(let report): end(.finished(report), at: now)
        case .stopped(let units): end(.stopped(unitsDone: units), at: now)
        case .failed(let failure): end(.failed(failure), at: now)
        }
    }

    mutating func refuse(_ failure: RunFailure, at now: Double) { end(.failed(failure), at: now) }

    private mutating func begin(_ summary: RunSummary) {
        self.summary = summary
        // The plan at the start; the run's folder has the one with all decisions.
        plan = (try? RunPlan(yaml: summary.plan)) ?? plan
        (currentUnit, heldOut) = (nil, nil)
        ledger = RunLedger(plan: plan, units: summary.units)
        phase = .preparing(activity: "preparing", done: 0, total: 0)
        units = summary.units.enumerated().map { index, unit in
            var hyperparameters = plan.hyperparameters
            // The engine has checked the overrides; its bits take precedence.
            if let overridden = try? plan.hyperparameters(of: unit.name) { hyperparameters = overridden }
            if summary.weightBits.indices.contains(index) {
                hyperparameters.weightBits = summary.weightBits[index]
            }
            if summary.activationBits.indices.contains(index) {
                hyperparameters.activationBits = summary.activationBits[index]
            }
            return UnitProgress(unit, hyperparameters: hyperparameters)
        }
        calibratedBits = bits
    }

    private mutating func note(_ evaluation: Evaluation, of subject: EvaluationSubject) {
        switch subject {
        case .fullPrecision: fullPrecision = evaluation
        case .refitted: break
        case .calibrated: calibrated = evaluation
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
        // Only a defect of the engine could make these changes invalid; then the known values stay.
        if let used = try? Hyperparameters(changes: changes) { units[unit].hyperparameters = used }
    }

    // MARK: - Decisions

    /// Applies an event to the ledger, and takes the units' states from it.
    private mutating func decide(_ event: RunEvent) {
        ledger?.apply(event)
        guard let ledger else { return }
        switch event {
        case .staleChanged(let stale):
            for index in units.indices { units[index].isStale = stale.contains(index) }
        case .changed(let changed, let changes, _):
            for index in changed where units.indices.contains(index) {
                // The engine has accepted these changes, so they are valid.
                _ = try? units[index].hyperparameters.apply(changes)
            }
        case .redoStarted: break
        case .rolledBack, .undone:
            settle(ledger)
            takeParameters(ledger)
            plan(ledger)
            // What was measured is not the model any more.
            (current, final) = (nil, nil)
        case .attemptChosen:
            settle(ledger)
            takeParameters(ledger)
            (current, final) = (nil, nil)
        default:
            settle(ledger)
            final = nil
        }
        if case .unitFinished = event, units.allSatisfy(\.isFinished), gate == nil { phase = .evaluating }
    }

    private mutating func settle(_ ledger: RunLedger) {
        for index in units.indices {
            let report = ledger.chosenAttempt(of: index)
            if report != units[index].report || units[index].isInWork { units[index].settle(report) }
            if report == nil { units[index].isStale = false }
        }
    }

    /// Gives quantized units the hyperparameters of their chosen attempts.
    private mutating func takeParameters(_ ledger: RunLedger) {
        for index in units.indices {
            let chosen = ledger.chosenAttempt(of: index)
            if let used = chosen.flatMap({ try? Hyperparameters(changes: $0.hyperparameters) }) {
                units[index].hyperparameters = used
            }
        }
    }

    /// Gives the coming units the hyperparameters of the plan as it is now.
    private mutating func plan(_ ledger: RunLedger) {
        for index in units.indices where units[index].report == nil {
            if let planned = try? ledger.plan.hyperparameters(of: units[index].name) {
                units[index].hyperparameters = planned
            }
        }
    }

    private mutating func leaveGate(at now: Double) {
        waited += waitingSince.map { max(0, now - $0) } ?? 0
        waitingSince = nil
    }

    mutating func shift(by seconds: Double) {
        startedAt += seconds
        endedAt = endedAt.map { $0 + seconds }
        waitingSince = waitingSince.map { $0 + seconds }
        unitStartedAt = unitStartedAt.map { $0 + seconds }
    }

    /// Resumes a run that had ended; the time since its end does not count.
    mutating func resume(at now: Double) {
        guard let end = endedAt else { return }
        shift(by: now - end)
        endedAt = nil
        beginResuming()
        if let currentUnit, units[currentUnit].isInWork {
            units[currentUnit].settle(units[currentUnit].report)
        }
        (currentUnit, unitStartedAt) = (nil, nil)
    }

    private mutating func beginResuming() {
        isBeingResumed = true
        phase = .preparing(activity: "reading what is done", done: 0, total: 0)
    }

    private mutating func end(_ phase: Phase, at now: Double) {
        leaveGate(at: now)
        self.phase = phase
        endedAt = now
        isPauseQueued = false
        sweep?.isRunning = false
        (accuracyChange, hasAskedForAccuracy) = (nil, false)
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
