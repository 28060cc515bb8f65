internal import Runs
internal import TerminalUI

extension WorkbenchState {
    /// Where keys have a meaning now, innermost first.
    var contexts: [KeyContext] {
        if Layout.isTooSmall(size) {
            return overlay == .quit ? [.quit, .always] : [.small, .always]
        }
        switch overlay {
        case .quit: return [.quit, .always]
        case .help: return [.help, .always]
        case .themes: return [.themes, .always]
        case .export(let dialog):
            switch dialog.stage {
            case .editing: return [.export, .always]
            case .overwriting: return [.overwrite, .always]
            case .checking, .writing, .done: return [.result, .always]
            }
        case .palette: return [.palette, .always]
        case .open: return [.open, .always]
        case .redo: return [.redo, .always]
        case .attempts: return [.attempts, .always]
        case .rollBack: return [.rollBack, .always]
        case .site: return [.site, .always]
        case .images: return [.images, .always]
        case nil: break
        }
        guard run != nil else { return [.start, .everywhere, .always] }
        if editor.typing != nil { return [.field, .always] }
        if logFilter?.isTyping == true { return [.filter, .always] }
        if search?.isTyping == true { return [.search, .always] }
        let inner: [KeyContext] =
            focus == .log && logFilter != nil ? [.filtered] : focus == search?.panel ? [.found] : []
        return inner + [KeyContext(focus), .run, .everywhere, .always]
    }

    mutating func take(_ event: KeyEvent) -> [WorkbenchEffect] {
        let contexts = contexts
        if let action = settings.keys.action(for: event.key, in: contexts) {
            return perform(action)
        }
        if isTyping {
            if case .character = event.key { replaceUntouchedValue() }
            withTypedLine { _ = $0.apply(event) }
            return []
        }
        if !contexts.contains(.small), !contexts.contains(.quit) {
            notify("\(event.key.name) does nothing here; \(key(.help)) shows what does")
        }
        return []
    }

    /// Whether keys that mean nothing else go into a line of text.
    var isTyping: Bool {
        guard !Layout.isTooSmall(size) else { return false }
        switch overlay {
        case .help, .palette: return true
        case .open(let dialog): return !dialog.isOpening
        case .export(let dialog): return dialog.stage == .editing
        case .quit, .themes, .redo, .attempts, .rollBack, .site, .images: return false
        case nil:
            let isLooking = logFilter?.isTyping == true || search?.isTyping == true
            return run != nil && (editor.typing != nil || isLooking)
        }
    }

    /// Clears a value that nothing was changed in yet: what is typed or pasted replaces it.
    mutating func replaceUntouchedValue() {
        if case .open(var dialog) = overlay, isTyping, !dialog.touched.contains(dialog.field) {
            dialog.line = EditLine("")
            overlay = .open(dialog)
        }
        guard overlay == nil, let typing = editor.typing, typing.isUntouched else { return }
        editor.typing?.line = EditLine("")
    }

    /// Changes the line that is typed into, if there is one.
    mutating func withTypedLine(_ body: (inout EditLine) -> Void) {
        guard isTyping else { return }
        switch overlay {
        case .help(var help):
            body(&help.filter)
            help.offset = 0
            overlay = .help(help)
        case .export(var dialog):
            body(&dialog.line)
            (dialog.problem, dialog.suggestions) = (nil, [])
            overlay = .export(dialog)
        case .palette(var palette):
            body(&palette.line)
            (palette.selected, palette.problem) = (0, nil)
            overlay = .palette(palette)
        case .open(var dialog):
            body(&dialog.line)
            dialog.touched.insert(dialog.field)
            (dialog.problem, dialog.suggestions) = (nil, [])
            overlay = .open(dialog)
        default:
            if editor.typing == nil, search?.isTyping == true, var changed = search {
                body(&changed.line)
                search = changed
                select(changed.match(in: searchedTexts, from: changed.origin) ?? changed.origin)
                return
            }
            if editor.typing == nil, var filter = logFilter {
                body(&filter.line)
                logFilter = filter
                logOffset = 0
                return
            }
            guard var typing = editor.typing else { return }
            body(&typing.line)
            (typing.problem, typing.isUntouched) = (nil, false)
            editor.typing = typing
        }
    }

    /// Does what a key or a click asks for, or says why it cannot be done.
    mutating func perform(_ action: Action) -> [WorkbenchEffect] {
        if overlay == nil, let obstacle = obstacle(to: action) {
            notify(obstacle, .warning)
            return []
        }
        if notice?.severity != .error { notice = nil }
        if let effects = performGlobally(action) { return effects }
        if overlay != nil { return performInOverlay(action) }
        guard run != nil else { return performAtStart(action) }
        return performInRun(action)
    }

    /// What is the same everywhere; nil for everything else.
    private mutating func performGlobally(_ action: Action) -> [WorkbenchEffect]? {
        switch action {
        case .interrupt: return interrupt()
        case .suspend: return [.suspend]
        case .redraw: return [.redraw]
        case .quit: return askToQuit()
        case .help: overlay = .help(HelpOverlay())
        case .themes: overlay = .themes(ThemePicker(previous: theme))
        case .palette: overlay = .palette(CommandPalette())
        case .reload: return [.reloadSettings]
        case .glyphs:
            glyphs = glyphs.next
            notify("glyphs: \(glyphs.rawValue)")
        case .mouse:
            capturesMouse.toggle()
            notify(
                capturesMouse
                    ? "the mouse works here"
                    : "the mouse is the terminal's: it selects text; \(key(.mouse)) takes it back"
            )
            return [.captureMouse(capturesMouse)]
        default: return nil
        }
        return []
    }

    private mutating func performAtStart(_ action: Action) -> [WorkbenchEffect] {
        let fields = startFields
        let index = fields.firstIndex(of: start.field) ?? 0
        func field(_ index: Int) -> StartForm.Field { fields[min(max(index, 0), fields.count - 1)] }
        switch action {
        case .up: start.field = fields[(index + fields.count - 1) % fields.count]
        case .down: start.field = fields[(index + 1) % fields.count]
        case .first: start.field = field(0)
        case .last: start.field = field(fields.count - 1)
        case .left, .right: return moveChoiceAtStart(by: action == .left ? -1 : 1)
        case .start:
            if case .recent(let index) = start.field { return openRecent(index) }
            return beginRun()
        case .open: openDialog()
        case .resumeRun: return resumeRun()
        default: break
        }
        return []
    }

    /// What can be selected on the start screen.
    var startFields: [StartForm.Field] {
        StartForm.Field.ofPlan + shownRecents.indices.map { .recent($0) }
    }

    private mutating func beginRun() -> [WorkbenchEffect] {
        run = RunProgress(plan: start.plan, startedAt: now)
        runDirectory = nil
        log = LogRing()
        reporter = PlainReporter(brief: true)
        let draft = editor.draft
        editor = ParameterEditor()
        editor.draft(draft)
        (chart, logFilter, search) = (ChartView(), nil, nil)
        (chosenUnit, chosenBits, logOffset, editsAtGate) = (nil, nil, 0, false)
        (focus, tab, isFullScreen) = (.units, .reconstruction, false)
        return [.startRun(start.plan)]
    }

    // MARK: - Quitting

    /// Whether a run would be lost.
    var hasLiveRun: Bool { run.map { !$0.hasEnded } ?? false }

    private mutating func askToQuit() -> [WorkbenchEffect] {
        guard hasLiveRun else { return [.quit(exitCode)] }
        overlay = .quit
        return []
    }

    /// Ctrl-C: as q, and twice within two seconds, or in the dialog, quits at once.
    private mutating func interrupt() -> [WorkbenchEffect] {
        let isSecond = lastInterrupt.map { now - $0 < 2 } ?? false
        lastInterrupt = now
        if isSecond || overlay == .quit || quittingSince != nil {
            return quitNow(code: hasLiveRun ? Self.interrupted : exitCode)
        }
        return askToQuit()
    }

    /// Asks the run to end; the program quits with its last event, or when its patience is over.
    mutating func stopAndQuit() -> [WorkbenchEffect] {
        overlay = nil
        guard hasLiveRun else { return [.quit(exitCode)] }
        guard quittingSince == nil else { return quitNow(code: Self.interrupted) }
        quittingSince = now
        return [.send(.stop)]
    }
}
