internal import RunText
internal import Runs
internal import TerminalUI
internal import Vocabulary

/// The hyperparameters.
struct ParametersPanel: PanelContent {
    let name = "Parameters"
    let shortName = "Params"
    let context = KeyContext.parameters
    let action = Action.showParameters

    private static let (keyWidth, valueWidth) = (22, 11)

    var keys: [KeyBinding] {
        [
            KeyBinding(
                .editField, [.enter], [.parameters], "type a value, or take the next choice", hint: "change",
                rank: 2, isInPalette: false, .change(unless: \.obstacleToChangingField) { $0.editField() }),
            KeyBinding(
                .apply, ["a"], [.parameters], "apply the draft to the coming units", hint: "apply", rank: 3,
                .perform(unless: \.obstacleToApplying) { $0.applyDraft() }),
            KeyBinding(
                .undo, ["u"], [.parameters], "undo the last change of the draft", hint: "undo", rank: 4,
                .change(unless: { $0.editor.canUndo ? nil : "there is nothing to undo" }) {
                    $0.editor.undo()
                }),
            KeyBinding(
                .scope, ["o"], [.parameters], "change all coming units, or one", hint: "scope", rank: 4,
                .change(unless: \.obstacleToScope) { $0.changeScope() }),
            KeyBinding(
                .takeValue, [.enter], [.field], "take the value", hint: "take", rank: 1,
                .change { $0.editor.commitTyping(over: $0.draftBase) }),
            KeyBinding(
                .leaveValue, [.escape], [.field], "leave the value as it was", hint: "cancel", rank: 2,
                .change { $0.editor.typing = nil }),
        ]
    }

    func edges(isVertical: Bool, in mode: Layout.Mode) -> [(PanelSplits.Split, isBefore: Bool)] {
        guard isVertical else { return [(.units, false), (.tabbedLog, true)] }
        return mode == .full ? [(.columns, true)] : [(.list, false)]
    }

    /// Which units the parameters belong to.
    func title(_ state: WorkbenchState) -> String {
        guard let run = state.run, !run.units.isEmpty else { return "" }
        if let unit = state.draftUnit { return "\(run.units[unit].name) only" }
        if let gate = run.gate { return gate < run.units.count ? "from \(run.units[gate].name) on" : "" }
        return run.hasEnded ? "as used" : "read-only while running"
    }

    func lines(_ state: WorkbenchState) -> [String] {
        HyperparameterField.all.map { "\($0.key) \($0.summary)" }
    }

    func selection(_ state: WorkbenchState) -> Int { state.editor.selected }

    func select(_ index: Int, in state: inout WorkbenchState) { state.editor.selected = index }

    func move(_ move: Move, page: Int, in state: inout WorkbenchState) {
        guard move == .left || move == .right else {
            let count = HyperparameterField.all.count
            return select(move.target(from: selection(state), count: count, page: page), in: &state)
        }
        if let obstacle = state.obstacleToChangingField { return state.notify(obstacle, .warning) }
        if let field = state.editor.field {
            state.cycle(field, by: move.isBackward ? -1 : 1, wrapping: false)
        }
    }

    func click(x: Int, y: Int, in area: Rect, _ state: inout WorkbenchState) {
        let row = Table.row(
            at: y, in: parts(area)[0], headings: isWide(area) ? 1 : 0, selected: selection(state),
            count: HyperparameterField.all.count)
        if let row { select(row, in: &state) }
    }

    func copiedText(_ state: WorkbenchState) -> String? {
        state.editor.field.map { "\($0.key)=\($0.value(in: state.editor.applied(to: state.draftBase)))" }
    }

    // MARK: - Drawing

    /// Whether there is room for explanations beside the values, and for headings.
    private func isWide(_ area: Rect) -> Bool { area.width >= 100 }

    /// The list, and the lines below it that explain the selected parameter.
    private func parts(_ area: Rect) -> [Rect] {
        area.rows([.share(1), .fixed(isWide(area) || area.height < 8 ? 1 : 3)])
    }

    func draw(in area: Rect, on canvas: inout Canvas) {
        let state = canvas.state
        let (isWide, parts) = (isWide(area), parts(area))
        var columns = [
            TableColumn("parameter", width: .fixed(Self.keyWidth)),
            TableColumn("value", width: .fixed(Self.valueWidth)),
            TableColumn("", width: isWide ? .fixed(14) : .share(1)),
        ]
        if isWide {
            columns += [
                TableColumn("what it is", width: .share(1.2)), TableColumn("affects", width: .share(1)),
            ]
        }
        let (offset, body) = canvas.draw(
            Table(
                columns: columns, rows: HyperparameterField.all.map { row($0, state, isWide: isWide) },
                selected: state.editor.selected, hasHeading: isWide,
                isFocused: state.hasFocus(.parameters)), in: parts[0])
        if let typing = state.editor.typing {
            let row = body.row(state.editor.selected - offset).dropping(2 + Self.keyWidth + 1)
            canvas.grid.fill(row)
            canvas.draw(typing.line, in: row)
        }
        ParameterDetail(state: state).draw(in: parts[1].dropping(2), on: &canvas)
    }

    private func row(_ field: HyperparameterField, _ state: WorkbenchState, isWide: Bool) -> [TextSpan] {
        let isEditable = state.obstacleToDrafting == nil
        let real = field.value(in: isEditable ? state.draftBase : state.shownParameters)
        let planned = field.value(in: (state.run?.plan ?? state.start.plan).hyperparameters)
        let drafted = isEditable ? state.editor.drafted(field).flatMap { $0 == real ? nil : $0 } : nil
        let style: Style = isEditable && !field.isShared ? .text : .muted
        let note =
            drafted != nil
            ? TextSpan("was \(real)", Style(.warn))
            : planned == real ? TextSpan("") : TextSpan("plan \(planned)", .muted)
        let row = [
            TextSpan(field.key, style), TextSpan(drafted ?? real, drafted == nil ? style : Style(.warn).bold),
            note,
        ]
        return isWide ? row + [TextSpan(field.summary, .muted), TextSpan(field.affects, .muted)] : row
    }
}

/// The selected parameter's help, the problem of the typed value, and the cost of the draft.
private struct ParameterDetail {
    let state: WorkbenchState

    private var isEditable: Bool { state.obstacleToDrafting == nil }

    func draw(in area: Rect, on canvas: inout Canvas) {
        if let problem = state.editor.typing?.problem {
            canvas.grid.writeWrapped(problem, in: area, style: Style(.error))
            return
        }
        guard let field = state.editor.field else { return }
        if state.editor.typing != nil {
            canvas.grid.writeWrapped("\(field.key) accepts \(field.accepted)", in: area, style: .muted)
            return
        }
        let draft = draftText
        let style = draft == nil ? .muted : Style(.warn)
        let help = isEditable ? "; \(state.key(.apply)) applies, \(state.key(.undo)) undoes" : ""
        let lines = [field.summary, "affects \(field.affects)"]
        if area.height == 1 {
            return canvas.write(
                draft.map { $0 + help } ?? lines.joined(separator: "; "), in: area, style: style)
        }
        let last = draft ?? (isEditable ? ParameterEditor.obstacle(to: field) ?? comingText : hint)
        // A reason may need several lines; the explanation gives way to it.
        let above = max(1, area.height - max(1, wrapped(last, width: area.width).count))
        for (index, line) in lines.prefix(above).enumerated() {
            canvas.write(line, in: area.row(index), style: .muted)
        }
        let helped = draft == nil ? last : last + help
        canvas.grid.writeWrapped(
            cellWidth(helped) <= area.width ? helped : last, in: area.droppingRows(above), style: style)
    }

    /// The number of changes in the draft, and their cost; nil without any.
    private var draftText: String? {
        let count = state.draftBase.changes(to: state.editor.applied(to: state.draftBase)).count
        guard count > 0 else { return nil }
        let text = count == 1 ? "1 change" : "\(count) changes"
        guard isEditable else { return "\(text) kept as a draft" }
        switch (state.comingWork, state.draftedWork) {
        case (.known(let seconds, let bytes), .known(let draftedSeconds, let draftedBytes)):
            let (time, drafted) = (
                QuantityText.roughDuration(seconds), QuantityText.roughDuration(draftedSeconds)
            )
            let (memory, draftedMemory) = (
                QuantityText.roughBytes(bytes), QuantityText.roughBytes(draftedBytes)
            )
            return "\(text): \(drafted) \(drafted == time ? "as before" : "instead of \(time)")"
                + (draftedMemory == memory ? "" : ", \(draftedMemory) of memory")
        case (_, .unknown(let reason)?): return "\(text), time unknown: \(reason)"
        case (_, .pending?): return "\(text), estimating the time"
        default: return text
        }
    }

    /// The estimate for the coming units.
    private var comingText: String {
        switch state.comingWork {
        case nil: ""
        case .pending: "coming units: estimating the time"
        case .known(let seconds, let bytes):
            "coming units: \(QuantityText.roughDuration(seconds)), \(QuantityText.roughBytes(bytes)) of memory"
        case .unknown(let reason): "coming units, time unknown: \(reason)"
        }
    }

    private var hint: String {
        guard let run = state.run, !run.hasEnded else { return "" }
        if run.isSweeping { return "read-only during the sweep" }
        return run.gate == nil ? "\(state.key(.edit)) waits at the next gate to edit" : ""
    }
}
