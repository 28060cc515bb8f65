internal import RunText
internal import Runs
internal import TerminalUI
internal import Vocabulary

/// A row of the start screen; if the screen is too low, rows of the highest rank are left out first.
private struct StartRow {
    var pieces: [(column: Int, span: TextSpan)] = []
    /// A row that a click selects.
    var field: StartForm.Field?
    var isSelected = false
    let rank: Int
}

/// The start screen.
struct StartScreen {
    private let frame: Rect
    private let rows: [StartRow]

    init(_ state: WorkbenchState) {
        let screen = Layout(state).screen
        let most = max(screen.width - 4, Layout.least.width)
        // The frame, and the space beside the text.
        let margins = 6
        let builder = StartRows(state: state)
        let natural = builder.rows(width: most - margins).flatMap(\.pieces)
            .map { $0.column + cellWidth($0.span.text) + margins }
        let width = min(most, max(84, natural.max() ?? 0))
        var rows = builder.rows(width: width - margins)
        while rows.count > screen.height - 2,
            let last = rows.indices.max(by: { rows[$0].rank < rows[$1].rank })
        {
            rows.remove(at: last)
        }
        self.rows = rows
        frame = screen.centered(width: width, height: rows.count + 2)
    }

    func draw(on canvas: inout Canvas) {
        let text = canvas.grid.drawBox(frame, title: "mgrq", focused: true, glyphs: canvas.glyphs)
            .inset(columns: 2, rows: 0)
        for (index, row) in rows.enumerated() {
            let area = text.row(index)
            if row.isSelected {
                let mark = Rect(x: area.x, y: area.y, width: min(30, area.width), height: area.height)
                canvas.grid.fill(mark, style: Style(.selection))
                canvas.write("\(canvas.glyphs.symbol(.pointer))", in: area, style: Style(.selection))
            }
            for piece in row.pieces { canvas.write([piece.span], in: area.dropping(piece.column)) }
        }
    }

    /// The field at a place of the screen.
    func field(x: Int, y: Int) -> StartForm.Field? {
        let index = y - frame.y - 1
        guard frame.contains(x: x, y: y), rows.indices.contains(index) else { return nil }
        return rows[index].field
    }
}

/// Makes the rows of the start screen.
private struct StartRows {
    let state: WorkbenchState

    private static let (valueColumn, noteColumn) = (18, 35)

    func rows(width: Int) -> [StartRow] {
        let leads = [
            "Quantize a vision transformer, watch every unit, export the result.",
            "Quantize, watch every unit, export the result.",
        ]
        let lead = leads.first { cellWidth($0) <= width } ?? ""
        return [StartRow(pieces: [(0, TextSpan(lead, .muted))], rank: 6), StartRow(rank: 7)]
            + card(width: width) + [StartRow(rank: 4)] + form(width: width) + recents(width: width)
            + [StartRow(rank: 8)] + help(width: width) + [StartRow(rank: 9)]
    }

    /// A name with its value, on as many rows as it needs.
    private func fact(_ name: String, _ value: String, width: Int, rank: Int, next: Int? = nil) -> [StartRow]
    {
        wrapped(value, width: width - Self.valueColumn).enumerated().map { index, part in
            let value = (column: Self.valueColumn, span: TextSpan(part))
            return index == 0
                ? StartRow(pieces: [(2, TextSpan(name, .muted)), value], rank: rank)
                : StartRow(pieces: [value], rank: next ?? rank)
        }
    }

    /// The facts about the model.
    private func card(width: Int) -> [StartRow] {
        let card = state.start.card
        let evaluation =
            card.evaluationImages == 0
            ? "no evaluation images"
            : "\(QuantityText.count(card.evaluationImages)) \(card.isLabelled ? "labelled" : "unlabelled") "
                + "images"
        let parameters =
            "\(QuantityText.count(card.parameters)), \(QuantityText.bytes(card.bytes)) in full precision"
        return model(width: width) + fact("Architecture", card.architecture, width: width, rank: 1)
            + fact("Parameters", parameters, width: width, rank: 4)
            + fact("Preprocessing", card.preprocessing, width: width, rank: 10)
            + fact("Evaluation", evaluation, width: width, rank: 1)
    }

    private func model(width: Int) -> [StartRow] {
        let isSelected = state.start.field == .model
        let style = isSelected ? Style(.selection) : .text
        let name = state.start.opening ?? state.start.card.reference
        let rows = wrapped(name, width: width - Self.valueColumn).enumerated().map { index, part in
            StartRow(
                pieces: (index == 0 ? [(2, TextSpan("Model", isSelected ? style : .muted))] : [])
                    + [(Self.valueColumn, TextSpan(part, style.bold))],
                field: .model, isSelected: isSelected, rank: 0)
        }
        guard state.start.opening == nil else {
            let reading = (Self.valueColumn, TextSpan("being read", Style(.running)))
            return rows + [StartRow(pieces: [reading], rank: 3)]
        }
        let models = state.offeredModels
        let samples = state.start.samples.count
        let recent = models.count - samples
        let choice =
            "\(state.modelIndex + 1) of \(models.count): "
            + (samples == 1 ? "1 sample" : "\(samples) samples")
            + (recent > 0 ? ", \(recent) opened before" : "")
        let keys = isSelected ? "  \(state.key(.valueBefore)) \(state.key(.valueAfter)) choose" : ""
        return rows
            + [
                StartRow(
                    pieces: [(Self.valueColumn, TextSpan(choice + keys, .muted))], field: .model, rank: 5)
            ]
    }

    /// What can be changed, and what else the plan contains.
    private func form(width: Int) -> [StartRow] {
        let (plan, field) = (state.start.plan, state.start.field)
        let used = plan.hyperparameters
        func note(_ bits: Int) -> String { bits == 16 ? "left in full precision" : "" }
        // The preset's summary without its parenthesis.
        let summary = plan.preset.summary.prefix { $0 != "(" }
        let values: [(StartForm.Field, String, String, String)] = [
            (
                .preset, "Preset", plan.preset.rawValue,
                String(summary.last == " " ? summary.dropLast() : summary)
            ),
            (.weightBits, "Weight bits", String(used.weightBits), note(used.weightBits)),
            (.activationBits, "Activation bits", String(used.activationBits), note(used.activationBits)),
            (
                .steps, "Steps per unit", String(used.steps),
                used.steps == 0 ? "calibrated, not reconstructed" : ""
            ),
            (
                .images, "Calibrated on", QuantityText.count(state.start.takenImages),
                state.start.imagesNote
            ),
            (.target, "Target", plan.target.rawValue, plan.target.summary),
            (
                .parameters, "All parameters…", "",
                field == .parameters ? "\(state.key(.start)) opens them" : ""
            ),
        ]
        let form = values.flatMap { place, name, value, note -> [StartRow] in
            let isSelected = place == field
            let style = isSelected ? Style(.selection) : .text
            let notes = wrapped(note, width: width - Self.noteColumn)
            let first = StartRow(
                pieces: [
                    (2, TextSpan(name, isSelected ? style : .muted)),
                    (Self.valueColumn, TextSpan(value, style.bold)),
                    (Self.noteColumn, TextSpan(notes.first ?? "", .muted)),
                ], field: place, isSelected: isSelected, rank: 0)
            return [first]
                + notes.dropFirst().map {
                    StartRow(
                        pieces: [(Self.noteColumn, TextSpan($0, .muted))], rank: place == .preset ? 1 : 3)
                }
        }
        let kept =
            state.start.kept.map { "\($0.key) = \($0.value)" }
            + plan.sites.map { "\($0.match) at \($0.bits) bits" }
        return form + fact("Predicted", predicted, width: width, rank: 2)
            + (kept.isEmpty ? [] : fact("Also set", kept.joined(separator: ", "), width: width, rank: 3))
    }

    private var predicted: String {
        switch state.estimates.answer(of: state.start.plan) {
        case nil, .pending: "being estimated"
        case .known(let estimate):
            "about \(QuantityText.roughDuration(estimate.seconds)), "
                + "\(QuantityText.roughBytes(estimate.bytes)) of memory"
        case .unknown(let reason): "unknown: \(reason)"
        }
    }

    /// The runs that can be opened again.
    private func recents(width: Int) -> [StartRow] {
        let recents = state.shownRecents
        guard !recents.isEmpty else { return [] }
        let ellipsis = state.glyphs.ellipsis
        let names = min(recents.map { cellWidth($0.directory) }.max() ?? 0, max(20, width / 2))
        let rows = recents.enumerated().map { index, run in
            let isSelected = state.start.field == .recent(index)
            return StartRow(
                pieces: [
                    (
                        2,
                        TextSpan(
                            fitted(run.directory.middle(names, ellipsis), width: names, ellipsis: ellipsis),
                            isSelected ? Style(.selection) : state.isMissing(run) ? .muted : .text)
                    ),
                    (
                        names + 4,
                        TextSpan(
                            state.glyphs.cut(state.folderNote(run) + run.label, width - names - 4),
                            state.folderNote(run).isEmpty ? .muted : Style(.warn))
                    ),
                ], field: .recent(index), isSelected: isSelected, rank: isSelected ? 0 : 13 + index)
        }
        return [
            StartRow(rank: 11),
            StartRow(
                pieces: [
                    (2, TextSpan("Recent runs", Style(.heading))),
                    (
                        15,
                        TextSpan(
                            "\(state.key(.runs)) lists all \(state.memory.runs.count), side by side if you like",
                            .muted)
                    ),
                ], rank: 12),
        ] + rows
    }

    private func help(width: Int) -> [StartRow] {
        let bits = state.start.plan.hyperparameters
        func key(_ action: Action) -> TextSpan { TextSpan(state.key(action), Style(.keyHint)) }
        func row(_ spans: [TextSpan]) -> StartRow {
            var column = 2
            return StartRow(
                pieces: spans.map { span in
                    defer { column += cellWidth(span.text) }
                    return (column, span)
                }, rank: 5)
        }
        var what =
            " starts the \(BitsText.label(bits.weightBits, bits.activationBits)) run with "
            + state.start.plan.preset.rawValue
        if case .recent = state.start.field { what = " opens the run" }
        if state.start.field == .parameters { what = " opens all parameters" }
        let change = [
            key(.lineAbove), TextSpan(" "), key(.lineBelow), TextSpan(" choose, "), key(.valueBefore),
            TextSpan(" "), key(.valueAfter), TextSpan(" change, "), key(.open),
            TextSpan(" opens a model, a plan or a run"),
        ]
        let help = [TextSpan(", "), key(.help), TextSpan(" lists every key")]
        let fits = (change + help).reduce(4) { $0 + cellWidth($1.text) } <= width
        return (state.start.opening == nil ? [row([key(.start), TextSpan(what, Style.text.bold)])] : [])
            + [row(fits ? change + help : change)]
    }
}
