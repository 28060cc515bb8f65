internal import RunText
internal import Runs
internal import TerminalUI

/// The start screen, and opening and resuming what it offers.
extension WorkbenchState {
    /// The runs that the start screen offers.
    var shownRecents: [RecentRun] { Array(memory.runs.prefix(5)) }

    private var selectedRecent: RecentRun? {
        guard case .recent(let index) = start.field, shownRecents.indices.contains(index) else { return nil }
        return shownRecents[index]
    }

    /// What Enter does on the start screen.
    var startVerb: String {
        if case .recent = start.field { return "open the run" }
        return "start the run"
    }

    mutating func moveAtStart(_ move: Move) -> [WorkbenchEffect] {
        let fields = StartForm.Field.ofPlan + shownRecents.indices.map { .recent($0) }
        let index = fields.firstIndex(of: start.field) ?? 0
        switch move {
        case .up: start.field = fields[(index + fields.count - 1) % fields.count]
        case .down: start.field = fields[(index + 1) % fields.count]
        case .first, .last, .pageUp, .pageDown:
            start.field = fields[move.target(from: index, count: fields.count, page: fields.count)]
        case .left, .right:
            let offset = move.isBackward ? -1 : 1
            guard start.field == .model else {
                start.move(by: offset)
                return []
            }
            guard let sample = start.neighbouringSample(offset) else {
                return say("there is no other sample; \(key(.open)) opens a checkpoint", .warning)
            }
            start.opening = sample
            return ask(for: OpenRequest(model: sample))
        }
        return []
    }

    /// Opens the selected run, or starts the plan.
    mutating func startOrOpen() -> [WorkbenchEffect] {
        if case .recent = start.field {
            guard let directory = selectedRecent?.directory else { return [] }
            start.opening = directory
            return ask(for: OpenRequest(model: directory))
        }
        run = RunProgress(plan: start.plan, startedAt: now)
        run?.estimate = estimates.estimate(of: start.plan)
        runDirectory = nil
        log = LogRing()
        reporter = PlainReporter(brief: true)
        let draft = editor.draft
        editor = ParameterEditor()
        editor.draft(draft)
        resetPanels()
        return [.startRun(start.plan)]
    }

    private mutating func resetPanels() {
        (chart, logFilter, search, logOffset) = (ChartView(), nil, nil, 0)
        (chosenUnit, chosenBits, editsAtGate, trial) = (nil, nil, false, nil)
        (lossView, contributionView) = (.ratio, .gradient)
        (focus, tab, isFullScreen) = (.units, .reconstruction, false)
    }

    // MARK: - Opening

    /// Opens something; answers to earlier requests are ignored from now on.
    mutating func ask(for request: OpenRequest) -> [WorkbenchEffect] {
        awaited = request
        return [.open(request)]
    }

    /// Ignores the answer to the last request.
    mutating func stopOpening() { (awaited, start.opening) = (nil, nil) }

    mutating func showOpenDialog() {
        stopOpening()
        let plan = start.plan
        overlay = OpenDialog(
            OpenRequest(
                model: plan.model, calibration: plan.calibration ?? "", evaluation: plan.evaluation ?? ""))
    }

    mutating func take(_ opened: OpenedInput, of request: OpenRequest) {
        guard run == nil, request == awaited else { return }
        stopOpening()
        if overlay is OpenDialog { overlay = nil }
        switch opened {
        case .model(let card, let calibration, let evaluation):
            var plan = start.plan
            (plan.model, plan.calibration, plan.evaluation) = (card.reference, calibration, evaluation)
            if plan.model != start.plan.model { (plan.units, plan.sites) = ([], []) }
            start.take(plan: plan, card: card)
        case .plan(let plan, let card): start.take(plan: plan, card: card)
        case .run(let recorded, let directory): show(recorded, directory: directory)
        }
    }

    mutating func openRefused(_ reason: String, of request: OpenRequest) {
        guard request == awaited else { return }
        stopOpening()
        guard var dialog = overlay as? OpenDialog else { return notify(reason, .error) }
        dialog.refuse(reason)
        overlay = dialog
    }

    // MARK: - Recorded runs

    var obstacleToResuming: String? {
        selectedRecent == nil || isResuming ? "no recent run is selected" : nil
    }

    /// Resumes a run: the selected one of the start screen, or the one that is shown and has ended.
    mutating func resumeRun() -> [WorkbenchEffect] {
        if run == nil { start.opening = selectedRecent?.directory }
        guard let directory = run == nil ? start.opening : runDirectory else { return [] }
        isResuming = true
        return say("reading the journal of the run") + [.resumeRun(directory)]
    }

    mutating func resumeRefused(_ reason: String) {
        start.opening = nil
        isResuming = false
        trial = nil
        notify(reason, .error)
    }

    mutating func resume(_ recorded: RecordedRun, directory: String) {
        isResuming = false
        // An attempt without a term was asked for after the end.
        let asked = trial
        show(recorded, directory: directory)
        trial = asked
        run?.resume(at: now)
        notify("the run is resumed", .success)
    }

    /// Shows a recorded run as it was at its last event.
    package mutating func show(_ recorded: RecordedRun) {
        run = recorded.progress
        // Its times are the journal's; now is the time of its last event.
        run?.shift(by: now - recorded.seconds)
        log = recorded.log
        reporter = recorded.reporter
        resetPanels()
    }

    private mutating func show(_ recorded: RecordedRun, directory: String) {
        start.opening = nil
        show(recorded)
        runDirectory = directory
        memory.remember(RecentRun(directory: directory, label: recorded.progress.label))
    }
}
