internal import RunText
internal import Runs
internal import TerminalUI

/// The files that the export dialog can write.
enum ExportKind: CaseIterable, Hashable, Sendable {
    /// A format of the engine.
    case format(ExportFormat)
    /// What the run did and measured.
    case report(ReportFormat)
    /// The screen.
    case picture

    static let allCases = ExportFormat.allCases.map(format) + ReportFormat.allCases.map(report) + [picture]

    var name: String {
        switch self {
        case .format(let format): format.rawValue
        case .report(let format): format.rawValue
        case .picture: "picture"
        }
    }

    /// The file name to start from.
    func path(stem: String) -> String {
        switch self {
        case .format(let format): "\(stem).\(format.fileExtension)"
        case .report(let format):
            format.fileExtension.map { "\(stem)-report.\($0)" } ?? "\(stem)-\(format.rawValue)"
        case .picture: "\(stem)-screen.svg"
        }
    }

    /// The accepted extensions, if the path has another one.
    func extensionsInstead(of path: String) -> String? {
        switch self {
        case .format, .report: nil
        case .picture: PictureFormat(path: path) == nil ? PictureFormat.extensions : nil
        }
    }

    /// Whether the file is read back and compared after it is written.
    var isReadBack: Bool { if case .format = self { true } else { false } }

    /// Whether every unit must be quantized first.
    var needsCompleteModel: Bool {
        if case .format(let format) = self { format.needsCompleteModel } else { false }
    }
}

/// The export dialog.
struct ExportDialog: PathOverlay {
    /// Its progress.
    enum Stage: Equatable {
        case editing
        case checking
        /// There is a file at the path.
        case overwriting
        case writing
        /// The file was written; its size in bytes, and a summary.
        case done(bytes: Int, summary: String)
    }

    var kind: ExportKind
    var paths: [ExportKind: EditLine]
    var stage = Stage.editing
    var problem: String?
    var suggestions: [String] = []

    /// The path of the file.
    var line: EditLine {
        get { paths[kind] ?? EditLine() }
        set { paths[kind] = newValue }
    }

    static let keys: [KeyBinding] = [
        KeyBinding(
            .writeFile, [.enter], [.export], "write the file", hint: "write", rank: 1,
            .on(Self.self) { dialog, state in dialog.check(state) }),
        KeyBinding(
            .switchFormat, [.backtab], [.export], "the next format of the list", hint: "format", rank: 3,
            .move(.down)),
        KeyBinding(.closeExport, [.escape], [.export], "close", hint: "cancel", rank: 3, .close),
        KeyBinding(
            .replaceFile, ["y"], [.overwrite], "replace the file", hint: "replace it", rank: 1,
            .on(Self.self) { dialog, state in dialog.write(state) }),
        KeyBinding(
            .anotherPath, ["n", .escape], [.overwrite], "choose another path", hint: "another path", rank: 2,
            .on(Self.self) { dialog, _ in
                dialog.stage = .editing
                return []
            }),
        KeyBinding(.closeResult, [.escape, .enter], [.result], "close", hint: "close", rank: 1, .close),
    ]

    var context: KeyContext {
        switch stage {
        case .editing: .export
        case .overwriting: .overwrite
        case .checking, .writing, .done: .result
        }
    }

    var isTyping: Bool { stage == .editing }

    mutating func type(_ input: TypedInput) {
        input.apply(to: &line)
        (problem, suggestions) = (nil, [])
    }

    /// Chooses another kind; the first follows the last.
    mutating func move(_ move: Move, in state: inout WorkbenchState) -> [WorkbenchEffect] {
        let kinds = ExportKind.allCases
        let index = (kinds.firstIndex(of: kind) ?? 0) + (move.isBackward ? kinds.count - 1 : 1)
        kind = kinds[index % kinds.count]
        (problem, suggestions) = (nil, [])
        return []
    }

    func complete(in state: inout WorkbenchState) -> [WorkbenchEffect] {
        [.complete(line.text, canBeSample: false)]
    }

    /// Asks whether the path can be written.
    private mutating func check(_ state: WorkbenchState) -> [WorkbenchEffect] {
        problem = obstacle(state)
        guard problem == nil else { return [] }
        stage = .checking
        return [.checkPath(line.text)]
    }

    /// Takes the answer to whether the path can be written.
    mutating func take(_ answer: PathState, of path: String, _ state: WorkbenchState) -> [WorkbenchEffect] {
        guard stage == .checking, line.text == path else { return [] }
        switch answer {
        case .free: return write(state)
        case .exists: stage = .overwriting
        case .impossible(let reason): (stage, problem) = (.editing, reason)
        }
        return []
    }

    /// Writes the file: the engine writes its formats while it waits at a gate, the program everything else.
    private mutating func write(_ state: WorkbenchState) -> [WorkbenchEffect] {
        problem = obstacle(state)
        guard problem == nil, let run = state.run else {
            stage = .editing
            return []
        }
        stage = .writing
        let path = line.text
        switch kind {
        case .format(let format):
            guard run.hasEnded, let directory = state.runDirectory else {
                return [.send(.export(format, path: path))]
            }
            return [.export(format, of: directory, path: path)]
        case .report(let format):
            return state.runDirectory.map { [.writeReport(format, of: $0, path: path)] } ?? []
        case .picture:
            var uncovered = state
            (uncovered.overlay, uncovered.notice) = (nil, nil)
            return [.writePicture(view(uncovered, size: state.size), theme: state.theme, path: path)]
        }
    }

    /// Why the file cannot be written; the run may have continued since the dialog was opened.
    private func obstacle(_ state: WorkbenchState) -> String? {
        if let obstacle = state.obstacleToExport { return obstacle }
        if line.isEmpty { return "a path is needed" }
        if kind.needsCompleteModel, state.run?.isQuantized != true {
            return "\(kind.name) can be written when every unit is quantized"
        }
        if case .report = kind, state.runDirectory == nil { return "the run has no folder to read it from" }
        return kind.extensionsInstead(of: line.text).map { "the name must end with \($0)" }
    }

    // MARK: - Drawing

    func draw(on canvas: inout Canvas) {
        let kinds = ExportKind.allCases
        let rows = canvas.drawDialog("Export", (72, 9 + kinds.count)).rows([
            .fixed(kinds.count), .fixed(1), .fixed(1), .fixed(1), .share(1), .fixed(1),
        ])
        let nameWidth = kinds.map { cellWidth($0.name) }.max() ?? 0
        for (index, kind) in kinds.enumerated() {
            let isChosen = kind == self.kind
            let mark = isChosen ? "\(canvas.glyphs.symbol(.pointer))" : " "
            canvas.write(
                "\(mark) \(fitted(kind.name, width: nameWidth)) \(summary(of: kind, canvas.state))",
                in: rows[0].row(index), style: isChosen ? Style.text.bold : .muted)
        }
        canvas.write("path", in: rows[2], style: .muted)
        canvas.draw(line, in: rows[2].dropping(6), showsCursor: isTyping)
        if let problem { drawProblem(problem, in: rows[4], on: &canvas) } else { drawStage(rows[4], &canvas) }
        let keys: [Action] =
            switch stage {
            case .editing: [.writeFile, .complete, .switchFormat, .closeExport]
            case .overwriting: [.replaceFile, .anotherPath]
            case .checking, .writing, .done: [.closeResult]
            }
        canvas.writeKeys(keys, in: rows[5])
    }

    private func summary(of kind: ExportKind, _ state: WorkbenchState) -> String {
        switch kind {
        case .format(let format):
            if format.needsCompleteModel, state.run?.isQuantized != true {
                return "when every unit is quantized"
            }
            guard format == .packed, let report = state.run?.report else { return format.summary }
            return "\(format.summary); \(QuantityText.bytes(report.bytes))"
        case .report(let format): return format.summary
        case .picture: return "the screen, as \(PictureFormat.extensions)"
        }
    }

    private func drawStage(_ area: Rect, _ canvas: inout Canvas) {
        let glyphs = canvas.glyphs
        switch stage {
        case .editing: drawSuggestions(in: area, on: &canvas)
        case .checking: canvas.write("checking the path", in: area, style: .muted)
        case .overwriting:
            canvas.write(
                "\(glyphs.symbol(.warning)) The file exists. Replace it?", in: area,
                style: Style(.warn).bold)
        case .writing:
            canvas.write(
                kind.isReadBack ? "writing, then reading it back" : "writing", in: area,
                style: Style(.running))
        case .done(let bytes, let summary):
            canvas.grid.writeWrapped(
                "\(glyphs.symbol(.done)) Wrote \(QuantityText.bytes(bytes)); \(summary).", in: area,
                style: Style(.ok).bold)
        }
    }
}

extension WorkbenchState {
    /// Why nothing can be exported now.
    var obstacleToExport: String? {
        guard let run else { return "there is nothing to export before a run" }
        if run.report != nil { return runDirectory == nil ? "the run keeps no folder to export" : nil }
        if run.hasEnded { return "the run has no result to export" }
        if run.isSweeping { return sweepingText }
        return run.gate == nil
            ? "export works at a gate or when the run is done: \(key(.pause)) waits at the next gate" : nil
    }

    mutating func openExport() {
        guard let run else { return }
        let stem = Self.fileStem(of: run)
        let kinds = ExportKind.allCases
        overlay = ExportDialog(
            kind: kinds.first { run.isQuantized || !$0.needsCompleteModel } ?? .picture,
            paths: Dictionary(uniqueKeysWithValues: kinds.map { ($0, EditLine($0.path(stem: stem))) }))
    }

    /// A file name with the model and its bits, such as `fashion-vit-w4a4`, or `-w4-6a4` for mixed bits.
    private static func fileStem(of run: RunProgress) -> String {
        let name = run.plan.model.split { $0 == "/" || $0 == ":" }.last.map(String.init) ?? "model"
        let stem = name.hasSuffix(".safetensors") ? String(name.dropLast(12)) : name
        // A hyphen for ranges of bits: every shell and file system accepts it.
        return "\(stem)-\(run.bitsLabel.lowercased().replacing("–", with: "-"))"
    }

    /// Reports a written file in the dialog that waits for it, else in the footer.
    mutating func exportDone(path: String, bytes: Int, summary: String) {
        guard var dialog = overlay as? ExportDialog, dialog.stage == .writing, dialog.line.text == path else {
            return notify("wrote \(path), \(QuantityText.bytes(bytes)); \(summary)", .success)
        }
        dialog.stage = .done(bytes: bytes, summary: summary)
        overlay = dialog
    }

    /// Reports in the dialog that a file was not written.
    mutating func exportFailed(_ reason: String) {
        guard var dialog = overlay as? ExportDialog, dialog.stage == .writing else { return }
        (dialog.stage, dialog.problem) = (.editing, reason)
        overlay = dialog
    }
}
