package import Runs
internal import Vocabulary

/// Writes a run's events as lines, for pipes, logs and screen readers.
///
/// Every line begins with the time since the start. Steps and progress get at most one line in
/// two seconds.
package struct PlainReporter: Equatable, Sendable {
    /// The least time between two lines about steps or about progress, in seconds.
    static let interval = 2.0

    private(set) var summary: RunSummary?
    private var lastRepeating = -Double.infinity
    private var lastActivity = ""
    private var hasOtherBits = false
    /// The attempts and the chosen ones; nil before the first event of a run.
    var ledger: RunLedger?
    /// What each decision that can still be undone was, the latest last.
    private var decisions: [String] = []
    /// Whether a unit has begun, after which progress is told only where it takes long.
    private var hasBegun = false

    /// Whether lines are short, for a narrow panel.
    private let isBrief: Bool

    /// Makes a reporter for a run that has not begun.
    package init() {
        isBrief = false
    }

    /// Makes a reporter of short lines.
    package init(brief: Bool) {
        isBrief = brief
    }

    /// The lines for an event.
    ///
    /// - Parameters:
    ///   - event: What happened.
    ///   - seconds: When, since the run began.
    /// - Returns: Lines without line ends, possibly none.
    package mutating func lines(for event: RunEvent, at seconds: Double) -> [String] {
        guard isDue(event, at: seconds) else { return [] }
        let time = QuantityText.clock(seconds)
        return sentences(for: event).map { "\(time)  \($0)" }
    }

    /// The sentences for an event, however soon after the one before.
    package mutating func sentences(for event: RunEvent) -> [String] {
        if case .started(let summary) = event {
            (self.summary, hasOtherBits, decisions) = (summary, false, [])
            // Only its attempts are of interest.
            ledger = RunLedger(plan: RunPlan(model: summary.model), units: summary.units)
        }
        if case .changed(_, let changes, _) = event, changes.contains(where: { $0.key.hasSuffix("_bits") }) {
            hasOtherBits = true
        }
        let before = ledger
        ledger?.apply(event)
        let sentences = describe(event, after: before)
        switch event {
        case .changed, .redoStarted, .attemptChosen, .rolledBack: decisions.append(name(ofDecision: event))
        case .undone: _ = decisions.popLast()
        default: break
        }
        return sentences
    }

    /// Whether an event gets a line: one that repeats at most every `interval` seconds, any other always.
    private mutating func isDue(_ event: RunEvent, at seconds: Double) -> Bool {
        switch event {
        case .stepped:
            guard seconds - lastRepeating >= Self.interval else { return false }
        case .progressed(let activity, let done, let total):
            let isNew = activity != lastActivity && !hasBegun
            lastActivity = activity
            let isEnd = total > 1 && done == total && !hasBegun
            guard isNew || isEnd || seconds - lastRepeating >= Self.interval else { return false }
        case .unitStarted:
            hasBegun = true
            return true
        default:
            return true
        }
        lastRepeating = seconds
        return true
    }

    private func describe(_ event: RunEvent, after before: RunLedger?) -> [String] {
        switch event {
        case .started(let summary): describe(summary)
        case .progressed(let activity, let done, let total):
            [
                total > 1
                    ? "\(activity), \(QuantityText.count(done)) of \(QuantityText.count(total))" : activity
            ]
        case .evaluated(let subject, let evaluation):
            ["\(describe(subject)): \(describe(evaluation, isReference: subject == .fullPrecision))"]
        case .unitStarted(let unit, let attempt, _):
            ["\(place(unit)) begins\(attempt > 1 ? ", attempt \(attempt)" : "")"]
        case .unitCalibrated(let unit, _, let sites, _): ["\(place(unit)) calibrated\(describe(sites))"]
        case .stepped(let sample): [describe(sample)]
        case .rateLowered(let unit, _, let step, let restored, let ratio, let factor):
            [describe(unit, step: step, restored: restored, ratio: ratio, factor: factor)]
        case .steppedBack(let unit, _, let share):
            [
                "\(place(unit)) ended worse than calibrated; \(QuantityText.share(share)) of what it learned is kept"
            ]
        case .unitFinished(let report): [describe(report)]
        case .continued, .pauseQueued, .waiting, .resumed: describeGate(event)
        case .changed, .redoStarted, .attemptChosen, .rolledBack, .staleChanged:
            describeDecision(event, after: before)
        case .undone(let decision, let chosen):
            [describeUndone(decisions.last ?? name(of: decision), chosen: chosen, after: before)]
        case .inputsAccepted(let changes, _): changes.map { "accepted: \($0)" }
        case .heldOutMeasured(let baseline): [describe(baseline)]
        case .siteInspected(let inspection): [describe(inspection)]
        case .imagesInspected(let page): [describe(page)]
        case .sweepStarted, .sweepMeasured, .sweepFinished: describeSweep(event)
        case .exported(let format, let path, let result):
            [
                "wrote \(format.rawValue) to \(path), \(QuantityText.bytes(result.bytes)); "
                    + QuantityText.verification(result.verification)
            ]
        case .warning(let message): ["warning: \(message)"]
        case .finished(let report): describe(report)
        case .stopped(let units): ["stopped after \(units) \(units == 1 ? "unit" : "units")"]
        case .failed(let failure): ["failed: \(failure.message)"]
        }
    }

    /// A unit whose rates were lowered, or whose learning ended.
    private func describe(
        _ unit: Int, step: Int, restored: Int, ratio: Double, factor: Double?
    ) -> String {
        let state = restored == 0 ? "its calibrated state" : "its state after step \(restored)"
        let consequence =
            factor.map { "continues from \(state) with rates ÷ \(QuantityText.fixed(1 / $0, decimals: 0))" }
            ?? "ends in \(state)"
        return
            "\(place(unit)) got worse by step \(step), loss \(QuantityText.change(ratio)): it \(consequence)"
    }

    private func describe(_ summary: RunSummary) -> [String] {
        let evaluation =
            summary.evaluationImages > 0
            ? "\(QuantityText.count(summary.evaluationImages)) evaluation images" : "no evaluation images"
        var lines = [
            "model \(summary.model): \(summary.architecture), "
                + QuantityText.bytes(summary.fullPrecisionBytes),
            "plan: preset \(summary.preset.rawValue), \(BitsText.label(summary)), "
                + "\(summary.units.count) units, "
                + "\(QuantityText.count(summary.calibrationImages)) calibration images, \(evaluation), "
                + "\(summary.threads) \(summary.threads == 1 ? "thread" : "threads")",
        ]
        if let directory = summary.directory {
            lines.append("run directory \(directory)")
        }
        return lines
    }

    private func describe(_ subject: EvaluationSubject) -> String {
        switch subject {
        case .fullPrecision: "full precision"
        case .refitted: "MLPs refitted with ReLU"
        case .calibrated: "calibrated"
        case .prefix(let unit): "quantized through \(place(unit))"
        case .final: "final"
        }
    }

    /// An evaluation; for the reference, without the values that compare it with itself.
    func describe(_ evaluation: Evaluation, isReference: Bool = false) -> String {
        var parts: [String] = []
        if let top1 = evaluation.top1 {
            parts.append("top-1 \(QuantityText.fixed(top1, decimals: 2)) %")
        }
        if let top5 = evaluation.top5, !isBrief {
            parts.append("top-5 \(QuantityText.fixed(top5, decimals: 2)) %")
        }
        if isReference, !parts.isEmpty {
            // The reference agrees with itself, and its KL is 0.
            return (isBrief ? parts : parts + ["\(QuantityText.count(evaluation.images)) images"])
                .joined(separator: ", ")
        }
        if !isBrief || parts.isEmpty {
            parts.append("agreement \(QuantityText.fixed(evaluation.agreement, decimals: 2)) %")
        }
        parts.append("KL \(QuantityText.measure(evaluation.kl)) nats")
        if isBrief { return parts.joined(separator: ", ") }
        if let sqnr = evaluation.sqnrDb {
            parts.append("SQNR \(QuantityText.fixed(sqnr, decimals: 1)) dB")
        }
        parts.append("\(QuantityText.count(evaluation.images)) images")
        return parts.joined(separator: ", ")
    }

    private func describe(_ sites: [SiteReport]) -> String {
        let worst = sites.filter { $0.sqnrDb != nil }.min { ($0.sqnrDb ?? 0) < ($1.sqnrDb ?? 0) }
        let count = sites.count == 1 ? "1 site" : "\(sites.count) sites"
        guard let worst, let sqnr = worst.sqnrDb else { return ", \(count)" }
        return ", \(count), lowest SQNR \(QuantityText.fixed(sqnr, decimals: 1)) dB at \(worst.site)"
    }

    private func describe(_ sample: StepSample) -> String {
        "\(place(sample.unit)) step \(sample.step) of \(sample.steps), loss \(QuantityText.measure(sample.loss))"
            + describeShares(sample.weighted)
    }

    private func describeShares(_ values: Terms) -> String {
        let shares = values.shares
        let parts = Term.allCases.compactMap { term in
            shares[term].map { "\(term.rawValue) \(QuantityText.share($0))" }
        }
        return parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))"
    }

    private func describe(_ report: AttemptReport) -> String {
        "\(place(report.unit)) done in \(QuantityText.duration(report.seconds)): "
            + "block loss \(QuantityText.pair(report.calibratedLoss, report.finalLoss)), "
            + "KL \(QuantityText.pair(report.calibratedKl, report.finalKl, unit: "nats")), "
            + QuantityText.bytes(report.bytes)
            + describeOutcome(report)
    }

    private func describeGate(_ event: RunEvent) -> [String] {
        switch event {
        case .pauseQueued: ["pause queued: the run will wait at the next gate"]
        case .waiting(let unit): ["waiting at the gate before \(place(unit))"]
        case .resumed(let unit): ["continuing with \(place(unit))"]
        case .continued(let units):
            ["continuing where the run ended, with \(units) \(units == 1 ? "unit" : "units") done"]
        default: []
        }
    }

    private func describeSweep(_ event: RunEvent) -> [String] {
        switch event {
        case .sweepStarted(let points): ["sweep of \(points) points begins"]
        case .sweepMeasured(let point):
            [
                "sweep W\(point.weightBits)A\(point.activationBits): \(QuantityText.bytes(point.bytes)), "
                    + describe(point.evaluation)
            ]
        case .sweepFinished(let complete): [complete ? "sweep complete" : "sweep stopped"]
        default: []
        }
    }

    private func describe(_ report: RunReport) -> [String] {
        // A sweep has no model of its own.
        guard !report.units.isEmpty else { return ["done in \(QuantityText.duration(report.seconds))"] }
        let smaller = Double(report.fullPrecisionBytes) / Double(max(report.bytes, 1))
        return [
            "done in \(QuantityText.duration(report.seconds)): \(QuantityText.bytes(report.fullPrecisionBytes)) → "
                + "\(QuantityText.bytes(report.bytes)) (\(QuantityText.fixed(smaller, decimals: 1)) times smaller)"
                + describeAccuracy(report)
        ]
    }

    /// The evaluations side by side: top-1, or the KL where there are no labels.
    private func describeAccuracy(_ report: RunReport) -> String {
        // If bits have changed since calibration, the calibrated model is labelled with its own.
        let former = hasOtherBits ? summary.map { " at \(BitsText.label($0))" } ?? "" : ""
        let stages: [(name: String, evaluation: Evaluation?)] = [
            ("full precision", report.fullPrecision), ("calibrated\(former)", report.calibrated),
            ("final", report.final),
        ]
        let top1 = stages.compactMap { stage in
            stage.evaluation?.top1.map { "\(QuantityText.fixed($0, decimals: 2)) % \(stage.name)" }
        }
        if !top1.isEmpty {
            return ", top-1 \(top1.joined(separator: " → "))"
        }
        let kl = stages.dropFirst().compactMap { stage in
            stage.evaluation.map { "\(QuantityText.measure($0.kl)) nats \(stage.name)" }
        }
        return kl.isEmpty ? "" : ", KL \(kl.joined(separator: " → "))"
    }

    /// The unit's number and name; “the end” after the last unit.
    func place(_ unit: Int) -> String {
        guard let units = summary?.units else { return "unit \(unit + 1)" }
        guard units.indices.contains(unit) else { return "the end" }
        return isBrief ? units[unit].name : "unit \(unit + 1)/\(units.count) \(units[unit].name)"
    }
}
