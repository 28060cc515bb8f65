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
                .takeValue, [.enter], [.field], "accept the value", hint: "accept", rank: 1,
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
        state.editor.order.map { "\($0.key) \($0.summary)" }
    }

    func selection(_ state: WorkbenchState) -> Int { state.editor.selected }

    func select(_ index: Int, in state: inout WorkbenchState) { state.editor.selected = index }

    func obstacle(to move: Move, _ state: WorkbenchState) -> String? {
        guard move == .left || move == .right, let field = state.editor.field else { return nil }
        if let obstacle = state.obstacleToChangingField { return obstacle }
        let value = field.value(in: state.editor.applied(to: state.draftBase))
        return field.neighbour(of: value, offset: move.isBackward ? -1 : 1) == nil
            ? "\(field.key) accepts \(field.accepted)" : nil
    }

    func move(_ move: Move, page: Int, in state: inout WorkbenchState) {
        guard move == .left || move == .right else {
            let count = state.editor.order.count
            return select(move.target(from: selection(state), count: count, page: page), in: &state)
        }
        state.moveField(by: move.isBackward ? -1 : 1)
    }

    func click(x: Int, y: Int, in area: Rect, _ state: inout WorkbenchState) {
        guard let key = table(state).key(at: y, in: parts(area)[0]),
            let index = state.editor.order.firstIndex(where: { $0.key == key })
        else { return }
        select(index, in: &state)
    }

    func copiedText(_ state: WorkbenchState) -> String? {
        state.editor.field.map { "\($0.key)=\($0.value(in: state.editor.applied(to: state.draftBase)))" }
    }

    // MARK: - Drawing

    /// The list, and the lines below it that explain the selected parameter.
    private func parts(_ area: Rect) -> [Rect] {
        area.rows([.share(1), .fixed(ParameterTable.isWide(area) ? 4 : area.height < 8 ? 1 : 4)])
    }

    func draw(in area: Rect, on canvas: inout Canvas) {
        let state = canvas.state
        let parts = parts(area)
        table(state).draw(in: parts[0], typing: state.editor.typing?.line, on: &canvas)
        ParameterDetail(state: state).draw(in: parts[1].dropping(2), on: &canvas)
    }

    private func table(_ state: WorkbenchState) -> ParameterTable {
        ParameterTable(
            sections: state.editor.sections.map { section in
                ParameterTable.Section(
                    heading: section.heading, items: section.fields.map { item($0, state) })
            }, selected: state.editor.key, isFocused: state.hasFocus(.parameters))
    }

    private func item(_ field: HyperparameterField, _ state: WorkbenchState) -> ParameterTable.Item {
        let (real, planned, drafted) = state.values(of: field)
        let isEditable = state.obstacleToDrafting == nil
        let style: Style = isEditable && !field.isShared ? .text : .muted
        let note =
            drafted != nil
            ? TextSpan("applied: \(real)", Style(.warn))
            : planned == real ? nil : TextSpan("from \(planned)", .muted)
        return ParameterTable.Item(
            key: field.key, value: TextSpan(drafted ?? real, drafted == nil ? style : Style(.warn).bold),
            standard: field.value(of: (state.run?.plan ?? state.start.plan).preset), range: field.range,
            note: note, summary: field.summary,
            affects: field.affects, style: style)
    }
}

extension WorkbenchState {
    /// A field's applied value, that of the plan, and that of the draft; nil where the draft does not change it.
    fileprivate func values(
        of field: HyperparameterField
    ) -> (real: String, planned: String, drafted: String?) {
        let isEditable = obstacleToDrafting == nil
        let real = field.value(in: isEditable ? draftBase : shownParameters)
        let drafted = isEditable ? editor.drafted(field).flatMap { $0 == real ? nil : $0 } : nil
        return (real, field.value(in: (run?.plan ?? start.plan).hyperparameters), drafted)
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
        let edit = editText(field)
        let draft = draftText.map { edit.isEmpty ? $0 : "\(edit). \($0)" }
        let style: Style = draft == nil ? .muted : Style(.warn)
        let help = isEditable ? "; \(state.key(.apply)) applies, \(state.key(.undo)) undoes" : ""
        if area.height == 1 {
            return canvas.write(
                draft.map { $0 + help } ?? "\(field.summary); affects \(field.affects)", in: area,
                style: style)
        }
        let last =
            draft
            ?? (!edit.isEmpty ? edit : isEditable ? ParameterEditor.obstacle(to: field) ?? comingText : hint)
        let helped = draft == nil || cellWidth(last + help) > area.width ? last : last + help
        // A reason may need several lines; the explanation gives way to it.
        let below = helped.isEmpty ? 0 : wrapped(helped, width: area.width).count
        let rows = field.explanation(room: area.width, rows: max(1, area.height - below))
        for (index, line) in rows.enumerated() { canvas.write(line, in: area.row(index), style: .muted) }
        canvas.grid.writeWrapped(helped, in: area.droppingRows(rows.count), style: style)
    }

    /// How the selected value differs from the applied one, or the applied one from that at the start.
    private func editText(_ field: HyperparameterField) -> String {
        let (real, planned, drafted) = state.values(of: field)
        if let drafted { return "now \(drafted) (applied: \(real))" }
        return planned == real ? "" : "\(real) (started with \(planned))"
    }

    /// The number of changes in the draft, and their cost; nil without any.
    private var draftText: String? {
        let count = state.draftedChanges.count
        guard count > 0 else { return nil }
        let text = count == 1 ? "1 edit not applied" : "\(count) edits not applied"
        guard isEditable else { return "\(text), kept as a draft" }
        switch (state.comingWork, state.draftedWork) {
        case (.known(let seconds, let bytes), .known(let draftedSeconds, let draftedBytes)):
            let (time, drafted) = (
                QuantityText.roughDuration(seconds), QuantityText.roughDuration(draftedSeconds)
            )
            let (memory, draftedMemory) = (
                QuantityText.roughBytes(bytes), QuantityText.roughBytes(draftedBytes)
            )
            return
                "\(text) · \(drafted == time ? "time unchanged, \(time)" : "\(drafted) instead of \(time)")"
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

extension HyperparameterField {
    /// What the field is, in so many rows: in a few words, or with what it does and when to change it.
    func explanation(room width: Int, rows: Int) -> [String] {
        for text in [
            "\(guide.effect) \(guide.advice) It affects \(affects).", "\(guide.effect) \(guide.advice)",
        ] {
            let long = wrapped(text, width: width)
            if long.count <= rows { return long }
        }
        let middle = wrapped(guide.effect, width: width)
        if middle.count <= rows { return middle }
        return Array(wrapped("\(summary); affects \(affects)", width: width).prefix(rows))
    }
}
