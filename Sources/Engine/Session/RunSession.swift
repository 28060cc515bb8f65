internal import Checkpoints
internal import Quantization
internal import Runs
internal import TensorCore
internal import VisionTransformers
internal import Vocabulary

/// One run, from the plan to its last event.
///
/// Runs on the engine's thread. Decisions and results are in the ledger, a fold over the session's events; a resumed
/// session starts from the fold over the journal's events.
final class RunSession {
    let resources: RunResources
    let options: EngineOptions
    let commands: CommandQueue
    /// The plan with every decision folded in, the attempts, the chosen ones.
    private(set) var ledger: RunLedger
    /// Whether the run waits at the next gate.
    var pausesAtNextGate: Bool
    /// The attempts' units.
    var attempts = AttemptStore()
    /// The quantized prefix that was worked on last.
    var chain: UnitChain?
    /// The models that are measured for comparison.
    var baselines = Baselines()
    /// Whether the run still waits at its end, as the options ask: whoever goes on from there ends it.
    private var waitsAtEnd: Bool
    /// The plan before any decision.
    private(set) var planAtStart: RunPlan
    /// The models' predictions for the images that were inspected last.
    var guesses: ImageGuesses?
    let pool: WorkerPool
    private let sink: @Sendable (RunEvent) -> Void
    private let began = ContinuousClock.now
    private let processorBegan = processorTime()
    private let past: ResumedRun?
    /// The grid of a sweep by itself; nil for a run.
    private let sweep: SweepRequest?
    private(set) var record: RunRecord?
    private(set) var facts = RunFacts()
    /// The report in the directory; nil before the end, and after a decision that invalidates it.
    private var report: RunReport?

    /// Makes a session; nothing happens before `carryOut`.
    ///
    /// - Parameters:
    ///   - plan: The plan.
    ///   - sweep: The grid to measure; nil for a run.
    ///   - resources: The files that the plan's references name.
    ///   - options: Options that do not change results.
    ///   - past: The run or the sweep to continue, locked; nil starts a new one.
    ///   - commands: The queue of commands.
    ///   - sink: Takes every event.
    init(
        plan: RunPlan, sweep: SweepRequest? = nil, resources: RunResources, options: EngineOptions,
        past: ResumedRun? = nil, commands: CommandQueue, sink: @escaping @Sendable (RunEvent) -> Void
    ) {
        self.resources = resources
        self.options = options
        self.past = past
        self.sweep = past?.sweep ?? sweep
        self.commands = commands
        self.sink = sink
        ledger = RunLedger(plan: plan, units: [])
        planAtStart = plan
        record = past?.record
        pool = WorkerPool(threads: options.threads, prepare: options.prepareThread)
        pausesAtNextGate = options.waitsAtFirstGate
        waitsAtEnd = options.waitsAtEnd
    }

    /// Thrown when the user stops the run.
    struct Stopped: Error {}

    /// The results of the run as a whole so far.
    struct RunFacts {
        var fullPrecision: Evaluation?
        var calibrated: Evaluation?
        var heldOut: HeldOutBaseline?
        var stale: [Int] = []
        var hasBegunSweep = false

        mutating func apply(_ event: RunEvent) {
            switch event {
            case .evaluated(.fullPrecision, let evaluation): fullPrecision = evaluation
            case .evaluated(.calibrated, let evaluation): calibrated = evaluation
            case .heldOutMeasured(let baseline): heldOut = baseline
            case .staleChanged(let units): stale = units
            // What was measured with other inputs is measured again.
            case .inputsAccepted: self = RunFacts(stale: stale)
            case .sweepStarted: hasBegunSweep = true
            default: break
            }
        }
    }

    /// Carries the plan out, or measures the grid; gives exactly one last event.
    func carryOut() {
        conclude { points throws in
            guard let sweep = self.sweep else { return try self.run() }
            return try self.sweepAlone(sweep, done: &points)
        }
    }

    private func conclude(_ work: (inout Int) throws -> RunReport) {
        defer { pool.shutDown() }
        var points = 0
        var last: RunEvent
        do {
            last = .finished(try work(&points))
        } catch is Stopped {
            last = .stopped(unitsDone: max(points, ledger.unitsDone))
        } catch {
            last = .failed(failure(of: error))
        }
        do {
            try record?.append(last, at: seconds)
        } catch {
            last = .failed(failure(of: error))
        }
        let hasResults = points > 0 || ledger.attempts.contains { !$0.isEmpty }
        record?.close(keeping: hasResults || past != nil)
        sink(last)
    }

    /// Writes an event to the journal, saves the plan if it changes, then shows the event.
    ///
    /// A report that a decision invalidates is removed before the journal has the decision.
    func emit(_ event: RunEvent) throws {
        var next = ledger
        next.apply(event)
        let changesPlan = next.plan != ledger.plan
        if report != nil, changesPlan || next.chosen != ledger.chosen || !next.pendingRedo.isEmpty {
            try record?.removeReport()
            report = nil
        }
        if event.isRecorded { try record?.append(event, at: seconds) }
        ledger = next
        facts.apply(event)
        let stale = ledger.stale
        if changesPlan || stale != facts.stale {
            try record?.save(ledger.plan, stale: stale.map { ledger.units[$0].name })
        }
        sink(event)
        if stale != facts.stale { try emit(.staleChanged(units: stale)) }
    }

    /// The time since the run began, without the time between its processes.
    var seconds: Double { (past?.seconds ?? 0) + (ContinuousClock.now - began) / .seconds(1) }
}

// MARK: - From start to end

extension RunSession {
    /// Reads the inputs, makes the directory or takes it over, and runs the full-precision model on the calibration images.
    private func begin() throws -> QuantizationLab {
        let inputs = try RunInputs(
            plan: ledger.plan, resources: resources,
            heldOutImages: past?.heldOutImages ?? options.heldOutImages, pool: pool)
        for unit in inputs.checkpoint.model.units {
            _ = try (past?.ledger ?? ledger).plan.hyperparameters(of: unit.name)
        }
        let (now, accepted) = try checkedInputs(inputs)
        if past?.summary == nil {
            var plan = ledger.plan
            plan.inputs = now
            ledger = RunLedger(plan: plan, units: [])
            planAtStart = plan
        }
        let summary = try summary(of: inputs)
        if past?.summary == nil { try ledger.plan.checkMatches(of: summary.units) }
        if let past, past.summary != nil {
            try past.check(summary)
            // Everything that an observer would have seen from the start.
            try past.forEachEvent { event in
                guard !event.isLast else { return }
                facts.apply(event)
                sink(event)
            }
            ledger = past.ledger
            attempts = AttemptStore(record: record)
            try emit(.continued(unitsDone: ledger.unitsDone))
        } else {
            if record == nil {
                record = try options.directory.map { path in
                    try RunRecord(
                        creating: path, plan: ledger.plan, commands: sweep.map { [.sweep($0)] } ?? [])
                }
            }
            ledger = RunLedger(plan: ledger.plan, units: summary.units)
            attempts = AttemptStore(record: record)
            try record?.save(inputs.manifest)
            try emit(.started(summary))
            let leftOut = leftOutChanges(
                ledger.plan.hyperparameters, of: inputs.checkpoint.model.configuration)
            for warning in inputs.warnings + leftOut { try emit(.warning(warning)) }
        }
        if !accepted.isEmpty {
            try record?.removeReport()
            try record?.save(inputs.manifest)
            try emit(.inputsAccepted(changes: accepted, inputs: now))
        }
        if let refusal = pool.refusal {
            try emit(.warning("\(refusal); the run works with \(pool.threads) and ends with the same bits"))
        }
        let lab = try QuantizationLab(inputs: inputs, plan: ledger.plan, pool: pool) {
            activity, done, total in
            try self.counting(activity)(done, total)
        }
        attempts.header = PackedCheckpoint(inputs.checkpoint, configuration: lab.configuration)
        return lab
    }

    /// Compares the inputs with those that the plan was carried out with, if it was.
    ///
    /// - Returns: Their digests, and what has changed and was accepted.
    /// - Throws: `RunFailure(.badData)` for a change that was not accepted, and for a manifest of images that is not the
    ///   run's.
    private func checkedInputs(_ inputs: RunInputs) throws -> (now: PlanInputs, accepted: [String]) {
        let now = try inputs.digests(for: ledger.plan)
        let plan = (past?.ledger ?? ledger).plan
        guard let before = past == nil ? plan.namedInputs : plan.inputs else { return (now, []) }
        var earlier: RunImageManifest?
        if past?.summary != nil, let record {
            do {
                let manifest = try record.imageManifest()
                guard manifest.holds(before) else { throw record.otherManifest }
                earlier = manifest
            } catch {
                guard options.acceptsChangedInputs else { throw error }
                try record.save(inputs.manifest)
            }
        }
        let changes = inputs.changes(now, since: before, manifest: earlier)
        guard changes.isEmpty || options.acceptsChangedInputs else { throw changedInputs(changes) }
        return (now, changes)
    }

    private func sweepAlone(_ request: SweepRequest, done: inout Int) throws -> RunReport {
        let lab = try begin()
        try fullPrecision(lab, .takes)
        done = past?.points.count ?? 0
        try sweep(
            request, lab: lab, hasGate: false, known: facts.hasBegunSweep ? past?.points ?? [] : nil
        ) { done += 1 }
        return makeReport(final: nil, bytes: 0, lab: lab)
    }

    private func run() throws -> RunReport {
        let lab = try begin()
        while true {
            try finishRedo(lab)
            try measureBaselines(lab)
            guard ledger.unitsDone == lab.units.count else {
                try gate(lab)
                if ledger.pendingRedo.isEmpty, ledger.unitsDone < lab.units.count {
                    try attempt(ledger.unitsDone, lab: lab)
                }
                continue
            }
            report = try conclude(lab)
            pausesAtNextGate = pausesAtNextGate || waitsAtEnd
            waitsAtEnd = false
            try gate(lab)
            // A decision at the gate removed the report.
            if let report { return report }
        }
    }

    /// Evaluates the whole model and writes the report.
    private func conclude(_ lab: QuantizationLab) throws -> RunReport {
        let model = try chosenUnits()
        try fullPrecision(lab)
        let (final, floor, predictions) = try lab.evaluateFinal(
            model, measuresNoiseFloor: options.measuresNoiseFloor,
            progress: counting("evaluating the final model on images", .waits))
        try emit(.evaluated(.final, final))
        if let calibrated = facts.calibrated, final.kl > calibrated.kl {
            try emit(
                .warning(
                    "the final model is further from full precision than the calibrated one: KL \(final.kl) instead of "
                        + "\(calibrated.kl) nats; more calibration images or fewer steps may help"))
        }
        if !ledger.stale.isEmpty { try emit(.warning(staleSentence)) }
        let report = makeReport(final: final, floor: floor, bytes: lab.bytes(of: model), lab: lab)
        try record?.finish(report, predictions: predictions)
        return report
    }

    private func makeReport(
        final: Evaluation?, floor: NoiseFloor? = nil, bytes: Int, lab: QuantizationLab
    ) -> RunReport {
        let units = ledger.chosen.indices.compactMap(ledger.chosenAttempt).map { attempt in
            // Values of single images are in the journal.
            var attempt = attempt
            attempt.heldOutKl = nil
            return attempt
        }
        return RunReport(
            fullPrecision: facts.fullPrecision, calibrated: facts.calibrated, final: final,
            noiseFloor: floor, units: units, stale: ledger.stale,
            heldOut: facts.heldOut,
            fullPrecisionBytes: lab.inputs.checkpoint.model.parameterCount * 4, bytes: bytes,
            seconds: seconds,
            processorSeconds: past == nil ? processorTime() - processorBegan : nil)
    }

    /// The names of stale units.
    var staleNames: [String] { ledger.stale.map { ledger.units[$0].name } }

    /// The warning that the plan does not replay to a model with stale units.
    var staleSentence: String { staleWarning(staleNames) }

    private func summary(of inputs: RunInputs) throws -> RunSummary {
        let model = inputs.checkpoint.model
        let units = model.summaries
        let hyperparameters = try model.units.map { try ledger.plan.hyperparameters(of: $0.name) }
        return RunSummary(
            model: ledger.plan.model, architecture: model.configuration.summary, preset: ledger.plan.preset,
            units: units, weightBits: hyperparameters.map(\.weightBits),
            activationBits: hyperparameters.map(\.activationBits),
            fullPrecisionBytes: model.parameterCount * 4, calibrationImages: inputs.calibration.rows,
            evaluationImages: inputs.evaluation?.count ?? 0, threads: options.threads,
            directory: options.directory, classNames: inputs.checkpoint.labels, plan: ledger.plan.yaml)
    }
}

extension VisionTransformer {
    /// The units as a run's first event has them.
    var summaries: [UnitSummary] {
        zip(units, weights).map { unit, weights in
            UnitSummary(
                name: unit.name, parameters: weights.count,
                sites: unit.linears.map { "\($0.name).weight" } + unit.sites.map(\.name))
        }
    }
}
