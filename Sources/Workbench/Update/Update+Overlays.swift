internal import Runs
internal import TerminalUI

extension WorkbenchState {
    mutating func performInOverlay(_ action: Action) -> [WorkbenchEffect] {
        switch overlay {
        case .quit:
            if action == .confirm { return stopAndQuit() }
            overlay = nil
        case .help(let help): moveHelp(help, action)
        case .themes(let picker): pickTheme(picker, action)
        case .export(let dialog): return performInExport(dialog, action)
        case .palette(let palette): return performInPalette(palette, action)
        case .open(let dialog): return performInOpen(dialog, action)
        case .redo(let dialog): return performInRedo(dialog, action)
        case .attempts(let view): return performInAttempts(view, action)
        case .rollBack(let unit):
            overlay = nil
            return action == .confirm ? [.send(.rollBack(unit: unit))] : []
        case .site(let view): return performInSite(view, action)
        case .images(let view): return performInImages(view, action)
        case nil: break
        }
        return []
    }

    private mutating func moveHelp(_ help: HelpOverlay, _ action: Action) {
        var help = help
        let overlay = Layout(self).overlay
        let page = max(1, overlay.height - 4)
        let rows = HelpText.rows(
            of: settings.keys, matching: help.filter.text, width: overlay.width - 4)
        let last = max(0, rows.count - page)
        switch action {
        case .cancel where !help.filter.isEmpty: help = HelpOverlay()
        case .cancel:
            self.overlay = nil
            return
        case .up: help.offset -= 1
        case .down: help.offset += 1
        case .pageUp: help.offset -= page
        case .pageDown: help.offset += page
        default: break
        }
        help.offset = min(max(help.offset, 0), last)
        self.overlay = .help(help)
    }

    private mutating func pickTheme(_ picker: ThemePicker, _ action: Action) {
        let index = themeNames.firstIndex(of: theme) ?? 0
        func name(_ index: Int) -> String {
            themeNames.isEmpty ? theme : themeNames[min(max(index, 0), themeNames.count - 1)]
        }
        switch action {
        case .up: theme = name(index - 1)
        case .down: theme = name(index + 1)
        case .first: theme = name(0)
        case .last: theme = name(themeNames.count - 1)
        case .cancel:
            theme = picker.previous
            overlay = nil
        case .confirm:
            overlay = nil
            memory.theme = theme
        default: break
        }
    }

    // MARK: - Export

    mutating func openExport() {
        guard let run else { return }
        let stem = Self.fileStem(of: run)
        overlay = .export(
            ExportDialog(
                format: run.report == nil ? .recipe : .packed,
                paths: [
                    .packed: EditLine("\(stem).safetensors"), .recipe: EditLine("\(stem).yaml"),
                ]))
    }

    /// A file name that says what is in the file, such as `fashion-vit-w4a4`, or `-w4-6a4` of mixed bits.
    private static func fileStem(of run: RunProgress) -> String {
        let name = run.plan.model.split { $0 == "/" || $0 == ":" }.last.map(String.init) ?? "model"
        let stem = name.hasSuffix(".safetensors") ? String(name.dropLast(12)) : name
        // A range of bits takes a hyphen, which every shell and file system takes.
        return "\(stem)-\(run.bitsLabel.lowercased().replacing("–", with: "-"))"
    }

    private mutating func performInExport(_ dialog: ExportDialog, _ action: Action) -> [WorkbenchEffect] {
        var dialog = dialog
        switch (dialog.stage, action) {
        case (.editing, .switchFormat), (.editing, .up), (.editing, .down): switchFormat(&dialog)
        case (.editing, .complete): return [.complete(dialog.path, canBeSample: false)]
        case (.editing, .confirm):
            guard !dialog.path.isEmpty else {
                dialog.problem = "a path is needed"
                break
            }
            dialog.stage = .checking
            overlay = .export(dialog)
            return [.checkPath(dialog.path)]
        case (.overwriting, .confirm):
            overlay = .export(dialog)
            return write()
        case (.overwriting, .cancel): dialog.stage = .editing
        case (_, .cancel):
            overlay = nil
            return []
        default: break
        }
        overlay = .export(dialog)
        return []
    }

    private mutating func switchFormat(_ dialog: inout ExportDialog) {
        if dialog.format == .recipe, run?.report == nil {
            dialog.problem = "packed can be written when every unit is quantized"
        } else {
            dialog.problem = nil
            dialog.format = dialog.format == .packed ? .recipe : .packed
        }
    }

    mutating func pathChecked(_ path: String, _ state: PathState) -> [WorkbenchEffect] {
        guard case .export(var dialog) = overlay, dialog.stage == .checking, dialog.path == path else {
            return []
        }
        switch state {
        case .free: return write()
        case .exists: dialog.stage = .overwriting
        case .impossible(let reason):
            dialog.stage = .editing
            dialog.problem = reason
        }
        overlay = .export(dialog)
        return []
    }

    /// Writes the file: the engine does at a gate, the program when the run has ended.
    private mutating func write() -> [WorkbenchEffect] {
        guard case .export(var dialog) = overlay, let run else { return [] }
        if let obstacle = obstacleToWriting(dialog.format) {
            dialog.stage = .editing
            dialog.problem = obstacle
            overlay = .export(dialog)
            return []
        }
        dialog.stage = .writing
        dialog.problem = nil
        overlay = .export(dialog)
        guard run.hasEnded, let runDirectory else {
            return [.send(.export(dialog.format, path: dialog.path))]
        }
        return [.export(dialog.format, of: runDirectory, path: dialog.path)]
    }

    /// The run may have gone on since the dialog was opened.
    private func obstacleToWriting(_ format: ExportFormat) -> String? {
        if let obstacle = obstacle(to: .export) { return obstacle }
        return format == .packed && run?.report == nil
            ? "packed can be written when every unit is quantized" : nil
    }

    mutating func exportDone(path: String, _ result: ExportResult) {
        guard case .export(var dialog) = overlay, dialog.stage == .writing, dialog.path == path else {
            return notify(
                "wrote \(path), \(QuantityText.bytes(result.bytes)); "
                    + result.verification.summary, .success)
        }
        dialog.stage = .done(result)
        overlay = .export(dialog)
    }

    mutating func exportFailed(_ reason: String) {
        guard case .export(var dialog) = overlay, dialog.stage == .writing else { return }
        dialog.stage = .editing
        dialog.problem = reason
        overlay = .export(dialog)
    }
}
