internal import TerminalUI

/// What to open: a checkpoint with images, a plan, or a run.
package struct OpenRequest: Equatable, Sendable {
    /// The checkpoint, a plan's file, or a run's folder.
    package var model: String
    /// The calibration images; empty for those of the model or the plan.
    package var calibration = ""
    /// The evaluation images; empty for those of the model or the plan.
    package var evaluation = ""
}

/// Asks for what to open.
struct OpenDialog: PathOverlay {
    /// A line of the dialog.
    enum Field: String, CaseIterable {
        /// The checkpoint, a plan or a run.
        case model
        case calibration
        case evaluation
    }

    /// The fields in which something was typed or completed; elsewhere, typed text replaces the proposal.
    private var touched: Set<Field> = []
    private var lines: [Field: EditLine]
    private var field = Field.model
    var suggestions: [String] = []
    /// Whether the answer is still to come.
    private(set) var isOpening = false
    var problem: String?

    init(_ request: OpenRequest) {
        lines = [
            .model: EditLine(request.model), .calibration: EditLine(request.calibration),
            .evaluation: EditLine(request.evaluation),
        ]
    }

    /// The text of the selected field.
    var line: EditLine {
        get { lines[field] ?? EditLine() }
        set {
            lines[field] = newValue
            touched.insert(field)
        }
    }

    private var request: OpenRequest {
        func text(_ field: Field) -> String { lines[field]?.text ?? "" }
        return OpenRequest(
            model: text(.model), calibration: text(.calibration), evaluation: text(.evaluation))
    }

    static let keys: [KeyBinding] = [
        KeyBinding(
            .openIt, [.enter], [.open], "open", hint: "open", rank: 1,
            .on(Self.self, unless: { dialog, _ in dialog.isOpening ? "the answer is still to come" : nil }) {
                $0.open(in: &$1)
            }),
        KeyBinding(
            .closeOpen, [.escape], [.open], "close", hint: "cancel", rank: 3,
            .change {
                $0.overlay = nil
                $0.stopOpening()
            }),
    ]

    var context: KeyContext { .open }
    var isTyping: Bool { !isOpening }

    mutating func type(_ input: TypedInput) {
        input.apply(to: &line, replacing: !touched.contains(field))
        (problem, suggestions) = (nil, [])
    }

    mutating func move(_ move: Move, in state: inout WorkbenchState) -> [WorkbenchEffect] {
        let fields = Field.allCases
        field = fields[move.target(from: fields.firstIndex(of: field) ?? 0, count: fields.count)]
        suggestions = []
        return []
    }

    func complete(in state: inout WorkbenchState) -> [WorkbenchEffect] {
        [.complete(line.text, canBeSample: true)]
    }

    private mutating func open(in state: inout WorkbenchState) -> [WorkbenchEffect] {
        guard !request.model.isEmpty else {
            problem = "a path or sample:NAME is needed"
            return []
        }
        (isOpening, problem, suggestions) = (true, nil, [])
        return state.ask(for: request)
    }

    /// Reports that nothing could be opened.
    mutating func refuse(_ reason: String) { (isOpening, problem) = (false, reason) }

    func draw(on canvas: inout Canvas) {
        let area = canvas.drawDialog("Open", (min(92, canvas.layout.body.width - 4), 14))
        let parts = area.rows([.fixed(1), .fixed(1), .fixed(3), .fixed(1), .share(1), .fixed(1)])
        canvas.write("A checkpoint, a plan, a run's folder, or sample:NAME.", in: parts[0], style: .muted)
        for (index, field) in Field.allCases.enumerated() {
            let row = parts[2].row(index)
            let isSelected = field == self.field
            let mark = isSelected ? "\(canvas.glyphs.symbol(.pointer)) " : "  "
            canvas.write(mark + field.rawValue, in: row, style: isSelected ? Style.text.bold : .muted)
            let place = row.dropping(15)
            let line = lines[field] ?? EditLine()
            if line.isEmpty, !isSelected {
                canvas.write("the model's own", in: place, style: .muted)
            } else {
                canvas.draw(
                    line, in: place, style: isSelected ? Style.text.underline : .text,
                    showsCursor: isSelected && !isOpening)
            }
        }
        if let problem {
            drawProblem(problem, in: parts[4], on: &canvas)
        } else if isOpening {
            canvas.write("reading it", in: parts[4], style: Style(.running))
        } else {
            drawSuggestions(in: parts[4], on: &canvas)
        }
        canvas.writeKeys([.openIt, .complete, .listDown, .closeOpen], in: parts[5])
    }
}
