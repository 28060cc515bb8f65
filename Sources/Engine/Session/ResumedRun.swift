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
    /// The number of images that attempts are compared on; nil where the process ended before that was decided.
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
    ///   - restoresPlan: Whether a plan's file that is damaged or changed is written again from the journal.
    /// - Throws: `RunFailure` where it holds no run, its files are not those that it wrote, another process works on it, or
    ///   nothing is left to do.
    init(directory path: String, mayBeFinished: Bool, restoresPlan: Bool) throws(RunFailure) {
        directory = RunDirectory(path: path)
        var fold = RunHistory()
        record = try RunRecord(continuing: path, restoresPlan: restoresPlan) { entry throws(RunFailure) in
            try fold.apply(entry, of: path)
        }
        summary = fold.summary
        if let plan = fold.plan, let ledger = fold.ledger {
            (self.plan, self.ledger) = (plan, ledger)
        } else {
            plan = try directory.plan()
            ledger = RunLedger(plan: plan, units: [])
        }
        (lines, seconds) = (fold.lines, fold.seconds)
        let manifest = fold.summary == nil ? nil : try? record.imageManifest()
        heldOutImages =
            fold.heldOutImages ?? manifest.map { $0.heldOut?.images.count ?? 0 }
            ?? ledger.plan.inputs?.heldOut
        (sweep, points) = (fold.sweep, fold.sweep == nil ? [] : fold.points)
        if fold.isFinished, sweep != nil {
            throw RunFailure(
                .badData, "the sweep in \(path) is finished; its points are in \(directory.journalPath)")
        }
        // A decision after the end removes the report before the journal has it.
        if fold.isFinished, directory.hasReport, !mayBeFinished {
            throw RunFailure(
                .badData,
                "the run in \(path) is finished, so there is nothing to continue; export or evaluate it")
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
