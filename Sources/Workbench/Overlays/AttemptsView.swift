internal import RunText
internal import Runs
internal import TerminalUI
internal import Vocabulary

/// The attempts at a unit, side by side.
struct AttemptsView: Overlay {
    var unit: Int
    var attempt: Int

    static let keys: [KeyBinding] = [
        KeyBinding(
            .chooseAttempt, [.enter], [.attempts], "choose the attempt", hint: "choose", rank: 1,
            .on(Self.self, unless: { $0.obstacleToChoosing($1) }) { view, state in
                state.overlay = nil
                return [.send(.choose(unit: view.unit, attempt: view.attempt))]
            })
    ]

    var context: KeyContext { .attempts }

    private func numbers(of unit: Int, _ state: WorkbenchState) -> [Int] {
        let attempts = state.run?.ledger?.attempts ?? []
        return attempts.indices.contains(unit) ? attempts[unit].map(\.attempt) : []
    }

    func obstacle(to move: Move, in state: WorkbenchState) -> String? {
        let numbers = numbers(of: unit, state)
        switch move {
        case .left: return attempt == numbers.first ? "this is the first attempt" : nil
        case .right: return attempt == numbers.last ? "this is the last attempt" : nil
        default:
            let next = unit + (move.isBackward ? -1 : 1)
            return self.numbers(of: next, state).isEmpty
                ? "the \(move.isBackward ? "previous" : "next") unit has no attempt" : nil
        }
    }

    mutating func move(_ move: Move, in state: inout WorkbenchState) -> [WorkbenchEffect] {
        let numbers = numbers(of: unit, state)
        guard let run = state.run, let index = numbers.firstIndex(of: attempt) else { return [] }
        if move == .left || move == .right {
            attempt = numbers[move.target(from: index, count: numbers.count)]
        } else {
            unit += move.isBackward ? -1 : 1
            attempt = run.units[unit].attempt
            state.choose(unit: unit)
        }
        return []
    }

    /// Why the selected attempt cannot be chosen.
    func obstacleToChoosing(_ state: WorkbenchState) -> String? {
        guard let run = state.run, let ledger = run.ledger else { return "no run is in progress" }
        if run.hasEnded { return "the run has ended: its attempts are final" }
        guard run.gate != nil, !run.isSweeping else {
            return "an attempt is chosen at a gate: \(state.key(.pause)) waits at the next one"
        }
        if unit > ledger.unitsDone { return "units before this one are not quantized" }
        return ledger.chosenAttempt(of: unit)?.attempt == attempt ? "this attempt is the chosen one" : nil
    }

    // MARK: - Drawing

    func draw(on canvas: inout Canvas) {
        guard let run = canvas.state.run, let ledger = run.ledger, ledger.attempts.indices.contains(unit),
            !ledger.attempts[unit].isEmpty
        else { return }
        let attempts = ledger.attempts[unit]
        let chosen = ledger.chosenAttempt(of: unit)
        // Nil for the chosen one.
        let differences = attempts.map { attempt in
            chosen.flatMap { $0.attempt == attempt.attempt ? nil : attempt.heldOutDifference(from: $0) }
        }
        // Nil also where the noise floor was not measured.
        let belowFloor = attempts.map { attempt in
            chosen.flatMap {
                $0.attempt == attempt.attempt ? nil : attempt.heldOutDifferenceIsBelowNoiseFloor(from: $0)
            }
        }
        let lines = AttemptLine.lines(attempts, differences, belowFloor, run, unit)
        let index = attempts.firstIndex { $0.attempt == attempt } ?? 0
        let notes = notes(
            attempts[index], differences[index], isBelowFloor: belowFloor[index] == true, chosen, canvas)
        let size = (canvas.layout.overlay.width, lines.count + notes.count + 5)
        let area = canvas.drawDialog("Attempts at \(run.units[unit].name)", size)
        let parts = area.rows([.fixed(1), .share(1), .fixed(notes.count), .fixed(1)])
        let (name, width) = (22, 14)
        let fitting = max(1, (area.width - name) / width)
        let first = Table.offset(0, selected: index, visible: fitting, count: attempts.count)
        let shown = attempts.indices.dropFirst(first).prefix(fitting)
        func column(_ attempt: Int, _ row: Rect) -> Rect { row.dropping(name + (attempt - first) * width) }
        for attempt in shown {
            let number = attempts[attempt].attempt
            let mark = number == chosen?.attempt ? "\(canvas.glyphs.symbol(.done)) " : ""
            canvas.write(
                fitted("\(mark)attempt \(number)", width: width - 1, alignment: .trailing),
                in: column(attempt, parts[0]), style: Style(attempt == index ? .selection : .heading))
        }
        for (row, line) in lines.prefix(parts[1].height).enumerated() {
            let row = parts[1].row(row)
            canvas.write(
                fitted(line.name, width: name - 1, ellipsis: canvas.glyphs.ellipsis), in: row, style: .muted)
            for attempt in shown {
                let text = fitted(
                    line.values[attempt], width: width - 1, alignment: .trailing,
                    ellipsis: canvas.glyphs.ellipsis)
                let isBest = attempt == line.best && attempts.count > 1
                canvas.write(text, in: column(attempt, row), style: isBest ? Style(.ok).bold : .text)
            }
        }
        for (row, note) in notes.enumerated() {
            let text = fitted(canvas.sentence(note), width: area.width, ellipsis: canvas.glyphs.ellipsis)
            canvas.write(text, in: parts[2].row(row), style: .muted)
        }
        canvas.writeKeys([.chooseAttempt, .before, .next, .closeView], in: parts[3])
    }

    /// How far the selected attempt is from the chosen one, and what Enter does.
    private func notes(
        _ attempt: AttemptReport, _ difference: PairedDifference?, isBelowFloor: Bool,
        _ chosen: AttemptReport?, _ canvas: Canvas
    ) -> [String] {
        var notes: [String] = []
        if let difference, let chosen, let images = attempt.heldOut?.images {
            let amount = QuantityText.measure(abs(difference.mean))
            let interval = QuantityText.measure(difference.halfWidth)
            let isSame = difference.mean == 0 && difference.halfWidth == 0
            let distance =
                isSame
                ? "as near to full precision as attempt \(chosen.attempt)"
                : "KL \(amount) \(canvas.glyphs.plusMinus) \(interval) nats "
                    + "\(difference.mean < 0 ? "below" : "above") attempt \(chosen.attempt)'s"
            let isOpen = difference.verdictOfLess == .undecided && !isSame
            // The verdict comes first: the end is cut where there is little room.
            notes.append(
                (isOpen
                    ? "no significant difference: "
                    : isBelowFloor && !isSame ? "less than the noise floor: " : "")
                    + "\(distance) on \(QuantityText.count(images)) held-out images")
        }
        return notes + [
            obstacleToChoosing(canvas.state)
                ?? "\(canvas.key(.chooseAttempt)) chooses attempt \(self.attempt)"
        ]
    }
}

/// A measure or a setting of every attempt.
private struct AttemptLine {
    let name: String
    let values: [String]
    /// The attempt with the best value; nil if none is better.
    var best: Int?

    init(_ name: String, _ values: [String]) {
        (self.name, self.values) = (name, values)
    }

    /// A measure; less is better.
    init(_ name: String, measure values: [Double?], _ text: (Double) -> String) {
        self.init(name, values.map { $0.map(text) ?? "–" })
        let known = values.enumerated().compactMap { index, value in value.map { (index, $0) } }
        guard let least = known.min(by: { $0.1 < $1.1 }), known.contains(where: { $0.1 != least.1 }) else {
            return
        }
        best = least.0
    }

    static func lines(
        _ attempts: [AttemptReport], _ differences: [PairedDifference?], _ belowFloor: [Bool?],
        _ run: RunProgress, _ unit: Int
    ) -> [AttemptLine] {
        // The attempts before the unit that are chosen now.
        let prefix = run.ledger.map { Array($0.chosen.prefix(unit)) }
        var lines = [
            AttemptLine("ended", attempts.map(ending)),
            AttemptLine("stale", attempts.map { prefix == nil || $0.prefix == prefix ? "no" : "yes" }),
            AttemptLine("block loss", measure: attempts.map(\.finalLoss), QuantityText.measure),
            AttemptLine("KL, calibration", measure: attempts.map(\.finalKl), QuantityText.measure),
        ]
        if attempts.contains(where: { $0.heldOut != nil }) {
            lines.append(
                AttemptLine("KL, held out", measure: attempts.map { $0.heldOut?.kl }, QuantityText.measure))
            if let chosen = run.ledger?.chosenAttempt(of: unit), differences.contains(where: { $0 != nil }) {
                let verdicts = differences.map { difference in
                    difference.map {
                        $0.verdictOfLess == .undecided ? "not signif." : $0.verdictOfLess.rawValue
                    } ?? "–"
                }
                lines.append(AttemptLine("  against attempt \(chosen.attempt)", verdicts))
                if belowFloor.contains(where: { $0 != nil }) {
                    let words = belowFloor.map { $0.map { $0 ? "below" : "above" } ?? "–" }
                    lines.append(AttemptLine("  against noise floor", words))
                }
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
            // The engine used these values, so they are valid.
            _ = try? values.apply(report.hyperparameters)
            return values
        }
        for field in HyperparameterField.all {
            let values = used.map { field.value(in: $0) }
            let isAlwaysShown = ["weight_bits", "activation_bits", "steps"].contains(field.key)
            if isAlwaysShown || Set(values).count > 1 { lines.append(AttemptLine(field.key, values)) }
        }
        let sites = attempts.map { $0.sites.map { "\($0.match) \($0.bits)" }.joined(separator: ", ") }
        if Set(sites).count > 1 { lines.append(AttemptLine("sites", sites.map { $0.isEmpty ? "–" : $0 })) }
        return lines
    }

    private static func ending(_ report: AttemptReport) -> String {
        if report.reverted { return "put back" }
        switch report.ending {
        case .complete: return "complete"
        case .finishedEarly: return "early"
        case .cancelled: return "cancelled"
        }
    }
}
