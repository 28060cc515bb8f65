internal import RunText
internal import Runs
internal import TerminalUI

/// The two lines above the panels.
struct Header {
    let run: RunProgress
    private let state: WorkbenchState
    private let layout: Layout
    private let arrow: String
    private let glyphs: GlyphSet
    private let status: TextSpan

    init(run: RunProgress, canvas: Canvas) {
        self.run = run
        (state, layout, arrow, glyphs) = (canvas.state, canvas.layout, canvas.arrow, canvas.glyphs)
        status = canvas.state.status(of: run, canvas.glyphs)
    }

    func draw(on canvas: inout Canvas) {
        guard layout.header.height == 2 else { return }
        canvas.grid.fill(layout.header, style: Style(.header))
        canvas.write(statePieces, in: layout.header.row(0).inset(columns: 1, rows: 0), gap: 3)
        canvas.write(evaluationPieces, in: layout.header.row(1).inset(columns: 1, rows: 0), gap: 3)
    }

    /// The model; a long path is cut in the middle, so that it leaves room for what happens.
    private var modelName: String {
        let name = run.plan.model
        let room = max(14, layout.header.width / 4)
        if cellWidth(name) <= room { return name }
        let last = lastPart(of: name)
        return (cellWidth(last) <= room - 4 ? name : last).middle(room, glyphs.ellipsis)
    }

    private func piece(_ text: String, rank: Int) -> LinePiece { LinePiece(text, Style(.header), rank: rank) }

    // MARK: - First line

    private var statePieces: [LinePiece] {
        var pieces = [
            LinePiece("mgrq", Style(.header).bold, rank: 60), piece(modelName, rank: 2),
            piece("\(run.plan.preset.rawValue) \(run.bitsLabel)", rank: 20), LinePiece([status], rank: 0),
        ]
        pieces += placePieces
        pieces.append(piece("elapsed \(QuantityText.clock(state.runSeconds))", rank: 30))
        if run.gate == nil, let remaining = run.remaining(at: state.now) {
            pieces.append(piece("eta \(QuantityText.clock(remaining))", rank: 15))
        }
        if case .known(let seconds, let bytes) = state.comingWork {
            pieces.append(piece("about \(QuantityText.roughDuration(seconds)) to go", rank: 15))
            if state.machine == nil {
                pieces.append(piece("\(QuantityText.roughBytes(bytes)) of memory", rank: 50))
            }
        }
        if let left = run.sweep?.remaining(at: state.now) {
            pieces.append(piece("sweep about \(QuantityText.roughDuration(left)) to go", rank: 12))
        }
        if run.isPauseQueued, run.gate == nil {
            pieces.append(LinePiece("PAUSE queued", Style(.warn), rank: 5))
        }
        if state.quittingSince != nil { pieces.append(LinePiece("STOPPING", Style(.warn), rank: 1)) }
        if !state.capturesMouse { pieces.append(LinePiece("mouse off", Style(.muted), rank: 70)) }
        return pieces
    }

    /// Which unit, which step.
    private var placePieces: [LinePiece] {
        let count = run.units.count
        switch run.phase {
        case .running:
            guard let index = run.currentUnit else { return [] }
            let unit = run.units[index]
            let step =
                run.activity?.text
                ?? (unit.phase == .running ? "step \(unit.step)/\(unit.steps)" : "calibrating")
            return [
                piece("unit \(index + 1)/\(count)", rank: 3), piece(unit.name, rank: 35),
                piece(step, rank: 10),
            ]
        case .waiting(let gate):
            let place =
                gate < count ? "before unit \(gate + 1)/\(count) \(run.units[gate].name)" : "before the end"
            // What is done meanwhile is the status; the gate takes keys all the same.
            guard let words = run.activityAtGate else { return [piece(place, rank: 3)] }
            return [piece(words.rest, rank: 12), piece("gate \(place)", rank: 3)]
        case .preparing(let activity, _, _): return [piece(run.activity?.text ?? activity, rank: 3)]
        case .stopped(let units): return [piece("after \(units)/\(count) units", rank: 3)]
        case .evaluating: return activityPieces
        case .finished, .failed: return []
        }
    }

    private var activityPieces: [LinePiece] { run.activity.map { [piece($0.text, rank: 12)] } ?? [] }

    // MARK: - Second line

    private var evaluationPieces: [LinePiece] {
        let stages = stages
        let hasLabels = stages.contains { $0.evaluation.top1 != nil }
        let title = LinePiece(hasLabels ? "top-1" : "KL to full precision", Style(.header).bold, rank: 4)
        let shown = hasLabels ? stages : stages.filter { $0.name != "full precision" }
        let long = spans(of: shown, hasLabels: hasLabels) { $0 }
        let others = (progressPieces + machinePieces).reduce(32) { $0 + $1.width + 3 }
        let fits = LinePiece(long, rank: 0).width <= layout.header.width - 2 - title.width - 3 - others
        var pieces = [
            title, LinePiece(fits ? long : spans(of: shown, hasLabels: hasLabels, name: shortName), rank: 1),
        ]
        if hasLabels, let last = stages.last, last.name != "full precision" {
            pieces.append(piece("KL \(QuantityText.measure(last.evaluation.kl))", rank: 6))
        }
        if let summary = run.summary {
            let before = QuantityText.bytes(summary.fullPrecisionBytes)
            let after = run.report.map { " \(arrow) \(QuantityText.bytes($0.bytes))" } ?? ""
            pieces.append(piece(before + after, rank: 8))
        }
        return pieces + progressPieces + machinePieces
    }

    /// How much of all units is done.
    private var progressPieces: [LinePiece] {
        // What is read again is not done again, so that a bar of the units would not move.
        guard !run.hasEnded, !run.units.isEmpty, !run.isBeingResumed, !state.isResuming else { return [] }
        let fraction = run.units.reduce(0) { $0 + $1.fraction } / Double(run.units.count)
        let width = 12
        let filled = Int(fraction * Double(width))
        let (full, empty) = glyphs == .ascii ? ("#", ".") : ("█", "░")
        return [
            LinePiece(
                [
                    TextSpan(String(repeating: full, count: filled), Style(.running)),
                    TextSpan(String(repeating: empty, count: width - filled), Style(.muted)),
                    TextSpan(" \(Int(fraction * 100)) %", Style(.header)),
                ], rank: 5)
        ]
    }

    /// The load of the machine, and the memory of the program beside what was predicted.
    private var machinePieces: [LinePiece] {
        guard let machine = state.machine, !run.hasEnded else { return [] }
        let load = QuantityText.fixed(machine.load, decimals: 1)
        let isBusy = machine.load > Double(machine.cores) * 1.5
        var memory = "memory \(QuantityText.bytes(machine.bytes))"
        if case .known(_, let bytes) = state.comingWork {
            memory += ", predicted \(QuantityText.roughBytes(bytes))"
        }
        return [
            LinePiece(
                "load \(load) on \(machine.cores == 1 ? "1 core" : "\(machine.cores) cores")",
                isBusy ? Style(.warn) : Style(.header), rank: 9),
            piece(memory, rank: 10),
        ]
    }

    private func spans(
        of stages: [(name: String, evaluation: Evaluation)], hasLabels: Bool, name: (String) -> String
    ) -> [TextSpan] {
        let header = Style(.header)
        guard !stages.isEmpty else { return [TextSpan("not measured yet", header)] }
        return stages.enumerated().flatMap { index, stage in
            let value =
                hasLabels
                ? stage.evaluation.top1.map { QuantityText.fixed($0, decimals: 2) + " %" } ?? "–"
                : QuantityText.measure(stage.evaluation.kl) + " nats"
            return [
                TextSpan(index > 0 ? " \(arrow) " : "", header), TextSpan(value, header.bold),
                TextSpan(" \(name(stage.name))", header),
            ]
        }
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
    /// If the units have other bits now, the name says with which bits the calibrated model was measured.
    private var stages: [(name: String, evaluation: Evaluation)] {
        let last: (String, Evaluation?) =
            run.final != nil ? ("final", run.final) : ("so far", run.current)
        let calibrated = run.formerBitsLabel.map { "calibrated at \($0)" } ?? "calibrated"
        return [("full precision", run.fullPrecision), (calibrated, run.calibrated), last].compactMap {
            name, evaluation in evaluation.map { (name, $0) }
        }
    }
}

extension WorkbenchState {
    /// What the run does, or what is done to it.
    fileprivate func status(of run: RunProgress, _ glyphs: GlyphSet) -> TextSpan {
        isResuming ? RunProgress.resumingStatus(glyphs) : run.status(glyphs)
    }
}

extension RunProgress {
    fileprivate static func resumingStatus(_ glyphs: GlyphSet) -> TextSpan {
        TextSpan("\(glyphs.symbol(.running)) RESUMING", Style(.running).bold)
    }

    /// What the engine does while the run waits at a gate: a verb, and the rest with its numbers; nil if it is idle.
    fileprivate var activityAtGate: (verb: String, rest: String)? {
        guard gate != nil, !isSweeping, let words = activity?.text.split(separator: " ", maxSplits: 1),
            words.count == 2
        else { return nil }
        return (String(words[0]), String(words[1]))
    }

    /// The run's phase: a symbol, a word, a colour.
    func status(_ glyphs: GlyphSet) -> TextSpan {
        if isBeingResumed { return Self.resumingStatus(glyphs) }
        let (symbol, word, role): (Symbol, String, Role) =
            switch phase {
            case .preparing: (.running, "PREPARING", .running)
            case .running: (.running, "RUNNING", .running)
            case .evaluating: (.running, "EVALUATING", .running)
            case .waiting where isSweeping: (.running, "SWEEPING", .running)
            case .waiting:
                activityAtGate.map { (.running, $0.verb.uppercased(), .running) }
                    ?? (.warning, "WAITING", .warn)
            case .finished: (.done, "DONE", .ok)
            case .stopped: (.warning, "STOPPED", .warn)
            case .failed: (.failed, "FAILED", .error)
            }
        return TextSpan("\(glyphs.symbol(symbol)) \(word)", Style(role).bold)
    }
}
