internal import Runs
internal import TerminalUI

extension WorkbenchState {
    mutating func openExport() {
        guard let run else { return }
        let stem = Self.fileStem(of: run)
        overlay = .export(
            ExportDialog(
                kind: run.report == nil ? .recipe : .packed,
                paths: [
                    .packed: EditLine("\(stem).safetensors"), .recipe: EditLine("\(stem).yaml"),
                    .curves: EditLine("\(stem)-curves.csv"), .picture: EditLine("\(stem)-screen.svg"),
                ]))
    }

    /// A file name that says what is in the file, such as `fashion-vit-w4a4`, or `-w4-6a4` of mixed bits.
    private static func fileStem(of run: RunProgress) -> String {
        let name = run.plan.model.split { $0 == "/" || $0 == ":" }.last.map(String.init) ?? "model"
        let stem = name.hasSuffix(".safetensors") ? String(name.dropLast(12)) : name
        // A range of bits takes a hyphen, which every shell and file system takes.
        return "\(stem)-\(run.bitsLabel.lowercased().replacing("–", with: "-"))"
    }

    mutating func performInExport(_ dialog: ExportDialog, _ action: Action) -> [WorkbenchEffect] {
        var dialog = dialog
        switch (dialog.stage, action) {
        case (.editing, .switchFormat), (.editing, .down): dialog.turn(by: 1)
        case (.editing, .up): dialog.turn(by: -1)
        case (.editing, .complete): return [.complete(dialog.path, canBeSample: false)]
        case (.editing, .confirm):
            if let obstacle = obstacleToWriting(dialog) {
                dialog.problem = obstacle
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

    /// Writes the file: the engine does what is its own at a gate, the program everything else.
    private mutating func write() -> [WorkbenchEffect] {
        guard case .export(var dialog) = overlay, let run else { return [] }
        if let obstacle = obstacleToWriting(dialog) {
            dialog.stage = .editing
            dialog.problem = obstacle
            overlay = .export(dialog)
            return []
        }
        dialog.stage = .writing
        dialog.problem = nil
        overlay = .export(dialog)
        let path = dialog.path
        switch (dialog.kind, dialog.kind.format) {
        case (_, let format?):
            guard run.hasEnded, let runDirectory else { return [.send(.export(format, path: path))] }
            return [.export(format, of: runDirectory, path: path)]
        case (.picture, nil): return [.writePicture(screenBehind, theme: theme, path: path)]
        case (_, nil): return runDirectory.map { [.writeCurves(of: $0, path: path)] } ?? []
        }
    }

    /// The screen without the dialog.
    private var screenBehind: CellGrid {
        var state = self
        (state.overlay, state.notice) = (nil, nil)
        return view(state, size: size)
    }

    /// The run may have gone on since the dialog was opened.
    private func obstacleToWriting(_ dialog: ExportDialog) -> String? {
        if let obstacle = obstacle(to: .export) { return obstacle }
        if dialog.path.isEmpty { return "a path is needed" }
        if dialog.kind == .packed, run?.report == nil {
            return "packed can be written when every unit is quantized"
        }
        if dialog.kind == .curves, runDirectory == nil { return "the run has no folder to read them from" }
        return dialog.kind.endingsInstead(of: dialog.path).map { "the name must end with \($0)" }
    }

    mutating func exportDone(path: String, bytes: Int, summary: String) {
        guard case .export(var dialog) = overlay, dialog.stage == .writing, dialog.path == path else {
            return notify("wrote \(path), \(QuantityText.bytes(bytes)); \(summary)", .success)
        }
        dialog.stage = .done(bytes: bytes, summary: summary)
        overlay = .export(dialog)
    }

    mutating func exportFailed(_ reason: String) {
        guard case .export(var dialog) = overlay, dialog.stage == .writing else { return }
        dialog.stage = .editing
        dialog.problem = reason
        overlay = .export(dialog)
    }
}
