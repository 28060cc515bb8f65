package import RunText
package import Runs
package import Vocabulary

/// A run as its reports show it: a fold over the lines of its journal, and what was found beside it.
package struct ReportedRun: Sendable {
    /// One attempt at a unit.
    package struct Attempt: Sendable {
        /// Its hyperparameters.
        package var hyperparameters: Hyperparameters
        /// Its quantizers, calibrated.
        package var sites: [SiteReport] = []
        /// Its measurements in memory that does not grow with the steps; nil before its first step.
        package var curves: UnitCurves?
        /// Its measurements, every one.
        package var series: AttemptSeries
        /// The steps after which its rates were lowered.
        package var loweredAt: [Int] { curves?.rateMarks.map(\.step) ?? [] }
        /// The block term over the calibration images, calibrated; nil while it is not known.
        fileprivate var calibratedLoss: Double?

        /// Its result; nil for one that was interrupted.
        package var report: AttemptReport? { series.outcome }
    }

    /// A file that the run wrote while it waited at a gate.
    package struct Exported: Equatable, Sendable {
        /// Its format.
        package var format: ExportFormat
        /// Its path.
        package var path: String
        /// Its size, and what was compared.
        package var result: ExportResult
    }

    /// A decision of a person, or of the program about a unit that got worse.
    package struct Decision: Equatable, Sendable {
        /// When, in seconds since the run began.
        package var seconds: Double
        /// What, in a sentence.
        package var sentence: String
    }

    /// The run's first event; nil where the process ended before it.
    package private(set) var summary: RunSummary?
    /// The plan at the start; nil as above.
    package private(set) var planAtStart: RunPlan?
    /// Every decision and attempt; nil as above.
    package private(set) var ledger: RunLedger?
    /// The attempts at each unit, in order.
    package private(set) var attempts: [[Attempt]] = []
    /// The evaluations, of each model the latest.
    package private(set) var evaluations: [MeasuredModel] = []
    /// The measurements of held-out images before any learning.
    package private(set) var heldOut: HeldOutBaseline?
    /// The decisions at gates, and the units whose rates were lowered.
    package private(set) var decisions: [Decision] = []
    /// The points of the last sweep.
    package private(set) var sweep: [SweepPoint] = []
    /// The files that were written at gates.
    package private(set) var exports: [Exported] = []
    /// The warnings, once each.
    package private(set) var warnings: [String] = []
    /// The time of the last line, in seconds.
    package private(set) var seconds = 0.0
    /// The last event of a run that ended; nil while it is in work, or after its process was killed.
    package private(set) var ending: RunEvent?
    private var reporter = PlainReporter()

    /// The final model's predictions; nil without any.
    package var predictions: Predictions?
    /// What was measured of the final model after the run; nil without anything.
    package var measurements: RunMeasurements?
    /// The sites of the chosen attempts with their values; nil where they were not looked at.
    package var sites: [SiteInspection]?
    /// The images whose prediction changed, and how many there are; nil where they were not looked at.
    package var images: ImagePage?
    /// Why sites and images were not looked at, in a sentence.
    package var missing: String?

    package init() {}

    /// Applies a line of the journal.
    package mutating func apply(_ entry: JournalEntry) {
        seconds = entry.seconds
        guard case .event(let event) = entry.content else { return }
        let sentences = reporter.sentences(for: event)
        if case .started(let summary) = event, ledger == nil { begin(summary) }
        ledger?.apply(event)
        ending = event.isLast ? event : nil
        switch event {
        case .evaluated(let subject, let evaluation):
            evaluations.removeAll { $0.subject == subject }
            evaluations.append(MeasuredModel(subject: subject, evaluation: evaluation))
        case .heldOutMeasured(let baseline): heldOut = baseline
        case .unitStarted(let unit, let attempt, let changes): beginAttempt(unit, attempt, changes)
        case .unitCalibrated(let unit, let attempt, let sites, let loss):
            change(unit, attempt) { ($0.sites, $0.calibratedLoss) = (sites, loss) }
        case .stepped(let sample): take(sample)
        case .rateLowered(let unit, let attempt, let step, let restored, _, let factor):
            change(unit, attempt) {
                $0.curves?.append(RateMark(step: step, restored: restored, factor: factor))
            }
            decide(sentences)
        case .unitFinished(let report): finish(report)
        case .changed, .redoStarted, .attemptChosen, .rolledBack, .undone, .inputsAccepted: decide(sentences)
        case .steppedBack(let unit, let attempt, let share):
            change(unit, attempt) { $0.curves?.keptShare = share }
            decide(sentences)
        case .sweepStarted: sweep = []
        case .sweepMeasured(let point): sweep.append(point)
        case .exported(let format, let path, let result):
            exports.append(Exported(format: format, path: path, result: result))
        case .warning(let sentence):
            if !warnings.contains(sentence) { warnings.append(sentence) }
        default: break
        }
    }

    private mutating func begin(_ summary: RunSummary) {
        self.summary = summary
        attempts = summary.units.map { _ in [] }
        guard let plan = try? RunPlan(yaml: summary.plan) else { return }
        planAtStart = plan
        ledger = RunLedger(plan: plan, units: summary.units)
    }

    private mutating func decide(_ sentences: [String]) {
        decisions += sentences.map { Decision(seconds: seconds, sentence: $0) }
    }

    // MARK: - Attempts

    private mutating func beginAttempt(_ unit: Int, _ number: Int, _ changes: [HyperparameterChange]) {
        guard attempts.indices.contains(unit), let name = summary?.units[unit].name else { return }
        // Only a journal of another version has changes that cannot be applied; the defaults then stay.
        let used = (try? Hyperparameters(changes: changes)) ?? Hyperparameters()
        // One that was interrupted begins anew.
        attempts[unit].removeAll { $0.series.attempt == number }
        attempts[unit].append(
            Attempt(
                hyperparameters: used,
                series: AttemptSeries(unit: name, attempt: number, began: seconds)))
    }

    private mutating func take(_ sample: StepSample) {
        let isHead =
            summary.map { $0.units.count == sample.unit + 1 && $0.units.last?.name == "head" } ?? false
        change(sample.unit, sample.attempt) { attempt in
            var curves =
                attempt.curves
                ?? UnitCurves(
                    steps: sample.steps, hyperparameters: attempt.hyperparameters, isHead: isHead,
                    calibratedLoss: attempt.calibratedLoss)
            // Without this there would be two, and every step would copy it.
            attempt.curves = nil
            curves.append(sample)
            attempt.curves = curves
            attempt.series.append(sample)
        }
    }

    private mutating func finish(_ report: AttemptReport) {
        change(report.unit, report.attempt) { attempt in
            var report = report
            // Values of single images are in the journal.
            report.heldOutKl = nil
            attempt.series.outcome = report
            attempt.curves?.calibratedLoss = report.calibratedLoss
        }
    }

    private mutating func change(_ unit: Int, _ number: Int, _ body: (inout Attempt) -> Void) {
        guard attempts.indices.contains(unit),
            let index = attempts[unit].lastIndex(where: { $0.series.attempt == number })
        else { return }
        attempts[unit][index].series.ended = seconds
        body(&attempts[unit][index])
    }

    // MARK: - What was measured

    /// The plan with every decision folded in; nil where the process ended before its first event.
    package var plan: RunPlan? { ledger?.plan }

    /// The report of a run that ended well; nil of others.
    package var report: RunReport? {
        if case .finished(let report) = ending { return report }
        return nil
    }

    /// The latest evaluation of a model.
    package func evaluation(_ subject: EvaluationSubject) -> Evaluation? {
        evaluations.last { $0.subject == subject }?.evaluation
    }

    /// The unit's chosen attempt; nil if it is not quantized.
    package func chosenAttempt(of unit: Int) -> Attempt? {
        guard let ledger, ledger.chosen.indices.contains(unit), attempts.indices.contains(unit) else {
            return nil
        }
        return attempts[unit].last { $0.series.attempt == ledger.chosen[unit] }
    }

    /// The final model's noise floor: that of the run, else one that was measured later; nil where there is none.
    var noiseFloor: NoiseFloor? { report?.noiseFloor ?? measurements?.noiseFloor?.floor }

    /// Whether it is a sweep by itself, which reconstructs no unit.
    var isSweep: Bool { !sweep.isEmpty && attempts.allSatisfy(\.isEmpty) }

    /// The bits as text: those of the chosen attempts, else of the plan at the start; of a sweep, those of its points.
    package var bits: String {
        if isSweep { return BitsText.label(sweep.map(\.weightBits), sweep.map(\.activationBits)) }
        let chosen = attempts.indices.compactMap { chosenAttempt(of: $0)?.hyperparameters }
        if let summary, chosen.count < summary.units.count { return BitsText.label(summary) }
        return BitsText.label(chosen)
    }

    /// Everything that was measured, as numbers.
    package var series: RunSeries {
        let all = attempts.enumerated().flatMap { unit, attempts in
            attempts.map { attempt in
                var series = attempt.series
                series.isChosen = chosenAttempt(of: unit)?.series.attempt == series.attempt
                series.close()
                return series
            }
        }
        return RunSeries(
            version: programVersion, model: summary?.model ?? "", preset: summary?.preset.rawValue ?? "",
            bits: bits, seed: plan?.seed ?? 0, attempts: all, evaluations: evaluations, sweep: sweep,
            noiseFloor: noiseFloor, verifications: measurements?.verifications)
    }
}
