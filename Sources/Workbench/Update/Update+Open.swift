internal import Runs
internal import TerminalUI

extension WorkbenchState {
    /// The runs that the start screen offers.
    var shownRecents: [RecentRun] { Array(memory.runs.prefix(5)) }

    /// What Enter does on the start screen.
    var startVerb: String {
        if case .recent = start.field { return "open the run" }
        return "start the run"
    }

    mutating func moveChoiceAtStart(by offset: Int) -> [WorkbenchEffect] {
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

    mutating func openRecent(_ index: Int) -> [WorkbenchEffect] {
        let recents = shownRecents
        guard recents.indices.contains(index) else { return [] }
        start.opening = recents[index].directory
        return ask(for: OpenRequest(model: recents[index].directory))
    }

    /// Asks what is there, and no longer for anything else.
    private mutating func ask(for request: OpenRequest) -> [WorkbenchEffect] {
        awaited = request
        return [.open(request)]
    }

    /// Lets what is asked for go.
    private mutating func stopOpening() { (awaited, start.opening) = (nil, nil) }

    /// Goes on with a run: the selected one of the start screen, or the one that is shown and has ended.
    mutating func resumeRun() -> [WorkbenchEffect] {
        var directory = runDirectory
        if run == nil {
            guard case .recent(let index) = start.field, shownRecents.indices.contains(index) else {
                return []
            }
            directory = shownRecents[index].directory
            start.opening = directory
        }
        guard let directory else { return [] }
        isResuming = true
        notify("reading what the run has done")
        return [.resumeRun(directory)]
    }

    mutating func openDialog() {
        stopOpening()
        var request = OpenRequest(model: start.plan.model)
        request.calibration = start.plan.calibration ?? ""
        request.evaluation = start.plan.evaluation ?? ""
        overlay = .open(OpenDialog(request))
    }

    mutating func performInOpen(_ dialog: OpenDialog, _ action: Action) -> [WorkbenchEffect] {
        var dialog = dialog
        let fields = OpenDialog.Field.allCases
        switch action {
        case .up: dialog.field = OpenDialog.Field(rawValue: dialog.field.rawValue - 1) ?? dialog.field
        case .down:
            dialog.field =
                OpenDialog.Field(rawValue: min(dialog.field.rawValue + 1, fields.count - 1)) ?? .model
        case .complete: return [.complete(dialog.line.text, canBeSample: true)]
        case .confirm:
            guard !dialog.isOpening else { return [] }
            guard !dialog.request.model.isEmpty else {
                dialog.problem = "a path or sample:NAME is needed"
                break
            }
            (dialog.isOpening, dialog.problem, dialog.suggestions) = (true, nil, [])
            overlay = .open(dialog)
            return ask(for: dialog.request)
        default:
            overlay = nil
            stopOpening()
            return []
        }
        if action == .up || action == .down { dialog.suggestions = [] }
        overlay = .open(dialog)
        return []
    }

    /// Takes what a text could go on with into the line that asked, if it still has that text.
    mutating func completed(_ text: String, _ suggestions: [String]) -> [WorkbenchEffect] {
        let line = Self.common(suggestions).flatMap { $0.count > text.count ? EditLine($0) : nil }
        let shown = suggestions.count > 1 ? suggestions : []
        let problem = suggestions.isEmpty ? "nothing begins with “\(text)”" : nil
        switch overlay {
        case .open(var dialog) where dialog.line.text == text:
            dialog.line = line ?? dialog.line
            dialog.touched.insert(dialog.field)
            (dialog.suggestions, dialog.problem) = (shown, problem)
            overlay = .open(dialog)
        case .export(var dialog) where dialog.stage == .editing && dialog.path == text:
            dialog.line = line ?? dialog.line
            (dialog.suggestions, dialog.problem) = (shown, problem)
            overlay = .export(dialog)
        default: break
        }
        return []
    }

    /// The longest beginning of all texts.
    private static func common(_ texts: [String]) -> String? {
        guard var result = texts.first else { return nil }
        for text in texts.dropFirst() {
            while !text.hasPrefix(result) { result.removeLast() }
        }
        return result
    }

    mutating func take(_ opened: OpenedInput, of request: OpenRequest) -> [WorkbenchEffect] {
        guard run == nil, request == awaited else { return [] }
        stopOpening()
        if case .open = overlay { overlay = nil }
        switch opened {
        case .model(let card, let calibration, let evaluation):
            var plan = start.plan
            (plan.model, plan.calibration, plan.evaluation) = (card.reference, calibration, evaluation)
            if plan.model != start.plan.model { (plan.units, plan.sites) = ([], []) }
            start.take(plan: plan, card: card)
        case .plan(let plan, let card): start.take(plan: plan, card: card)
        case .run(let recorded, let directory): show(recorded, directory: directory)
        }
        return []
    }

    mutating func resumeRefused(_ reason: String) -> [WorkbenchEffect] {
        start.opening = nil
        isResuming = false
        return say(reason, .error)
    }

    mutating func openRefused(_ reason: String, of request: OpenRequest) -> [WorkbenchEffect] {
        guard request == awaited else { return [] }
        stopOpening()
        guard case .open(var dialog) = overlay else { return say(reason, .error) }
        (dialog.isOpening, dialog.problem) = (false, reason)
        overlay = .open(dialog)
        return []
    }

    /// Shows a run that was recorded, as it was at its last event.
    package mutating func show(_ recorded: RecordedRun) {
        run = recorded.progress
        // Its times are the journal's; here it has just come to its last event.
        run?.shift(by: now - recorded.seconds)
        log = recorded.log
        reporter = recorded.reporter
        (chart, logFilter, search, logOffset) = (ChartView(), nil, nil, 0)
        (chosenUnit, chosenBits, editsAtGate) = (nil, nil, false)
        (focus, tab, isFullScreen) = (.units, .reconstruction, false)
    }

    /// Presses a key by its name, as help writes it; what would happen outside does not.
    ///
    /// - Returns: Whether there is such a key.
    package mutating func press(_ name: String) -> Bool {
        guard let key = Key(named: name) else { return false }
        _ = update(&self, .input(.key(key)))
        return true
    }

    mutating func show(_ recorded: RecordedRun, directory: String) {
        start.opening = nil
        show(recorded)
        runDirectory = directory
        memory.remember(RecentRun(directory: directory, label: recorded.progress.label))
    }

    mutating func take(
        _ settings: WorkbenchSettings, themes: [String], problems: [String]
    ) -> [WorkbenchEffect] {
        self.settings = settings
        themeNames = themes
        if let name = settings.theme, themes.contains(name) { theme = name }
        if !themes.contains(theme) { theme = themes.first ?? "" }
        if let glyphs = settings.glyphs { self.glyphs = glyphs }
        guard let first = problems.first else { return say("settings and themes were read again", .success) }
        return say(problems.count == 1 ? first : "\(first) (and \(problems.count - 1) more)", .warning)
    }
}
