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
    return effects + state.askForEstimates()
}

extension WorkbenchState {
    /// How long the program waits for the run to end before it quits anyway, in seconds.
    static let patience = 5.0
    /// The exit code of a program that is ended while a run is in work.
    static let interrupted: Int32 = 130

    mutating func take(_ event: InputEvent) -> [WorkbenchEffect] {
        switch event {
        case .key(let key): return take(key)
        case .mouse(let mouse): return take(mouse)
        case .paste(let text):
            replaceUntouchedValue()
            withTypedLine { $0.insert(text) }
            return []
        case .resize(let width, let height):
            size = ScreenSize(width: max(0, width), height: max(0, height))
            return []
        case .signal(let number): return quitNow(code: 128 &+ number)
        case .closed: return quitNow(code: Self.interrupted - 1)
        case .suspendRequest, .resumed, .wake: return []
        }
    }

    mutating func take(_ time: Duration) -> [WorkbenchEffect] {
        let (seconds, attoseconds) = time.components
        now = max(now, Double(seconds) + Double(attoseconds) * 1e-18)
        if let notice, now >= notice.until { self.notice = nil }
        if let quittingSince, now - quittingSince >= Self.patience { return [.quit(Self.interrupted)] }
        return []
    }

    mutating func take(_ outcome: WorkbenchOutcome) -> [WorkbenchEffect] {
        switch outcome {
        case .pathChecked(let path, let state): return pathChecked(path, state)
        case .exported(let format, let path, let result):
            return take(.exported(format: format, path: path, result))
        case .wrote(let path, let bytes, let summary):
            log.append("wrote \(path), \(QuantityText.bytes(bytes)); \(summary)", .success, at: runSeconds)
            exportDone(path: path, bytes: bytes, summary: summary)
            return []
        case .exportFailed(let reason):
            log.append(reason, .error, at: runSeconds)
            notify(reason, .error)
            exportFailed(reason)
            return []
        case .estimated(let plan, let estimate):
            switch estimate {
            case .success(let estimate): estimates.note(.known(estimate), of: plan)
            case .failure(let failure): estimates.note(.unknown(failure.message), of: plan)
            }
            return []
        case .completed(let text, let suggestions): return completed(text, suggestions)
        case .opened(let opened, let request): return take(opened, of: request)
        case .openRefused(let reason, let request): return openRefused(reason, of: request)
        case .resumeRefused(let reason): return resumeRefused(reason)
        case .settingsRead(let settings, let themes, let problems):
            return take(settings, themes: themes, problems: problems)
        case .settingsWritten(let path): return say("wrote \(path)", .success)
        case .failed(let reason): return say(reason, .error)
        case .resumed(let recorded, let directory):
            isResuming = false
            show(recorded, directory: directory)
            run?.goOn(at: now)
            notify("the run goes on", .success)
            return []
        case .runRefused(let failure):
            run?.refuse(failure, at: now)
            note(.failed(failure))
            showEnd()
            return quittingSince == nil ? [] : [.quit(failure.exitCode)]
        }
    }

    mutating func take(_ event: RunEvent) -> [WorkbenchEffect] {
        guard run != nil else { return [] }
        run?.apply(event, at: now)
        note(event)
        switch event {
        case .started(let summary):
            runDirectory = summary.directory
            return [.remember(remembered)]
        case .waiting(let unit): arrive(at: unit)
        case .changed(_, let changes, _):
            editor.settle(changes)
            if Layout(self).frame(of: .log) == nil, let said = log.entries.last?.text {
                notify(said, .success)
            }
        case .siteInspected, .imagesInspected: take(lookedAt: event)
        case .attemptChosen, .rolledBack, .undone, .redoStarted:
            if Layout(self).frame(of: .log) == nil, let said = log.entries.last?.text {
                notify(said, .success)
            }
        case .resumed: leaveGate()
        case .exported(_, let path, let result):
            exportDone(
                path: path, bytes: result.bytes, summary: QuantityText.verification(result.verification))
        case .warning(let reason):
            notify(reason, .warning)
            exportFailed(reason)
        case .finished, .stopped, .failed:
            showEnd()
            if quittingSince != nil { return [.quit(exitCode)] }
            if overlay == .quit { overlay = nil }
            return [.remember(remembered)]
        default: break
        }
        return []
    }

    /// The exit code of a program that ends now.
    var exitCode: Int32 {
        guard let run else { return 0 }
        switch run.phase {
        case .finished: return 0
        case .failed(let failure): return failure.exitCode
        default: return Self.interrupted
        }
    }

    /// Ends the program without waiting for the run.
    mutating func quitNow(code: Int32) -> [WorkbenchEffect] {
        guard let run, !run.hasEnded else { return [.quit(code)] }
        return [.send(.stop), .quit(code)]
    }

    /// Brings what became of the run into view.
    private mutating func showEnd() {
        editor.typing = nil
        chosenUnit = nil
        tab = .reconstruction
        if Layout(self).mode == .single { focus = .reconstruction }
    }

    private mutating func arrive(at unit: Int) {
        guard editsAtGate, let run else { return }
        editsAtGate = false
        guard unit < run.units.count else {
            return notify("no unit is left that could have other parameters", .warning)
        }
        show(.parameters)
        notify(
            "the run waits: \(key(.editField)) changes a value, \(key(.apply)) applies, \(key(.pause)) goes on"
        )
    }

    private mutating func leaveGate() {
        editor.typing = nil
        if !editor.draft.isEmpty {
            let count = editor.draft.count
            notify("\(count == 1 ? "1 change" : "\(count) changes") not applied, kept as a draft", .warning)
        }
    }

    /// Writes what happened into the log; what repeats many times a second is left out.
    private mutating func note(_ event: RunEvent) {
        let before = log.total
        log.note(event, by: &reporter, at: runSeconds)
        let added = log.total - before
        if added > 0, logOffset > 0 { logOffset = min(logOffset + added, max(0, shownLog.count - 1)) }
    }
}
