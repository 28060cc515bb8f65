internal import Runs
internal import TerminalUI

/// A piece of a line; where the line is too narrow, the pieces of highest rank go first.
struct LinePiece {
    let spans: [TextSpan]
    let rank: Int

    init(_ spans: [TextSpan], rank: Int) {
        self.spans = spans
        self.rank = rank
    }

    init(_ text: String, _ style: Style = .text, rank: Int) {
        self.init([TextSpan(text, style)], rank: rank)
    }

    var width: Int { spans.reduce(0) { $0 + cellWidth($1.text) } }

    /// The pieces that fit into a width with a gap between neighbours, in their order.
    static func fitting(_ pieces: [LinePiece], width: Int, gap: Int) -> [LinePiece] {
        var kept = pieces.filter { $0.width > 0 }
        func needed() -> Int { kept.reduce(-gap) { $0 + $1.width + gap } }
        while !kept.isEmpty, needed() > width {
            let last = kept.indices.max { kept[$0].rank < kept[$1].rank } ?? 0
            kept.remove(at: last)
        }
        return kept
    }
}

extension Painter {
    mutating func drawHeader() {
        guard let run = state.run, layout.header.height == 2 else { return }
        grid.fill(layout.header, style: Style(.header))
        write(statePieces(run), in: layout.header.row(0))
        write(evaluationPieces(run), in: layout.header.row(1))
    }

    /// Writes pieces from the left with three spaces between them, on the header's background.
    private mutating func write(_ pieces: [LinePiece], in row: Rect) {
        let area = row.inset(columns: 1, rows: 0)
        var x = area.x
        for piece in LinePiece.fitting(pieces, width: area.width, gap: 3) {
            x += grid.write(piece.spans, x: x, y: area.y, in: area) + 3
        }
    }

    // MARK: - First line

    private func statePieces(_ run: RunProgress) -> [LinePiece] {
        let header = Style(.header)
        var pieces = [
            LinePiece("mgrq", header.bold, rank: 60),
            LinePiece(run.plan.model, header, rank: 40),
            LinePiece("\(run.plan.preset.rawValue) \(run.bitsLabel)", header, rank: 20),
            LinePiece([status(run)], rank: 0),
        ]
        pieces += placePieces(run)
        pieces.append(LinePiece("elapsed \(QuantityText.clock(state.runSeconds))", header, rank: 30))
        if run.gate == nil, let remaining = run.remaining(at: state.now) {
            pieces.append(LinePiece("eta \(QuantityText.clock(remaining))", header, rank: 15))
        }
        if case .known(let seconds, let bytes) = state.comingWork {
            pieces += [
                LinePiece("about \(QuantityText.roughDuration(seconds)) to go", header, rank: 15),
                LinePiece("\(QuantityText.roughBytes(bytes)) of memory", header, rank: 50),
            ]
        }
        if run.isPauseQueued, run.gate == nil {
            pieces.append(LinePiece("PAUSE queued", Style(.warn), rank: 5))
        }
        if state.quittingSince != nil { pieces.append(LinePiece("STOPPING", Style(.warn), rank: 1)) }
        if !state.capturesMouse { pieces.append(LinePiece("mouse off", Style(.muted), rank: 70)) }
        return pieces
    }

    /// What the run is doing: a symbol, a word, a colour.
    func status(_ run: RunProgress) -> TextSpan {
        func span(_ symbol: Symbol, _ word: String, _ role: Role) -> TextSpan {
            TextSpan("\(glyphs.symbol(symbol)) \(word)", Style(role).bold)
        }
        switch run.phase {
        case .preparing: return span(.running, "PREPARING", .running)
        case .running: return span(.running, "RUNNING", .running)
        case .evaluating: return span(.running, "EVALUATING", .running)
        case .waiting:
            return run.isSweeping ? span(.running, "SWEEPING", .running) : span(.warning, "WAITING", .warn)
        case .finished: return span(.done, "DONE", .ok)
        case .stopped: return span(.warning, "STOPPED", .warn)
        case .failed: return span(.failed, "FAILED", .error)
        }
    }

    /// Which unit, which step.
    private func placePieces(_ run: RunProgress) -> [LinePiece] {
        let header = Style(.header)
        let count = run.units.count
        switch run.phase {
        case .running:
            guard let index = run.currentUnit else { return [] }
            let unit = run.units[index]
            let step = unit.phase == .running ? "step \(unit.step)/\(unit.steps)" : "calibrating"
            return [
                LinePiece("unit \(index + 1)/\(count)", header, rank: 3),
                LinePiece(unit.name, header, rank: 35), LinePiece(step, header, rank: 10),
            ]
        case .waiting(let gate):
            let place =
                gate < count ? "before unit \(gate + 1)/\(count) \(run.units[gate].name)" : "before the end"
            return [LinePiece(place, header, rank: 3)]
        case .preparing(let activity, let done, let total):
            return [LinePiece(total > 1 ? "\(activity) \(done)/\(total)" : activity, header, rank: 3)]
        case .stopped(let units): return [LinePiece("after \(units)/\(count) units", header, rank: 3)]
        case .evaluating, .finished, .failed: return []
        }
    }

    // MARK: - Second line

    private func evaluationPieces(_ run: RunProgress) -> [LinePiece] {
        let header = Style(.header)
        let stages = stages(run)
        var pieces: [LinePiece] = []
        let hasLabels = stages.contains { $0.evaluation.top1 != nil }
        pieces.append(LinePiece(hasLabels ? "top-1" : "KL to full precision", header.bold, rank: 4))
        let shown = hasLabels ? stages : stages.filter { $0.name != "full precision" }
        let long = spans(of: shown, hasLabels: hasLabels) { $0 }
        let room = layout.header.width - 2 - (pieces.first?.width ?? 0) - 3
        let fits = LinePiece(long, rank: 0).width <= room
        pieces.append(
            LinePiece(fits ? long : spans(of: shown, hasLabels: hasLabels, name: shortName), rank: 1))
        if hasLabels, let last = stages.last, last.name != "full precision" {
            pieces.append(LinePiece("KL \(QuantityText.measure(last.evaluation.kl))", header, rank: 6))
        }
        if let size = sizeText(run) { pieces.append(LinePiece(size, header, rank: 8)) }
        return pieces
    }

    private func spans(
        of stages: [(name: String, evaluation: Evaluation)], hasLabels: Bool, name: (String) -> String
    ) -> [TextSpan] {
        let header = Style(.header)
        var spans: [TextSpan] = []
        for (index, stage) in stages.enumerated() {
            if index > 0 { spans.append(TextSpan(" \(arrow) ", header)) }
            let value =
                hasLabels
                ? stage.evaluation.top1.map { QuantityText.fixed($0, decimals: 2) + " %" } ?? "–"
                : QuantityText.measure(stage.evaluation.kl) + " nats"
            spans.append(TextSpan(value, header.bold))
            spans.append(TextSpan(" \(name(stage.name))", header))
        }
        return spans.isEmpty ? [TextSpan("not measured yet", header)] : spans
    }

    private func shortName(_ stage: String) -> String {
        switch stage {
        case "full precision": "full"
        case "calibrated": "calib."
        default: stage.replacing("calibrated at", with: "calib.")
        }
    }

    /// The evaluations so far, in the order in which the model changes.
    ///
    /// One that was measured with other bits than the units have now says with which.
    func stages(_ run: RunProgress) -> [(name: String, evaluation: Evaluation)] {
        let last: (String, Evaluation?) =
            run.final != nil ? ("final", run.final) : ("so far", run.current)
        let calibrated = run.formerBitsLabel.map { "calibrated at \($0)" } ?? "calibrated"
        return [("full precision", run.fullPrecision), (calibrated, run.calibrated), last].compactMap {
            name, evaluation in evaluation.map { (name, $0) }
        }
    }

    private func sizeText(_ run: RunProgress) -> String? {
        guard let summary = run.summary else { return nil }
        let before = QuantityText.bytes(summary.fullPrecisionBytes)
        guard let report = run.report else { return before }
        return "\(before) \(arrow) \(QuantityText.bytes(report.bytes))"
    }
}
