internal import Runs
internal import TerminalUI

extension Painter {
    mutating func drawStart() {
        let screen = Rect(x: 0, y: 0, width: grid.width, height: grid.height - 1)
        let area = screen.centered(width: min(max(screen.width - 4, 60), 84), height: 17)
        let inner = grid.drawBox(area, title: "mgrq", focused: true, glyphs: glyphs)
        let text = inner.inset(columns: 2, rows: 0)
        let leads = [
            "Quantize a vision transformer, watch every unit, export the result.",
            "Quantize, watch every unit, export the result.",
        ]
        grid.write(
            leads.first { cellWidth($0) <= text.width } ?? "", x: text.x, y: text.y, style: .muted, in: text)
        let known = drawCard(in: Rect(x: text.x, y: text.y + 2, width: text.width, height: 4))
        let form = Rect(x: text.x, y: known + 1, width: text.width, height: StartForm.Field.allCases.count)
        drawForm(in: form)
        drawStartHelp(in: Rect(x: text.x, y: form.endY + 1, width: text.width, height: 3).intersection(text))
    }

    /// What is known of the model; returns the row below.
    private mutating func drawCard(in area: Rect) -> Int {
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
        for (index, line) in lines.enumerated() {
            let row = area.row(index)
            grid.write(line.0, x: row.x + 2, y: row.y, style: .muted, in: row)
            grid.write(
                fitted(line.1, width: row.width - 18, ellipsis: glyphs.ellipsis), x: row.x + 18, y: row.y,
                in: row)
        }
        return area.endY
    }

    private mutating func drawForm(in area: Rect) {
        let plan = state.start.plan
        let values = [
            ("Preset", plan.preset.rawValue, presetNote(plan.preset)),
            (
                "Weight bits", String(plan.hyperparameters.weightBits),
                bitsNote(plan.hyperparameters.weightBits)
            ),
            (
                "Activation bits", String(plan.hyperparameters.activationBits),
                bitsNote(plan.hyperparameters.activationBits)
            ),
            (
                "Steps per unit", String(plan.hyperparameters.steps),
                plan.hyperparameters.steps == 0 ? "calibrated, not reconstructed" : ""
            ),
        ]
        for (index, value) in values.enumerated() {
            let row = area.row(index)
            let isSelected = index == state.start.field.rawValue
            if isSelected {
                grid.fill(
                    Rect(x: row.x, y: row.y, width: min(30, row.width), height: row.height),
                    style: Style(.selection))
                grid.put(glyphs.symbol(.pointer), x: row.x, y: row.y, style: Style(.selection), in: row)
            }
            let style = isSelected ? Style(.selection) : .text
            grid.write(value.0, x: row.x + 2, y: row.y, style: isSelected ? style : .muted, in: row)
            grid.write(value.1, x: row.x + 18, y: row.y, style: style.bold, in: row)
            let note = fitted(value.2, width: row.width - 31, ellipsis: glyphs.ellipsis)
            grid.write(note, x: row.x + 31, y: row.y, style: .muted, in: row)
        }
    }

    /// The preset's summary without what stands in brackets.
    private func presetNote(_ preset: Preset) -> String {
        let end = preset.summary.firstIndex(of: "(") ?? preset.summary.endIndex
        return String(preset.summary[..<end])
    }

    private func bitsNote(_ bits: Int) -> String { bits == 16 ? "left in full precision" : "" }

    private mutating func drawStartHelp(in area: Rect) {
        let bits = state.start.plan.hyperparameters
        grid.write(
            [
                TextSpan("Enter", Style(.keyHint)),
                TextSpan(
                    " starts the \(BitsText.label(bits.weightBits, bits.activationBits)) run with "
                        + "\(state.start.plan.preset.rawValue)", Style.text.bold),
            ], x: area.x + 2, y: area.y, in: area)
        grid.write(
            [
                TextSpan("Up Down", Style(.keyHint)), TextSpan(" choose a value, "),
                TextSpan("Left Right", Style(.keyHint)), TextSpan(" change it, "),
                TextSpan("?", Style(.keyHint)), TextSpan(" lists every key"),
            ], x: area.x + 2, y: area.y + 1, in: area)
    }
}
