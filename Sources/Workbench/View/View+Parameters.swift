internal import Runs
internal import TerminalUI
internal import Vocabulary

extension Painter {
    /// Whether parameters can be changed now.
    private var isEditable: Bool { state.obstacleToDrafting == nil }

    /// Which units the parameters belong to.
    var parameterScope: String {
        guard let run = state.run, !run.units.isEmpty else { return "" }
        if let unit = state.draftUnit { return "\(run.units[unit].name) only" }
        if let gate = run.gate { return gate < run.units.count ? "from \(run.units[gate].name) on" : "" }
        return run.hasEnded ? "as used" : "read-only while running"
    }

    mutating func drawParameters(in area: Rect) {
        let isWide = Self.hasParameterHeading(area)
        let parts = Self.parameterParts(area)
        let base = isEditable ? state.draftBase : state.shownParameters
        let rows = HyperparameterField.all.map { parameterRow($0, base: base, isWide: isWide) }
        let (offset, body) = Table(
            columns: parameterColumns(isWide: isWide), rows: rows, selected: state.editor.selected,
            hasHeading: isWide, isFocused: state.focus == .parameters && state.overlay == nil
        ).draw(into: &grid, in: parts[0], glyphs: glyphs)
        drawTyping(body.row(state.editor.selected - offset))
        let detail = parts[1]
        drawDetail(
            in: Rect(x: detail.x + 2, y: detail.y, width: detail.width - 2, height: detail.height)
                .intersection(detail))
    }

    /// Whether there is room for explanations beside the values, and headings over them.
    static func hasParameterHeading(_ area: Rect) -> Bool { area.width >= 100 }

    /// The list's part of the panel.
    static func parameterList(in area: Rect) -> Rect { parameterParts(area)[0] }

    /// The list, and below it what the selected parameter is.
    private static func parameterParts(_ area: Rect) -> [Rect] {
        area.rows([.share(1), .fixed(hasParameterHeading(area) || area.height < 8 ? 1 : 3)])
    }

    private static let keyWidth = 22
    private static let valueWidth = 11

    private func parameterColumns(isWide: Bool) -> [TableColumn] {
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
        return columns
    }

    private func parameterRow(
        _ field: HyperparameterField, base: Hyperparameters, isWide: Bool
    ) -> [TextSpan] {
        let real = field.value(in: base)
        let drafted = state.editor.drafted(field)
        let isDrafted = isEditable && drafted != nil && drafted != real
        let planned = field.value(in: plannedHyperparameters)
        var note = TextSpan("")
        if isDrafted {
            note = TextSpan("was \(real)", Style(.warn))
        } else if planned != real {
            note = TextSpan("plan \(planned)", .muted)
        }
        let isOpen = isEditable && !field.isShared
        let style = isDrafted ? Style(.warn).bold : isOpen ? .text : .muted
        var row = [
            TextSpan(field.key, isOpen ? .text : .muted),
            TextSpan(isDrafted ? drafted ?? real : real, style), note,
        ]
        if isWide { row += [TextSpan(field.summary, .muted), TextSpan(field.affects, .muted)] }
        return row
    }

    /// What the plan says without overrides.
    private var plannedHyperparameters: Hyperparameters {
        state.run?.plan.hyperparameters ?? state.start.plan.hyperparameters
    }

    /// The value that is being typed, over the selected row.
    private mutating func drawTyping(_ row: Rect) {
        guard let typing = state.editor.typing else { return }
        let x = row.x + 2 + Self.keyWidth + 1
        let field = Rect(x: x, y: row.y, width: row.endX - x, height: row.height).intersection(row)
        grid.fill(field)
        typing.line.draw(into: &grid, in: field, style: Style.text.underline)
    }

    private mutating func drawDetail(in area: Rect) {
        if let problem = state.editor.typing?.problem {
            grid.writeWrapped(problem, in: area, style: Style(.error))
            return
        }
        guard let field = state.editor.field else { return }
        if state.editor.typing != nil {
            grid.writeWrapped("\(field.key) accepts \(field.accepted)", in: area, style: .muted)
            return
        }
        let draft = draftText
        let style = draft == nil ? .muted : Style(.warn)
        let lines = [field.summary, "affects \(field.affects)"]
        if area.height == 1 {
            let text = draft.map { "\($0)\(draftHelp)" } ?? lines.joined(separator: "; ")
            grid.write(text, x: area.x, y: area.y, style: style, in: area)
            return
        }
        let last = draft ?? (isEditable ? ParameterEditor.obstacle(to: field) ?? comingText : hint)
        let needed = max(1, wrapped(last, width: area.width).count)
        // A reason may be long; what the parameter is gives way to it.
        for (index, line) in lines.prefix(max(1, area.height - needed)).enumerated() {
            grid.write(line, x: area.x, y: area.y + index, style: .muted, in: area)
        }
        let below = max(1, area.height - needed)
        let rest = Rect(x: area.x, y: area.y + below, width: area.width, height: area.height - below)
        let helped = "\(last)\(draft == nil ? "" : draftHelp)"
        grid.writeWrapped(cellWidth(helped) <= area.width ? helped : last, in: rest, style: style)
    }

    /// What there is in the draft, and what it will cost.
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
        case (_, .pending?): return "\(text), time being worked out"
        default: return text
        }
    }

    /// What can be done with the draft.
    private var draftHelp: String {
        isEditable ? "; \(state.key(.apply)) applies, \(state.key(.undo)) undoes" : ""
    }

    /// What the coming units will take.
    private var comingText: String {
        switch state.comingWork {
        case nil: ""
        case .pending: "coming units: time being worked out"
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
