internal import Runs
internal import TerminalUI

/// A row of the start screen; where the screen is too low, the rows of highest rank go first.
private struct StartRow {
    var pieces: [(column: Int, span: TextSpan)] = []
    var isSelected = false
    let rank: Int
}

extension Painter {
    /// Where values and notes begin.
    private static let (valueColumn, noteColumn) = (18, 31)

    mutating func drawStart() {
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
        let area = screen.centered(width: width, height: rows.count + 2)
        let text = grid.drawBox(area, title: "mgrq", focused: true, glyphs: glyphs).inset(columns: 2, rows: 0)
        for (index, row) in rows.enumerated() { drawStartRow(row, in: text.row(index)) }
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
            + [StartRow(rank: 8)] + startHelp + [StartRow(rank: 9)]
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
        let card = state.card
        let evaluation =
            card.evaluationImages == 0
            ? "no evaluation"
            : "\(QuantityText.count(card.evaluationImages)) \(card.isLabelled ? "labelled" : "unlabelled") "
                + "evaluation"
        let lines = [
            ("Model", card.reference), ("Architecture", card.architecture),
            (
                "Parameters",
                "\(QuantityText.count(card.parameters)), \(QuantityText.bytes(card.bytes)) in full precision"
            ),
            ("Images", "\(QuantityText.count(card.calibrationImages)) calibration, \(evaluation)"),
        ]
        return lines.flatMap { rows($0.0, $0.1, width: width, rank: 1, next: 1) }
    }

    /// What can be changed, and what else the plan came with.
    private func formRows(width: Int) -> [StartRow] {
        let plan = state.start.plan
        let bits = plan.hyperparameters
        let values = [
            ("Preset", plan.preset.rawValue, presetNote(plan.preset)),
            ("Weight bits", String(bits.weightBits), bitsNote(bits.weightBits)),
            ("Activation bits", String(bits.activationBits), bitsNote(bits.activationBits)),
            ("Steps per unit", String(bits.steps), bits.steps == 0 ? "calibrated, not reconstructed" : ""),
        ]
        let form = values.enumerated().flatMap { index, value -> [StartRow] in
            let isSelected = index == state.start.field.rawValue
            let style = isSelected ? Style(.selection) : .text
            let notes = wrapped(value.2, width: width - Self.noteColumn)
            let first = StartRow(
                pieces: [
                    (2, TextSpan(value.0, isSelected ? style : .muted)),
                    (Self.valueColumn, TextSpan(value.1, style.bold)),
                    (Self.noteColumn, TextSpan(notes.first ?? "", .muted)),
                ], isSelected: isSelected, rank: 0)
            return [first]
                + notes.dropFirst().map {
                    StartRow(pieces: [(Self.noteColumn, TextSpan($0, .muted))], rank: 3)
                }
        }
        let kept = state.start.kept.map { "\($0.key) = \($0.value)" }.joined(separator: ", ")
        return form + (kept.isEmpty ? [] : rows("Also set", kept, width: width, rank: 3, next: 3))
    }

    /// The preset's summary without what stands in brackets.
    private func presetNote(_ preset: Preset) -> String {
        let end = preset.summary.firstIndex(of: "(") ?? preset.summary.endIndex
        let note = preset.summary[..<end]
        return String(note.last == " " ? note.dropLast() : note)
    }

    private func bitsNote(_ bits: Int) -> String { bits == 16 ? "left in full precision" : "" }

    private var startHelp: [StartRow] {
        let bits = state.start.plan.hyperparameters
        let run = BitsText.label(bits.weightBits, bits.activationBits)
        return [
            StartRow(
                pieces: Self.placed([
                    TextSpan("Enter", Style(.keyHint)),
                    TextSpan(
                        " starts the \(run) run with \(state.start.plan.preset.rawValue)", Style.text.bold),
                ]), rank: 5),
            StartRow(
                pieces: Self.placed([
                    TextSpan("Up Down", Style(.keyHint)), TextSpan(" choose a value, "),
                    TextSpan("Left Right", Style(.keyHint)), TextSpan(" change it, "),
                    TextSpan("?", Style(.keyHint)), TextSpan(" lists every key"),
                ]), rank: 5),
        ]
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
