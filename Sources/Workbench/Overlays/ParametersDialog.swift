internal import RunText
internal import Runs
internal import TerminalUI
internal import Vocabulary

/// Every hyperparameter of the plan, and the number of calibration images, before a run.
struct ParametersDialog: Overlay {
    /// The key of the number of calibration images, which is no hyperparameter.
    static let images = "calibration_images"

    private var key = Self.images
    private var typing: ParameterEditor.Typing?
    /// The changed parameters when the dialog was opened; they are listed first.
    private let changedFirst: [String]

    init(of start: StartForm) {
        changedFirst = start.plan.preset.hyperparameters(for: start.plan.target).changes(
            to: start.plan.hyperparameters
        ).map(\.key)
    }

    static let keys: [KeyBinding] = [
        KeyBinding(
            .typeValue, [.enter], [.allParameters], "type a value, or take the next choice", hint: "type",
            rank: 1,
            .on(Self.self) { dialog, state in
                dialog.beginTyping(&state)
                return []
            }),
        KeyBinding(
            .presetValue, ["u"], [.allParameters], "back to the preset's value", hint: "default", rank: 4,
            .on(Self.self) { dialog, state in
                dialog.set(dialog.standard(state), &state)
                return []
            }),
        KeyBinding(
            .closeParameters, [.escape, "q"], [.allParameters], "close; the values are kept", hint: "close",
            rank: 5, .close),
        KeyBinding(
            .takeTyped, [.enter], [.parameterValue], "accept the value", hint: "accept", rank: 1,
            .on(Self.self) { dialog, state in
                dialog.commit(&state)
                return []
            }),
        KeyBinding(
            .leaveTyped, [.escape], [.parameterValue], "leave the value as it was", hint: "cancel", rank: 2,
            .on(Self.self) { dialog, _ in
                dialog.typing = nil
                return []
            }),
    ]

    var context: KeyContext { typing == nil ? .allParameters : .parameterValue }
    var isTyping: Bool { typing != nil }
    var followsWheel: Bool { typing == nil }

    private var order: [String] {
        [Self.images] + ParameterSection.all(changedFirst: changedFirst).flatMap(\.keys)
    }

    private var field: HyperparameterField? { HyperparameterField.named(key) }

    private func value(_ state: WorkbenchState) -> String {
        field?.value(in: state.start.plan.hyperparameters) ?? String(state.start.plan.calibrationImages)
    }

    private func standard(_ state: WorkbenchState) -> String {
        field?.value(of: state.start.plan.preset) ?? String(RunPlan(model: "").calibrationImages)
    }

    mutating func type(_ input: TypedInput) {
        guard var typing else { return }
        input.apply(to: &typing.line, replacing: typing.isUntouched)
        (typing.problem, typing.isUntouched) = (nil, false)
        self.typing = typing
    }

    mutating func move(_ move: Move, in state: inout WorkbenchState) -> [WorkbenchEffect] {
        guard typing == nil else { return [] }
        guard move == .left || move == .right else {
            let order = order
            let page = max(1, list(in: state)?.area.height ?? 1)
            key = order[move.target(from: order.firstIndex(of: key) ?? 0, count: order.count, page: page)]
            return []
        }
        let offset = move.isBackward ? -1 : 1
        guard let field else {
            state.start.field = .images
            state.start.move(by: offset)
            state.start.field = .parameters
            return []
        }
        guard let next = field.neighbour(of: value(state), offset: offset) else {
            return state.say("\(field.key) accepts \(field.accepted)", .warning)
        }
        set(next, &state)
        return []
    }

    private mutating func beginTyping(_ state: inout WorkbenchState) {
        if let next = field?.nextWord(after: value(state)) { return set(next, &state) }
        typing = ParameterEditor.Typing(key: key, line: EditLine(value(state)))
    }

    private mutating func commit(_ state: inout WorkbenchState) {
        guard let text = typing?.line.text else { return }
        if let problem = state.start.problem(setting: key, to: text) {
            typing?.problem = problem
        } else {
            typing = nil
        }
    }

    private func set(_ text: String, _ state: inout WorkbenchState) {
        if let problem = state.start.problem(setting: key, to: text) { state.notify(problem, .error) }
    }

    // MARK: - Drawing

    private func parts(_ layout: Layout) -> [Rect] {
        let inside = layout.screen.inset().inset(columns: 1, rows: 0)
        return inside.rows([.share(1), .fixed(4), .fixed(1)])
    }

    func list(in state: WorkbenchState) -> OverlayList? {
        guard typing == nil else { return nil }
        let (table, area) = (table(state), parts(Layout(state))[0])
        return OverlayList(
            area: area.droppingRows(1), selected: table.selectedRow ?? 0, count: table.rowKeys.count,
            action: .typeValue)
    }

    mutating func select(_ row: Int, in state: inout WorkbenchState) {
        // A heading cannot be selected.
        key = table(state).rowKeys[row] ?? key
    }

    private func table(_ state: WorkbenchState) -> ParameterTable {
        let plan = state.start.plan
        let images = ParameterTable.Item(
            key: Self.images, value: TextSpan(String(plan.calibrationImages)),
            standard: String(RunPlan(model: "").calibrationImages),
            range: "1 to \(QuantityText.count(max(1, state.start.card.calibrationImages)))",
            summary: "the most images to take", affects: "time, memory, accuracy")
        func item(_ field: HyperparameterField) -> ParameterTable.Item {
            let (value, standard) = (field.value(in: plan.hyperparameters), field.value(of: plan.preset))
            return ParameterTable.Item(
                key: field.key, value: TextSpan(value, value == standard ? .text : Style.text.bold),
                standard: standard, range: field.range, summary: field.summary, affects: field.affects)
        }
        let sections = ParameterSection.all(changedFirst: changedFirst).map {
            ParameterTable.Section(heading: $0.heading, items: $0.fields.map(item))
        }
        return ParameterTable(
            sections: [ParameterTable.Section(heading: "Images", items: [images])] + sections, selected: key,
            isFocused: true)
    }

    func draw(on canvas: inout Canvas) {
        let state = canvas.state
        canvas.grid.drawBox(
            canvas.layout.screen, title: "All parameters",
            trailing: "preset \(state.start.plan.preset.rawValue)",
            focused: true, glyphs: canvas.glyphs)
        let parts = parts(canvas.layout)
        table(state).draw(in: parts[0], typing: typing?.line, on: &canvas)
        let text = parts[1].dropping(2)
        if let problem = typing?.problem {
            canvas.grid.writeWrapped(problem, in: text, style: Style(.error))
        } else if let field {
            let rows =
                typing == nil
                ? field.explanation(room: text.width, rows: text.height)
                : wrapped("\(field.key) accepts \(field.accepted)", width: text.width)
            for (index, line) in rows.enumerated() { canvas.write(line, in: text.row(index), style: .muted) }
        } else {
            canvas.grid.writeWrapped(state.start.imagesNote, in: text, style: .muted)
        }
        canvas.writeKeys(
            typing == nil
                ? [.typeValue, .right, .presetValue, .closeParameters] : [.takeTyped, .leaveTyped],
            in: parts[2])
    }
}

extension StartForm {
    /// Sets a hyperparameter or the number of calibration images from text.
    ///
    /// - Returns: Why it cannot; nil if it was set.
    mutating func problem(setting key: String, to text: String) -> String? {
        let text = text.split(separator: " ").joined(separator: " ")
        guard let field = HyperparameterField.named(key) else {
            guard let count = Int(text), count > 0 else {
                return "\(key) cannot be “\(text)”; it accepts a whole number from 1"
            }
            plan.calibrationImages = count
            return nil
        }
        do throws(PlanError) {
            try set(field, to: text)
            return nil
        } catch {
            return error.description
        }
    }

    /// How many calibration images the plan takes of how many, and how.
    var imagesNote: String {
        let views = plan.hyperparameters.viewsPerImage(of: takenImages)
        let seen = views == 1 ? "" : ", each in \(views) views"
        guard card.calibrationImages > 0 else {
            return "at most \(QuantityText.count(plan.calibrationImages))\(seen)"
        }
        let all = QuantityText.count(card.calibrationImages)
        return plan.calibrationImages >= card.calibrationImages
            ? "all \(all) calibration images\(seen)" : "of \(all) calibration images\(seen)"
    }
}
