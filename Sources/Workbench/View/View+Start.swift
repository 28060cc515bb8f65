internal import Runs
internal import TerminalUI
internal import Vocabulary

/// A row of the start screen; where the screen is too low, the rows of highest rank go first.
private struct StartRow {
    var pieces: [(column: Int, span: TextSpan)] = []
    /// What is selected by a click; the selected one is marked.
    var field: StartForm.Field?
    var isSelected = false
    let rank: Int
}

extension Painter {
    /// Where values and notes begin.
    private static let (valueColumn, noteColumn) = (18, 31)

    mutating func drawStart() {
        let (frame, rows) = startScreen()
        let text = grid.drawBox(frame, title: "mgrq", focused: true, glyphs: glyphs).inset(
            columns: 2, rows: 0)
        for (index, row) in rows.enumerated() { drawStartRow(row, in: text.row(index)) }
    }

    /// The field at a place of the screen.
    func startField(x: Int, y: Int) -> StartForm.Field? {
        let (frame, rows) = startScreen()
        let index = y - frame.y - 1
        guard frame.contains(x: x, y: y), rows.indices.contains(index) else { return nil }
        return rows[index].field
    }

    /// The rows that there is room for, and the frame around them.
    private func startScreen() -> (frame: Rect, rows: [StartRow]) {
        let screen = Rect(x: 0, y: 0, width: grid.width, height: grid.height - 1)
        let most = max(screen.width - 4, Layout.least.width)
        // The frame and what is kept free beside the text.
        let margins = 6
        let natural = startRows(width: most - margins).flatMap(\.pieces)
            .map { $0.column + cellWidth($0.span.text) + margins }
        let width = min(most, max(84, natural.max() ?? 0))
        var rows = startRows(width: width - margins)
        while rows.count > screen.height - 2,
            let last = rows.indices.max(by: { rows[$0].rank < rows[$1].rank })
        {
            rows.remove(at: last)
        }
        return (screen.centered(width: width, height: rows.count + 2), rows)
    }

    private mutating func drawStartRow(_ row: StartRow, in area: Rect) {
        if row.isSelected {
            let mark = Rect(x: area.x, y: area.y, width: min(30, area.width), height: area.height)
            grid.fill(mark, style: Style(.selection))
            grid.put(glyphs.symbol(.pointer), x: area.x, y: area.y, style: Style(.selection), in: area)
        }
        for piece in row.pieces {
            grid.write([piece.span], x: area.x + piece.column, y: area.y, in: area)
        }
    }

    private func startRows(width: Int) -> [StartRow] {
        let leads = [
            "Quantize a vision transformer, watch every unit, export the result.",
            "Quantize, watch every unit, export the result.",
        ]
        let lead = leads.first { cellWidth($0) <= width } ?? ""
        return [StartRow(pieces: [(0, TextSpan(lead, .muted))], rank: 6), StartRow(rank: 7)]
            + cardRows(width: width) + [StartRow(rank: 4)] + formRows(width: width)
            + recentRows(width: width) + [StartRow(rank: 8)] + startHelp(width: width) + [StartRow(rank: 9)]
    }

    /// A value with its name, on as many rows as it needs.
    private func rows(_ name: String, _ value: String, width: Int, rank: Int, next: Int) -> [StartRow] {
        wrapped(value, width: width - Self.valueColumn).enumerated().map { index, part in
            let value = (column: Self.valueColumn, span: TextSpan(part))
            return index == 0
                ? StartRow(pieces: [(2, TextSpan(name, .muted)), value], rank: rank)
                : StartRow(pieces: [value], rank: next)
        }
    }

    /// What is known of the model.
    private func cardRows(width: Int) -> [StartRow] {
        let card = state.start.card
        let evaluation =
            card.evaluationImages == 0
            ? "no evaluation"
            : "\(QuantityText.count(card.evaluationImages)) \(card.isLabelled ? "labelled" : "unlabelled") "
                + "evaluation"
        let lines = [
            ("Architecture", card.architecture),
            (
                "Parameters",
                "\(QuantityText.count(card.parameters)), \(QuantityText.bytes(card.bytes)) in full precision"
            ),
            ("Preprocessing", card.preprocessing),
            ("Images", "\(QuantityText.count(card.calibrationImages)) calibration, \(evaluation)"),
        ]
        return modelRows(width: width)
            + lines.filter { !$0.1.isEmpty }.flatMap {
                rows(
                    $0.0, $0.1, width: width, rank: $0.0 == "Preprocessing" ? 10 : 1,
                    next: $0.0 == "Preprocessing" ? 10 : 1)
            }
    }

    private func modelRows(width: Int) -> [StartRow] {
        let isSelected = state.start.field == .model
        let style = isSelected ? Style(.selection) : .text
        let name = state.start.opening ?? state.start.card.reference
        var result = wrapped(name, width: width - Self.valueColumn).enumerated().map { index, part in
            StartRow(
                pieces: (index == 0 ? [(2, TextSpan("Model", isSelected ? style : .muted))] : [])
                    + [(Self.valueColumn, TextSpan(part, style.bold))],
                field: .model, isSelected: isSelected, rank: 0)
        }
        if state.start.opening != nil {
            result.append(
                StartRow(pieces: [(Self.valueColumn, TextSpan("being read", Style(.running)))], rank: 3))
        }
        return result
    }

    /// What can be changed, and what else the plan came with.
    private func formRows(width: Int) -> [StartRow] {
        let plan = state.start.plan
        let bits = plan.hyperparameters
        let values: [(StartForm.Field, String, String, String)] = [
            (.preset, "Preset", plan.preset.rawValue, presetNote(plan.preset)),
            (.weightBits, "Weight bits", String(bits.weightBits), bitsNote(bits.weightBits)),
            (.activationBits, "Activation bits", String(bits.activationBits), bitsNote(bits.activationBits)),
            (
                .steps, "Steps per unit", String(bits.steps),
                bits.steps == 0 ? "calibrated, not reconstructed" : ""
            ),
        ]
        let form = values.flatMap { field, name, value, note -> [StartRow] in
            let isSelected = field == state.start.field
            let style = isSelected ? Style(.selection) : .text
            let notes = wrapped(note, width: width - Self.noteColumn)
            let first = StartRow(
                pieces: [
                    (2, TextSpan(name, isSelected ? style : .muted)),
                    (Self.valueColumn, TextSpan(value, style.bold)),
                    (Self.noteColumn, TextSpan(notes.first ?? "", .muted)),
                ], field: field, isSelected: isSelected, rank: 0)
            return [first]
                + notes.dropFirst().map {
                    StartRow(pieces: [(Self.noteColumn, TextSpan($0, .muted))], rank: 3)
                }
        }
        let kept =
            (state.start.kept.map { "\($0.key) = \($0.value)" }
            + state.start.plan.sites.map { "\($0.match) at \($0.bits) bits" })
            .joined(separator: ", ")
        return form + predictedRows(width: width)
            + (kept.isEmpty ? [] : rows("Also set", kept, width: width, rank: 3, next: 3))
    }

    /// What the run will take.
    private func predictedRows(width: Int) -> [StartRow] {
        let text =
            switch state.estimates.answer(of: state.start.plan) {
            case nil, .pending: "being worked out"
            case .known(let estimate):
                "about \(QuantityText.roughDuration(estimate.seconds)), "
                    + "\(QuantityText.roughBytes(estimate.bytes)) of memory"
            case .unknown(let reason): "unknown: \(reason)"
            }
        return rows("Predicted", text, width: width, rank: 2, next: 2)
    }

    /// The runs that can be opened again.
    private func recentRows(width: Int) -> [StartRow] {
        let recents = state.shownRecents
        guard !recents.isEmpty else { return [] }
        let heading = [
            StartRow(rank: 11), StartRow(pieces: [(2, TextSpan("Recent runs", Style(.heading)))], rank: 12),
        ]
        let names = min(recents.map { cellWidth($0.directory) }.max() ?? 0, max(20, width / 2))
        return heading
            + recents.enumerated().map { index, run in
                let isSelected = state.start.field == .recent(index)
                let style = isSelected ? Style(.selection) : .text
                return StartRow(
                    pieces: [
                        (2, TextSpan(fitted(run.directory, width: names, ellipsis: glyphs.ellipsis), style)),
                        (
                            names + 4,
                            TextSpan(cut(run.label, width: width - names - 4), .muted)
                        ),
                    ], field: .recent(index), isSelected: isSelected, rank: isSelected ? 0 : 13 + index)
            }
    }

    /// The preset's summary without what stands in brackets.
    private func presetNote(_ preset: Preset) -> String {
        let end = preset.summary.firstIndex(of: "(") ?? preset.summary.endIndex
        let note = preset.summary[..<end]
        return String(note.last == " " ? note.dropLast() : note)
    }

    private func bitsNote(_ bits: Int) -> String { bits == 16 ? "left in full precision" : "" }

    private func startHelp(width: Int) -> [StartRow] {
        let bits = state.start.plan.hyperparameters
        let run = BitsText.label(bits.weightBits, bits.activationBits)
        let keys = state.settings.keys
        func key(_ action: Action) -> TextSpan {
            TextSpan(keys.text(of: action, in: .start), Style(.keyHint))
        }
        var what = " starts the \(run) run with \(state.start.plan.preset.rawValue)"
        if case .recent = state.start.field { what = " opens the run" }
        let change = [
            key(.up), TextSpan(" "), key(.down), TextSpan(" choose, "), key(.left), TextSpan(" "),
            key(.right), TextSpan(" change, "), key(.open), TextSpan(" opens another model"),
        ]
        let help = [
            TextSpan(", "), TextSpan(keys.text(of: .help), Style(.keyHint)), TextSpan(" lists every key"),
        ]
        let needed = (change + help).reduce(4) { $0 + cellWidth($1.text) }
        let start = StartRow(pieces: Self.placed([key(.start), TextSpan(what, Style.text.bold)]), rank: 5)
        return (state.obstacle(to: .start) == nil ? [start] : [])
            + [StartRow(pieces: Self.placed(needed <= width ? change + help : change), rank: 5)]
    }

    /// A text that is cut where there is no room for it.
    private func cut(_ text: String, width: Int) -> String {
        cellWidth(text) <= width ? text : fitted(text, width: max(0, width), ellipsis: glyphs.ellipsis)
    }

    /// Spans one behind the other.
    private static func placed(_ spans: [TextSpan]) -> [(column: Int, span: TextSpan)] {
        var column = 2
        return spans.map { span in
            defer { column += cellWidth(span.text) }
            return (column, span)
        }
    }
}
