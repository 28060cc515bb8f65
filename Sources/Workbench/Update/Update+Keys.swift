internal import RunText
internal import Runs
internal import TerminalUI

extension WorkbenchState {
    /// Where keys have a meaning now, innermost first.
    var contexts: [KeyContext] {
        if Layout.isTooSmall(size) { return [overlay is QuitDialog ? .quit : .small, .always] }
        if let overlay { return [overlay.context, .always] }
        guard run != nil else { return [.start, .everywhere, .always] }
        if editor.typing != nil { return [.field, .always] }
        if logFilter?.isTyping == true { return [.filter, .always] }
        if search?.isTyping == true { return [.search, .always] }
        let inner: [KeyContext] =
            focus == .log && logFilter != nil ? [.filtered] : focus == search?.panel ? [.found] : []
        return inner + [focus.content.context, .run, .everywhere, .always]
    }

    mutating func take(_ event: KeyEvent) -> [WorkbenchEffect] {
        let contexts = contexts
        if let action = settings.keys.action(for: event.key, in: contexts) {
            return perform(action) + refreshEstimate()
        }
        if isTyping {
            type(.key(event))
        } else if !contexts.contains(.small), !contexts.contains(.quit) {
            notify("\(event.key.name) does nothing here; \(key(.help)) shows what does")
        }
        return []
    }

    /// Carries out an action, or reports why it is not available.
    mutating func perform(_ action: Action) -> [WorkbenchEffect] {
        guard let behavior = settings.keys[action]?.behavior else { return [] }
        if let obstacle = behavior.obstacle(self) { return say(obstacle, .warning) }
        if notice?.severity != .error { notice = nil }
        return behavior.perform(&self)
    }

    // MARK: - Typing

    /// Whether keys without a meaning go into a line of text.
    var isTyping: Bool {
        guard !Layout.isTooSmall(size) else { return false }
        if let overlay { return overlay.isTyping }
        return run != nil
            && (editor.typing != nil || logFilter?.isTyping == true || search?.isTyping == true)
    }

    /// Changes the line that is typed into, if there is one.
    mutating func type(_ input: TypedInput) {
        guard isTyping else { return }
        if overlay != nil {
            withOverlay { overlay, _ in
                overlay.type(input)
                return []
            }
        } else if var typing = editor.typing {
            input.apply(to: &typing.line, replacing: typing.isUntouched)
            (typing.problem, typing.isUntouched) = (nil, false)
            editor.typing = typing
        } else if var search, search.isTyping {
            input.apply(to: &search.line)
            self.search = search
            let panel = search.panel.content
            panel.select(search.match(in: panel.lines(self), from: search.origin) ?? search.origin, in: &self)
        } else if var filter = logFilter {
            input.apply(to: &filter.line)
            (logFilter, logOffset) = (filter, 0)
        }
    }

    // MARK: - Moving

    /// Why a move is impossible now.
    func obstacle(to move: Move) -> String? {
        if let overlay { return overlay.obstacle(to: move, in: self) }
        if run == nil, case .recent = start.field, move == .left || move == .right {
            return "\(key(.start)) opens the run"
        }
        return run == nil ? nil : focus.content.obstacle(to: move, self)
    }

    /// Moves the selection of the overlay, of the start screen, or of the panel with the focus.
    mutating func move(_ move: Move) -> [WorkbenchEffect] {
        if overlay != nil { return withOverlay { $0.move(move, in: &$1) } }
        guard run != nil else { return moveAtStart(move) }
        focus.content.move(move, page: max(1, Layout(self).content(of: focus).height - 1), in: &self)
        return []
    }

    // MARK: - Quitting

    /// Whether quitting would stop a run.
    private var hasLiveRun: Bool { run.map { !$0.hasEnded } ?? false }

    mutating func askToQuit() -> [WorkbenchEffect] {
        guard hasLiveRun else { return [.quit(exitCode)] }
        overlay = QuitDialog()
        return []
    }

    /// Ctrl-C: as q; twice within two seconds, or in the dialog, it quits at once.
    mutating func interrupt() -> [WorkbenchEffect] {
        let isSecond = lastInterrupt.map { now - $0 < 2 } ?? false
        lastInterrupt = now
        if isSecond || overlay is QuitDialog || quittingSince != nil {
            return quitNow(code: hasLiveRun ? Self.interrupted : exitCode)
        }
        return askToQuit()
    }

    /// Stops the run; the program quits with its last event, or when its patience is over.
    mutating func stopAndQuit() -> [WorkbenchEffect] {
        overlay = nil
        guard hasLiveRun else { return [.quit(exitCode)] }
        guard quittingSince == nil else { return quitNow(code: Self.interrupted) }
        quittingSince = now
        return [.send(.stop)]
    }

    // MARK: - The terminal

    mutating func toggleMouse() -> [WorkbenchEffect] {
        capturesMouse.toggle()
        notify(
            capturesMouse
                ? "the mouse works here"
                : "the terminal has the mouse: it selects text; \(key(.mouse)) takes it back")
        return [.loop(.captureMouse(capturesMouse))]
    }

    /// Copies what has the focus.
    mutating func copy() -> [WorkbenchEffect] {
        guard let text = focus.content.copiedText(self) else {
            return say("there is nothing here to copy", .warning)
        }
        notify("copied “\(text.count > 40 ? text.prefix(40) + "…" : text)”", .success)
        return [.loop(.copy(text))]
    }

    // MARK: - Notices

    /// Shows a line in the footer for a while.
    mutating func notify(_ text: String, _ severity: LogRing.Severity = .info) {
        notice = Notice(text: text, severity: severity, until: now + Notice.duration(of: text))
    }

    /// Shows a line in the footer, and perhaps sends a command.
    mutating func say(
        _ text: String, _ severity: LogRing.Severity = .info, sending command: RunCommand? = nil
    ) -> [WorkbenchEffect] {
        notify(text, severity)
        return command.map { [.send($0)] } ?? []
    }
}
