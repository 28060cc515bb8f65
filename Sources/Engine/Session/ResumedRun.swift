internal import Runs

/// A run that goes on: its directory, locked, and what its journal tells.
struct ResumedRun {
    let record: RunRecord
    /// Every event so far.
    let events: [RunEvent]
    /// How the run began; nil where its process ended before it could say so.
    let summary: RunSummary?
    /// The plan at the start.
    let plan: RunPlan
    /// What the events come to.
    let ledger: RunLedger
    /// The time up to the last line, in seconds.
    let seconds: Double

    /// Takes a run directory over.
    ///
    /// - Parameters:
    ///   - path: The run directory.
    ///   - mayBeFinished: Whether a run that is finished can be opened again.
    /// - Throws: `RunFailure` where it holds no run, another process works on it, or there is nothing to go on with.
    init(directory path: String, mayBeFinished: Bool) throws {
        record = try RunRecord(continuing: path)
        let journal = try RunDirectory(path: path).journal()
        events = journal.events
        seconds = journal.entries.last?.seconds ?? 0
        summary = events.lazy.compactMap { if case .started(let summary) = $0 { summary } else { nil } }.first
        guard let summary else {
            plan = try RunDirectory(path: path).plan()
            ledger = RunLedger(plan: plan, units: [])
            return
        }
        do throws(PlanError) {
            plan = try RunPlan(yaml: summary.plan)
        } catch {
            throw RunFailure(
                .badData, "the journal of \(path) begins with a plan that cannot be used: \(error)")
        }
        ledger = RunLedger(events, plan: plan, units: summary.units)
        let isSweep = events.contains { if case .sweepStarted = $0 { true } else { false } }
        guard isCalibrated || !isSweep else {
            throw RunFailure(
                .badData, "\(path) is a sweep, which cannot go on; start it again in a new folder")
        }
        if case .finished = events.last, !mayBeFinished {
            throw RunFailure(
                .badData,
                "the run in \(path) is finished, so there is nothing to go on with; export or evaluate it")
        }
    }

    /// Whether the whole model was calibrated, which a run does at its start and a sweep does not.
    private var isCalibrated: Bool {
        events.contains { if case .evaluated(.calibrated, _) = $0 { true } else { false } }
    }

    /// The number of images that attempts are compared on; nil where that was not decided yet.
    var heldOutImages: Int? {
        let known = events.lazy.compactMap { event -> Int? in
            if case .heldOutMeasured(let baseline) = event { baseline.fullPrecision.images } else { nil }
        }
        return known.first ?? (isCalibrated ? 0 : nil)
    }

    /// Checks that the model and the images are those of the run.
    ///
    /// - Throws: `RunFailure` that says what is different.
    func check(_ now: RunSummary) throws {
        guard let summary else { return }
        let same =
            summary.units == now.units && summary.architecture == now.architecture
            && summary.calibrationImages == now.calibrationImages
            && summary.evaluationImages == now.evaluationImages
        guard same else { throw ResumedRun.otherInputs }
    }

    static let otherInputs = RunFailure(
        .badData,
        "the checkpoint or the images are not those that the run began with; put them back, or start a new run"
    )
}
