internal import RunText
internal import Runs
internal import TerminalUI
internal import Vocabulary

/// The choice of a sweep: its widths, its images, its steps.
struct SweepDialog: Overlay {
    /// A line of the dialog.
    enum Field: Int, CaseIterable {
        case weightBits, activationBits, images, count, steps

        var name: String {
            switch self {
            case .weightBits: "Weight bits"
            case .activationBits: "Activation bits"
            case .images: "Evaluated on"
            case .count: "Images"
            case .steps: "Steps per unit"
            }
        }
    }

    /// The widths that can be chosen.
    private static let widths = Hyperparameters.bitWidths

    private var weights: Set<Int>
    private var activations: Set<Int>
    private(set) var images: SweepImages
    /// How many images; 0 for all.
    private(set) var count = 0
    private(set) var steps = 0
    private var field = Field.weightBits
    /// The width that the space bar chooses or leaves out: an index into ``widths``.
    private var width = 0
    private let heldOut: Int?
    private let evaluation: Int
    private let calibration: Int
    private var isOnCalibration: Bool { evaluation == 0 }
    /// How many images there are.
    private var total: Int {
        images == .heldOut ? heldOut ?? 0 : isOnCalibration ? calibration : evaluation
    }
    /// The numbers of images that can be chosen, ascending; 0 for all is the last.
    private var counts: [Int] { (6...16).map { 1 << $0 }.filter { $0 < total } + [0] }

    /// Makes a choice to start from; held-out images are preferred, so that no reported number is chosen on.
    init(heldOut: Int?, of summary: RunSummary?) {
        let usual = SweepRequest()
        (weights, activations) = (Set(usual.weightBits), Set(usual.activationBits))
        images = heldOut == nil ? .evaluation : .heldOut
        self.heldOut = heldOut
        evaluation = summary?.evaluationImages ?? 0
        calibration = summary?.calibrationImages ?? 0
    }

    var request: SweepRequest {
        SweepRequest(
            weightBits: weights.sorted(), activationBits: activations.sorted(), steps: steps, images: images,
            count: count)
    }

    static let keys: [KeyBinding] = [
        KeyBinding(
            .startSweep, [.enter], [.sweepDialog], "start the sweep", hint: "start", rank: 1,
            .on(
                Self.self,
                unless: { dialog, _ in
                    dialog.request.points.isEmpty
                        ? "a sweep needs a width of weights and one of activations" : nil
                }
            ) { dialog, state in
                state.overlay = nil
                state.show(.sweep)
                (state.chosenBits, state.askedSweep) = (nil, dialog.request)
                return [.send(.sweep(dialog.request))]
            }),
        KeyBinding(
            .toggleWidth, [" "], [.sweepDialog], "choose the width, or leave it out", hint: "on/off", rank: 2,
            .on(
                Self.self,
                unless: { dialog, state in
                    dialog.isAtWidths ? nil : "\(state.key(.left)) and \(state.key(.right)) change this line"
                }
            ) { dialog, _ in
                dialog.toggle()
                return []
            }),
        KeyBinding(.closeSweep, [.escape, "q"], [.sweepDialog], "close", hint: "cancel", rank: 4, .close),
    ]

    var context: KeyContext { .sweepDialog }

    private var isAtWidths: Bool { field == .weightBits || field == .activationBits }

    private mutating func toggle() {
        let bits = Set([Self.widths[width]])
        if field == .weightBits { weights.formSymmetricDifference(bits) }
        if field == .activationBits { activations.formSymmetricDifference(bits) }
    }

    func obstacle(to move: Move, in state: WorkbenchState) -> String? {
        if field == .count, counts.count == 1, move == .left || move == .right {
            return "there are too few images to leave any out"
        }
        guard field == .images, move == .left || move == .right else { return nil }
        if heldOut == nil { return "no held-out images are known yet; they are after the first unit" }
        return isOnCalibration ? "there are no evaluation images" : nil
    }

    mutating func move(_ move: Move, in state: inout WorkbenchState) -> [WorkbenchEffect] {
        let fields = Field.allCases
        guard move == .left || move == .right else {
            field = fields[move.target(from: field.rawValue, count: fields.count, page: fields.count)]
            return []
        }
        switch field {
        case .weightBits, .activationBits: width = move.target(from: width, count: Self.widths.count)
        case .images:
            images = images == .heldOut ? .evaluation : .heldOut
            if !counts.contains(count) { count = 0 }
        case .count:
            let index = counts.firstIndex(of: count) ?? counts.count - 1
            count = counts[move.target(from: index, count: counts.count)]
        case .steps:
            let next = HyperparameterField.named("steps")?
                .neighbour(of: String(steps), offset: move.isBackward ? -1 : 1)
            steps = next.flatMap(Int.init) ?? steps
        }
        return []
    }

    // MARK: - Drawing

    func draw(on canvas: inout Canvas) {
        let area = canvas.drawDialog("Sweep", (76, 15))
        let rows = area.rows([.fixed(2), .fixed(Field.allCases.count), .fixed(1), .share(1), .fixed(1)])
        canvas.grid.writeWrapped(
            "Every pair of widths is calibrated on this run's images and evaluated as a whole model.",
            in: rows[0],
            style: .muted)
        for field in Field.allCases { draw(field, in: rows[1].row(field.rawValue), on: &canvas) }
        canvas.grid.writeWrapped(summary(canvas.state), in: rows[3])
        canvas.writeKeys([.startSweep] + (isAtWidths ? [.toggleWidth] : []) + [.closeSweep], in: rows[4])
    }

    private func draw(_ field: Field, in row: Rect, on canvas: inout Canvas) {
        let isSelected = field == self.field
        let mark = isSelected ? "\(canvas.glyphs.symbol(.pointer)) " : "  "
        canvas.write(mark + field.name, in: row, style: isSelected ? Style.text.bold : .muted)
        let place = row.dropping(19)
        let style: Style = isSelected ? Style(.selection) : .text
        switch field {
        case .weightBits, .activationBits:
            let chosen = field == .weightBits ? weights : activations
            let spans = Self.widths.enumerated().flatMap { index, bits -> [TextSpan] in
                let text = chosen.contains(bits) ? "[\(bits)]" : " \(bits) "
                let isHere = isSelected && index == width
                return [
                    TextSpan(
                        text, isHere ? Style(.selection) : chosen.contains(bits) ? Style.text.bold : .muted),
                    TextSpan(" "),
                ]
            }
            canvas.write(spans, in: place)
        case .images: canvas.write(imagesText, in: place, style: style)
        case .count:
            let number = QuantityText.count(count > 0 ? count : total)
            canvas.write(
                [
                    TextSpan(number, style),
                    TextSpan(count > 0 ? "  evenly spread" : "  all of them", .muted),
                ], in: place)
        case .steps:
            canvas.write(
                [
                    TextSpan("\(steps)", style),
                    TextSpan(steps == 0 ? "  calibrated only" : "  every unit is reconstructed", .muted),
                ], in: place)
        }
    }

    private var imagesText: String {
        if images == .heldOut { return "held-out images" }
        return isOnCalibration ? "calibration images" : "evaluation images"
    }

    /// How many points there are, in which order, and how long they take.
    private func summary(_ state: WorkbenchState) -> String {
        let points = request.points
        guard let first = points.first else { return "No pair of widths is chosen." }
        let count = points.count == 1 ? "1 pair" : "\(points.count) pairs"
        let time =
            switch state.sweepWork(request) {
            case nil: ""
            case .pending: "; estimating the time"
            case .known(let seconds, _):
                ", about \(QuantityText.roughDuration(seconds)), "
                    + "\(QuantityText.roughDuration(seconds / Double(points.count))) each"
            case .unknown(let reason): "; time unknown: \(reason)"
            }
        return
            "\(count)\(time). First \(BitsText.label(first.weightBits, first.activationBits)), then the other equal "
            + "widths, then around them. The run keeps its units and waits at the gate."
    }
}

/// Asks which units get the bits of a point of the sweep, which was measured for the whole model.
struct AdoptDialog: Overlay {
    let bits: BitsPair

    static let keys: [KeyBinding] = [
        KeyBinding(
            .adoptComing, [.enter], [.adopt], "give the coming units these bits", hint: "coming units",
            rank: 1,
            .on(
                Self.self,
                unless: {
                    $1.run?.waitsAtLastGate == true ? "no unit is left that could have other bits" : nil
                }
            ) { dialog, state in
                state.overlay = nil
                return [.send(.change(dialog.changes))]
            }),
        KeyBinding(
            .adoptAll, ["w"], [.adopt], "go back to the first unit and give all units these bits",
            hint: "whole model", rank: 2,
            .on(Self.self) { dialog, state in
                state.overlay = nil
                return [.send(.rollBack(unit: 0)), .send(.change(dialog.changes))]
            }),
        KeyBinding(.closeAdopt, [.escape, "q"], [.adopt], "close", hint: "cancel", rank: 3, .close),
    ]

    var context: KeyContext { .adopt }

    var changes: [HyperparameterChange] {
        [
            HyperparameterChange(key: "weight_bits", value: String(bits.weightBits)),
            HyperparameterChange(key: "activation_bits", value: String(bits.activationBits)),
        ]
    }

    func draw(on canvas: inout Canvas) {
        guard let run = canvas.state.run, let gate = run.gate else { return }
        let label = BitsText.label(bits.weightBits, bits.activationBits)
        guard !run.waitsAtLastGate else {
            return canvas.drawQuestion(
                "Adopt \(label)",
                "Every unit is quantized with other bits. \(canvas.key(.adoptAll)) goes back to the first unit and gives "
                    + "\(label) to all; every attempt is kept, and \(canvas.key(.undoDecision)) twice undoes it.",
                keys: [.adoptAll, .closeAdopt], width: 74, height: 9)
        }
        let done = gate == 1 ? "\(run.units[0].name) keeps" : "The \(gate) quantized units keep"
        let text =
            "\(label) was measured for the whole model. \(done) other bits: \(canvas.key(.adoptComing)) gives \(label) to "
            + "\(run.units[gate].name) and the units after it. \(canvas.key(.adoptAll)) goes back to the first unit and "
            + "gives it to all; every attempt is kept, and \(canvas.key(.undoDecision)) twice undoes it."
        canvas.drawQuestion(
            "Adopt \(label)", text, keys: [.adoptComing, .adoptAll, .closeAdopt], width: 74, height: 9)
    }
}
