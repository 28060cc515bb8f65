internal import Runs
internal import TerminalUI
internal import Vocabulary

extension Painter {
    mutating func drawRedo(_ dialog: RedoDialog) {
        guard let run = state.run, run.units.indices.contains(dialog.unit) else { return }
        let unit = run.units[dialog.unit]
        let area = drawDialog("Redo \(unit.name)", width: 72, height: 12)
        let body = area.rows([.share(1), .fixed(1)])
        let changes = state.redoChanges(dialog)
        let behind = run.units[(dialog.unit + 1)...].filter(\.isFinished).count
        var sentences = [
            changes.isEmpty
                ? "Another attempt with the parameters of the chosen one."
                : "Another attempt with " + changes.map { "\($0.key) = \($0.value)" }.joined(separator: ", ")
                    + ".",
            "It becomes the chosen one when it ends; attempt \(unit.attempt) is kept and can be chosen again.",
        ]
        if behind > 0 {
            let units = behind == 1 ? "1 unit behind it becomes" : "\(behind) units behind it become"
            sentences.append("\(units) stale and can be redone with \(state.key(.redoStale)).")
        }
        if let seconds = redoSeconds(unit, changes) {
            sentences.append("It will take about \(QuantityText.roughDuration(seconds)).")
        }
        var y = body[0].y
        for sentence in sentences {
            let rest = Rect(x: area.x, y: y, width: area.width, height: body[0].endY - y)
            y += grid.writeWrapped(sentence, in: rest)
        }
        var keys = [(key(.confirm, .redo), "redo it")]
        if !state.editor.draft.isEmpty {
            keys.append(
                (key(.switchFormat, .redo), dialog.usesDraft ? "without the draft" : "with the draft"))
        }
        writeKeys(keys + [(key(.cancel, .redo), "cancel")], in: body[1])
    }

    /// How long another attempt takes, judged by the chosen one: steps and images in a step in proportion.
    private func redoSeconds(_ unit: UnitProgress, _ changes: [HyperparameterChange]) -> Double? {
        guard let report = unit.report, report.ending == .complete else { return nil }
        var other = unit.hyperparameters
        guard (try? other.apply(changes)) != nil else { return nil }
        let used = unit.hyperparameters
        guard used.steps > 0, used.batch > 0 else { return nil }
        return report.seconds * Double(other.steps * other.batch) / Double(used.steps * used.batch)
    }

    mutating func drawRollBack(_ unit: Int) {
        guard let run = state.run, run.units.indices.contains(unit) else { return }
        let area = drawDialog("Roll back", width: 64, height: 9)
        let body = area.rows([.share(1), .fixed(1)])
        let count = run.units[unit...].filter(\.isFinished).count
        let units = count == 1 ? "1 unit is" : "\(count) units are"
        grid.writeWrapped(
            "Back to the gate before \(run.units[unit].name): \(units) not quantized any more. "
                + "Every attempt is kept and can be chosen again; \(state.key(.undoDecision)) takes this back.",
            in: Rect(x: area.x, y: area.y + 1, width: area.width, height: body[0].height - 1))
        writeKeys([(key(.confirm, .rollBack), "go back"), (key(.cancel, .rollBack), "stay")], in: body[1])
    }

    // MARK: - Attempts

    mutating func drawAttempts(_ view: AttemptsView) {
        guard let run = state.run, let ledger = run.ledger, ledger.attempts.indices.contains(view.unit),
            !ledger.attempts[view.unit].isEmpty
        else { return }
        let attempts = ledger.attempts[view.unit]
        let chosen = ledger.chosenAttempt(of: view.unit)
        // Of every attempt but the chosen one.
        let differences = attempts.map { attempt in
            chosen.flatMap { $0.attempt == attempt.attempt ? nil : attempt.heldOutDifference(from: $0) }
        }
        let lines = attemptLines(attempts, differences, run, view.unit)
        let index = attempts.firstIndex { $0.attempt == view.attempt } ?? 0
        let notes = attemptNotes(view, attempts[index], differences[index], chosen)
        let area = drawDialog(
            "Attempts at \(run.units[view.unit].name)", width: layout.overlay.width,
            height: lines.count + notes.count + 5)
        let parts = area.rows([.fixed(1), .share(1), .fixed(notes.count), .fixed(1)])
        let (name, width) = (22, 14)
        let fitting = max(1, (area.width - name) / width)
        let first = Table.offset(0, selected: index, visible: fitting, count: attempts.count)
        let shown = Array(attempts.indices.dropFirst(first).prefix(fitting))
        for (column, attempt) in shown.enumerated() {
            let x = area.x + name + column * width
            let number = attempts[attempt].attempt
            let mark = number == chosen?.attempt ? "\(glyphs.symbol(.done)) " : ""
            let style = attempt == index ? Style(.selection) : Style(.heading)
            grid.write(
                fitted("\(mark)attempt \(number)", width: width - 1, alignment: .trailing), x: x,
                y: parts[0].y, style: style, in: parts[0])
        }
        for (row, line) in lines.prefix(parts[1].height).enumerated() {
            let y = parts[1].y + row
            grid.write(
                fitted(line.name, width: name - 1, ellipsis: glyphs.ellipsis), x: area.x, y: y, style: .muted,
                in: parts[1])
            for (column, attempt) in shown.enumerated() {
                let text = fitted(
                    line.values[attempt], width: width - 1, alignment: .trailing, ellipsis: glyphs.ellipsis)
                let isBest = attempt == line.best && attempts.count > 1
                grid.write(
                    text, x: area.x + name + column * width, y: y, style: isBest ? Style(.ok).bold : .text,
                    in: parts[1])
            }
        }
        for (row, note) in notes.enumerated() {
            grid.write(
                fitted(sentence(note), width: area.width, ellipsis: glyphs.ellipsis), x: area.x,
                y: parts[2].y + row,
                style: .muted, in: parts[2])
        }
        writeKeys(
            [
                (key(.confirm, .attempts), "choose"), (key(.left, .attempts), "before"),
                (key(.right, .attempts), "next"), (key(.cancel, .attempts), "close"),
            ], in: parts[3])
    }

    /// What is said of the selected attempt: how far it is from the chosen one, and what Enter does.
    private func attemptNotes(
        _ view: AttemptsView, _ attempt: AttemptReport, _ difference: PairedDifference?,
        _ chosen: AttemptReport?
    ) -> [String] {
        var notes: [String] = []
        if let difference, let chosen, let images = attempt.heldOut?.images {
            let amount = QuantityText.measure(abs(difference.mean))
            let interval = QuantityText.measure(difference.halfWidth)
            let isSame = difference.mean == 0 && difference.halfWidth == 0
            let distance =
                isSame
                ? "as near to full precision as attempt \(chosen.attempt)"
                : "KL \(amount) \(glyphs.plusMinus) \(interval) nats "
                    + "\(difference.mean < 0 ? "below" : "above") attempt \(chosen.attempt)'s"
            notes.append("\(distance) on \(QuantityText.count(images)) held-out images")
        }
        notes.append(
            state.obstacleToChoosing(view)
                ?? "\(key(.confirm, .attempts)) chooses attempt \(view.attempt)")
        return notes
    }

    /// A measure or a setting of every attempt.
    private struct AttemptLine {
        let name: String
        let values: [String]
        /// The attempt with the best value; nil where none is better.
        var best: Int?

        init(_ name: String, _ values: [String]) {
            (self.name, self.values) = (name, values)
        }

        /// A measure of which less is better.
        init(_ name: String, measure values: [Double?], _ text: (Double) -> String) {
            self.init(name, values.map { $0.map(text) ?? "–" })
            let known = values.enumerated().compactMap { index, value in value.map { (index, $0) } }
            guard let least = known.min(by: { $0.1 < $1.1 }), known.contains(where: { $0.1 != least.1 })
            else {
                return
            }
            best = least.0
        }
    }

    private func attemptLines(
        _ attempts: [AttemptReport], _ differences: [PairedDifference?], _ run: RunProgress, _ unit: Int
    ) -> [AttemptLine] {
        var lines = [
            AttemptLine("ended", attempts.map(Self.ending)),
            AttemptLine("stale", attempts.map { isCurrent($0, run, unit) ? "no" : "yes" }),
            AttemptLine("block loss", measure: attempts.map(\.finalLoss), QuantityText.measure),
            AttemptLine("KL, calibration", measure: attempts.map(\.finalKl), QuantityText.measure),
        ]
        if attempts.contains(where: { $0.heldOut != nil }) {
            lines.append(
                AttemptLine("KL, held out", measure: attempts.map { $0.heldOut?.kl }, QuantityText.measure))
            if let chosen = run.ledger?.chosenAttempt(of: unit), differences.contains(where: { $0 != nil }) {
                let verdicts = differences.map { $0?.verdictOfLess.rawValue ?? "–" }
                lines.append(AttemptLine("  than attempt \(chosen.attempt)", verdicts))
            }
            if attempts.contains(where: { $0.heldOut?.top1 != nil }) {
                let errors = attempts.map { $0.heldOut?.top1.map { 100 - $0 } }
                lines.append(
                    AttemptLine("top-1, held out", measure: errors) {
                        QuantityText.fixed(100 - $0, decimals: 2) + " %"
                    })
            }
        }
        lines += [
            AttemptLine("time", attempts.map { QuantityText.duration($0.seconds) }),
            AttemptLine("size", attempts.map { QuantityText.bytes($0.bytes) }),
        ]
        let used = attempts.map { report in
            var values = Hyperparameters()
            // What the engine used is right; a defect would show the defaults.
            _ = try? values.apply(report.hyperparameters)
            return values
        }
        for field in HyperparameterField.all {
            let values = used.map { field.value(in: $0) }
            let isTelling =
                Set(values).count > 1 || ["weight_bits", "activation_bits", "steps"].contains(field.key)
            if isTelling { lines.append(AttemptLine(field.key, values)) }
        }
        let sites = attempts.map { $0.sites.map { "\($0.match) \($0.bits)" }.joined(separator: ", ") }
        if Set(sites).count > 1 { lines.append(AttemptLine("sites", sites.map { $0.isEmpty ? "–" : $0 })) }
        return lines
    }

    /// Whether the units before are the attempts now that they were then.
    private func isCurrent(_ report: AttemptReport, _ run: RunProgress, _ unit: Int) -> Bool {
        guard let chosen = run.ledger?.chosen else { return true }
        return report.prefix == Array(chosen.prefix(unit))
    }

    private static func ending(_ report: AttemptReport) -> String {
        if report.reverted { return "put back" }
        switch report.ending {
        case .complete: return "complete"
        case .finishedEarly: return "early"
        case .cancelled: return "given up"
        }
    }
}
