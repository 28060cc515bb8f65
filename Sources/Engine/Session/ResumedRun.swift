internal import Runs

/// A run to continue: its directory, locked, and what its journal amounts to.
struct ResumedRun {
    let record: RunRecord
    /// The first event's payload; nil where the process ended before it.
    let summary: RunSummary?
    /// The plan at the start.
    let plan: RunPlan
    /// Every decision and attempt so far.
    let ledger: RunLedger
    /// The time of the journal's last line, in seconds.
    let seconds: Double
    /// The number of images that attempts are compared on; nil if that was not decided yet.
    let heldOutImages: Int?
    /// The grid of a sweep by itself; nil for a run.
    let sweep: SweepRequest?
    /// The points of that sweep so far.
    let points: [SweepPoint]
    private let directory: RunDirectory
    /// The number of the journal's lines so far.
    private let lines: Int

    /// Takes a run directory over.
    ///
    /// - Parameters:
    ///   - path: The run directory.
    ///   - mayBeFinished: Whether a finished run can be opened again.
    /// - Throws: `RunFailure` where it holds no run, another process works on it, or nothing is left to do.
    init(directory path: String, mayBeFinished: Bool) throws(RunFailure) {
        directory = RunDirectory(path: path)
        var fold = JournalFold()
        record = try RunRecord(continuing: path) { entry throws(RunFailure) in
            try fold.apply(entry, of: path)
        }
        summary = fold.start?.summary
        if let start = fold.start {
            (plan, ledger) = (start.plan, start.ledger)
        } else {
            plan = try directory.plan()
            ledger = RunLedger(plan: plan, units: [])
        }
        (lines, seconds) = (fold.lines, fold.seconds)
        heldOutImages = fold.heldOutImages ?? (fold.isCalibrated ? 0 : nil)
        (sweep, points) = (fold.sweep, fold.sweep == nil ? [] : fold.points)
        if summary == nil { try directory.checkUnbegun() }
        if fold.isFinished, sweep != nil {
            throw RunFailure(
                .badData, "the sweep in \(path) is finished; its points are in \(directory.journalPath)")
        }
        // A decision after the end removes the report before the journal has it.
        if fold.isFinished, directory.hasReport, !mayBeFinished {
            throw RunFailure(
                .badData,
                "the run in \(path) is finished, so there is nothing to go on with; export or evaluate it")
        }
    }

    /// Reads the events so far again, one at a time.
    ///
    /// - Throws: What `readJournal` throws.
    func forEachEvent(_ body: (RunEvent) -> Void) throws(RunFailure) {
        try readJournal(directory.journalPath) { entry in
            if case .event(let event) = entry.content, entry.sequence <= lines { body(event) }
        }
    }

    /// Checks that the model and the images are those of the run.
    ///
    /// - Throws: `RunFailure` if they differ.
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

/// A fold over the lines of a journal, so that they need not be in memory at once.
private struct JournalFold {
    var start: (summary: RunSummary, plan: RunPlan, ledger: RunLedger)?
    var lines = 0
    var seconds = 0.0
    var heldOutImages: Int?
    /// Whether the whole model was calibrated, as at the start of a run but not of a sweep.
    var isCalibrated = false
    /// What the first line asks for, where it is that of a sweep by itself.
    var sweep: SweepRequest?
    var points: [SweepPoint] = []
    var isFinished = false

    mutating func apply(_ entry: JournalEntry, of directory: String) throws(RunFailure) {
        lines = entry.sequence
        seconds = entry.seconds
        guard case .event(let event) = entry.content else {
            if start == nil, case .command(.sweep(let request)) = entry.content { sweep = request }
            return
        }
        isFinished = false
        switch event {
        case .started(let summary) where start == nil:
            do throws(PlanError) {
                let plan = try RunPlan(yaml: summary.plan)
                start = (summary, plan, RunLedger(plan: plan, units: summary.units))
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
        start?.ledger.apply(event)
    }
}
