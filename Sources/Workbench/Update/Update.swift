internal import RunText
internal import Runs
package import TerminalUI

/// Handles a message: the only function that changes the state.
///
/// Reads no clock, no terminal and no engine.
///
/// - Parameters:
///   - state: The state of the workbench.
///   - message: Input, a batch of data from other threads, or the time.
/// - Returns: Effects to carry out.
package func update(
    _ state: inout WorkbenchState, _ message: LoopMessage<WorkbenchData>
) -> [WorkbenchEffect] {
    let effects =
        switch message {
        case .input(let event): state.take(event)
        case .tick(let time): state.take(time)
        case .data(let batch):
            batch.flatMap { item in
                switch item {
                case .event(let event): state.take(event)
                case .done(let outcome): state.take(outcome)
                }
            }
        }
    return effects + state.askForEstimates() + state.askForAccuracy()
}

extension WorkbenchState {
    /// How long the program waits for the run to end before it quits anyway, in seconds.
    static let patience = 5.0
    /// The exit code of a program that is ended during a run.
    static let interrupted: Int32 = 130

    fileprivate mutating func take(_ event: InputEvent) -> [WorkbenchEffect] {
        switch event {
        case .key(let key): return take(key)
        case .mouse(let mouse): return take(mouse)
        case .paste(let text): type(.text(text))
        case .resize(let width, let height):
            size = ScreenSize(width: max(0, width), height: max(0, height))
        case .signal(let number): return quitNow(code: 128 &+ number)
        case .closed: return quitNow(code: Self.interrupted - 1)
        case .suspendRequest, .resumed, .wake: break
        }
        return []
    }

    fileprivate mutating func take(_ time: Duration) -> [WorkbenchEffect] {
        let (seconds, attoseconds) = time.components
        now = max(now, Double(seconds) + Double(attoseconds) * 1e-18)
        if let notice, now >= notice.until { self.notice = nil }
        if let quittingSince, now - quittingSince >= Self.patience { return [.quit(Self.interrupted)] }
        return askForMachine()
    }

    fileprivate mutating func take(_ outcome: WorkbenchOutcome) -> [WorkbenchEffect] {
        switch outcome {
        case .pathChecked(let path, let answer):
            return withOverlay(ExportDialog.self) { $0.take(answer, of: path, $1) }
        case .exported(let format, let path, let result):
            return take(.exported(format: format, path: path, result))
        case .wrote(let path, let bytes, let summary):
            log.append("wrote \(path), \(QuantityText.bytes(bytes)); \(summary)", .success, at: runSeconds)
            exportDone(path: path, bytes: bytes, summary: summary)
        case .exportFailed(let reason):
            log.append(reason, .error, at: runSeconds)
            notify(reason, .error)
            exportFailed(reason)
        case .estimated(let plan, .success(let estimate)):
            // All estimates of the start screen come from one timing of the model.
            if run == nil, plan == start.plan { estimatedAt = max(estimatedAt, now) }
            estimates.note(.known(estimate), of: plan)
        case .estimated(let plan, .failure(let failure)): estimates.note(.unknown(failure.message), of: plan)
        case .completed(let text, let completions): take(completions: completions, of: text)
        case .opened(let opened, let request): take(opened, of: request)
        case .openRefused(let reason, let request): openRefused(reason, of: request)
        case .resumed(let recorded, let directory): resume(recorded, directory: directory)
        case .resumeRefused(let reason): resumeRefused(reason)
        case .settingsRead(let settings, let themes, let problems):
            take(settings, themes: themes, problems: problems)
        case .settingsWritten(let path): notify("wrote \(path)", .success)
        case .failed(let reason): notify(reason, .error)
        case .machineMeasured(let use): machine = use
        case .runsChecked(let folders): self.folders.merge(folders) { $1 }
        case .runsCompared(let runs): take(runs)
        case .runsRefused(let reason): notify(reason, .error)
        case .accuracyRead(let change, let directory):
            if directory == runDirectory, run?.report != nil { run?.accuracyChange = change }
        case .runRefused(let failure):
            run?.refuse(failure, at: now)
            note(.failed(failure))
            showEnd()
            return quittingSince == nil ? [] : [.quit(failure.exitCode)]
        }
        return []
    }

    fileprivate mutating func take(_ event: RunEvent) -> [WorkbenchEffect] {
        guard run != nil else { return [] }
        run?.apply(event, at: now)
        note(event)
        return react(to: event) + followTrial(event)
    }

    private mutating func react(to event: RunEvent) -> [WorkbenchEffect] {
        switch event {
        case .started(let summary):
            runDirectory = summary.directory
            keepRun()
            return [.remember(memory)]
        case .sweepStarted: run?.sweep?.begin(askedSweep, at: now)
        case .sweepMeasured: run?.sweep?.measuredAt = now
        case .waiting(let unit):
            listChangedParametersFirst()
            editAtGate(before: unit)
        case .changed(_, let changes, _):
            editor.settle(changes)
            listChangedParametersFirst()
            repeatLastLine()
        case .unitStarted(let unit, _, _):
            // The unit that was selected is the one in progress now.
            if chosenUnit == unit { chosenUnit = nil }
            // A step of the unit before says nothing here.
            if chosenUnit == nil { chart.cursor = nil }
        case .redoStarted(let units, _, _):
            if let chosenUnit, !units.contains(chosenUnit) { self.chosenUnit = nil }
            repeatLastLine()
        case .attemptChosen, .rolledBack, .undone: repeatLastLine()
        case .siteInspected(let inspection):
            if var view = overlay as? SiteView, view.request == inspection.request {
                view.inspection = inspection
                overlay = view
            }
        case .imagesInspected(let page):
            if var view = overlay as? ImagesView, view.request == page.request {
                view.page = page
                overlay = view
            }
        case .resumed:
            chosenUnit = nil
            leaveGate()
        case .exported(let format, let path, let result):
            exportDone(
                path: path, bytes: result.bytes,
                summary: QuantityText.verification(
                    result.verification, of: format, at: path, run: runDirectory))
        case .warning(let reason):
            notify(reason, .warning)
            exportFailed(reason)
        case .finished, .stopped, .failed:
            showEnd()
            keepRun()
            if quittingSince != nil { return [.quit(exitCode)] }
            if overlay is QuitDialog || overlay is StopDialog { overlay = nil }
            defer { stopping = nil }
            return stopping == .leave ? leaveRun() : [.remember(memory)]
        default: break
        }
        return []
    }

    /// The exit code of a program that ends now.
    var exitCode: Int32 {
        switch run?.phase {
        case .failed(let failure): failure.exitCode
        // A run that its user stopped or left can go on; that is no failure.
        default: 0
        }
    }

    /// Ends the program without waiting for the run.
    mutating func quitNow(code: Int32) -> [WorkbenchEffect] {
        guard let run, !run.hasEnded else { return [.quit(code)] }
        return [.send(.stop), .quit(code)]
    }

    /// Asks how certain the top-1 of a result is, once.
    fileprivate mutating func askForAccuracy() -> [WorkbenchEffect] {
        guard let run, run.report?.final?.top1 != nil, !run.hasAskedForAccuracy, let runDirectory else {
            return []
        }
        self.run?.hasAskedForAccuracy = true
        return [.readAccuracy(of: runDirectory)]
    }

    /// Shows the result of the run.
    private mutating func showEnd() {
        editor.typing = nil
        (chosenUnit, lossView) = (nil, .ratio)
        tab = .reconstruction
        if Layout(self).mode == .single { focus = .reconstruction }
    }

    /// Adds an event to the log; an offset of the log keeps its lines in view.
    private mutating func note(_ event: RunEvent) {
        let before = log.total
        log.note(event, by: &reporter, at: runSeconds)
        let added = log.total - before
        if added > 0, logOffset > 0 { logOffset = min(logOffset + added, max(0, shownLog.count - 1)) }
    }

    /// Repeats the last line of the log in the footer if the log is not on the screen.
    private mutating func repeatLastLine() {
        if Layout(self).frame(of: .log) == nil, let line = log.entries.last?.text { notify(line, .success) }
    }

    private mutating func take(_ settings: WorkbenchSettings, themes: [String], problems: [String]) {
        self.settings = settings
        themeNames = themes
        if let name = settings.theme, themes.contains(name) { theme = name }
        if !themes.contains(theme) { theme = themes.first ?? "" }
        if let glyphs = settings.glyphs { self.glyphs = glyphs }
        guard let first = problems.first else {
            return notify("settings and themes were read again", .success)
        }
        notify(problems.count == 1 ? first : "\(first) (and \(problems.count - 1) more)", .warning)
    }

    /// Presses a key by its name in the help, and ignores the effects.
    ///
    /// - Returns: Whether there is such a key.
    package mutating func press(_ name: String) -> Bool {
        guard let key = Key(named: name) else { return false }
        _ = update(&self, .input(.key(KeyEvent(key))))
        return true
    }
}
