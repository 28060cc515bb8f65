internal import RunText
internal import Runs
internal import TerminalUI

/// The start screen, and opening and resuming what it offers.
extension WorkbenchState {
    /// The runs that the start screen offers.
    var shownRecents: [RecentRun] { Array(memory.runs.prefix(5)) }

    /// The models that the start screen offers: samples, then checkpoints that were opened, then the plan's own.
    var offeredModels: [RecentModel] {
        let known = start.samples.map { RecentModel(model: $0) } + memory.models
        let own = RecentModel(
            model: start.plan.model, calibration: start.plan.calibration, evaluation: start.plan.evaluation)
        return known.contains { $0.model == own.model } ? known : known + [own]
    }

    /// The place of the current model among those that are offered.
    var modelIndex: Int { offeredModels.firstIndex { $0.model == start.opening ?? start.plan.model } ?? 0 }

    private var selectedRecent: RecentRun? {
        guard case .recent(let index) = start.field, shownRecents.indices.contains(index) else { return nil }
        return shownRecents[index]
    }

    /// What Enter does on the start screen.
    var startVerb: String {
        switch start.field {
        case .recent: return "open the run"
        case .parameters: return "all parameters"
        default: return "start the run"
        }
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
            let (models, next) = (offeredModels, modelIndex + offset)
            guard models.indices.contains(next) else {
                let end = offset < 0 ? "first" : "last"
                return say(
                    "this is the \(end) of \(models.count) models; \(key(.open)) opens another", .warning)
            }
            let model = models[next]
            start.opening = model.model
            return ask(
                for: OpenRequest(
                    model: model.model, calibration: model.calibration ?? "",
                    evaluation: model.evaluation ?? ""))
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
        if start.field == .parameters {
            overlay = ParametersDialog(of: start)
            return []
        }
        run = RunProgress(plan: start.plan, startedAt: now)
        run?.estimate = estimates.estimate(of: start.plan)
        (runDirectory, stopping) = (nil, nil)
        log = LogRing()
        reporter = PlainReporter(brief: true)
        takeDraft(of: start.plan.model)
        resetPanels()
        return [.startRun(start.plan)]
    }

    /// Takes the edits that were not applied the last time that a model was run, and no other model's.
    private mutating func takeDraft(of model: String) {
        draftModel = model
        editor = ParameterEditor()
        editor.draft(memory.draft(of: model))
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
            remember(plan)
        case .plan(let plan, let card):
            start.take(plan: plan, card: card)
            remember(plan)
        case .run(let recorded, let directory): show(recorded, directory: directory)
        }
    }

    /// Remembers the checkpoint of a plan; samples are always offered.
    private mutating func remember(_ plan: RunPlan) {
        guard !start.samples.contains(plan.model) else { return }
        memory.remember(
            RecentModel(model: plan.model, calibration: plan.calibration, evaluation: plan.evaluation))
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
        guard let directory = run == nil ? selectedRecent?.directory : runDirectory else { return [] }
        return resume(directory)
    }

    mutating func resume(_ directory: String) -> [WorkbenchEffect] {
        if run == nil { start.opening = directory }
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
        takeDraft(of: recorded.progress.plan.model)
        resetPanels()
    }

    /// Shows a recorded run of a folder, and remembers it.
    package mutating func show(_ recorded: RecordedRun, directory: String) {
        start.opening = nil
        show(recorded)
        runDirectory = directory
        memory.remember(RecentRun(directory: directory, label: recorded.progress.label))
    }
}
