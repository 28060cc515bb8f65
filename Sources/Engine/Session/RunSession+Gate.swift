internal import Runs

extension RunSession {
    /// Follows the commands that arrived, and waits before the next unit while the run is paused.
    func gate(_ lab: QuantizationLab) throws {
        while let command = try nextCommand(in: .gate) {
            _ = try follow(command, lab: lab)
        }
        guard pausesAtNextGate else { return }
        try emit(.waiting(unit: ledger.unitsDone))
        while pausesAtNextGate {
            try measureBaselinesWhileWaiting(lab)
            guard let command = try nextCommand(in: .gate, waits: true) else { break }
            // The pause stays for the gate after the unit.
            if command == .step { break }
            let hasMoved = try follow(command, lab: lab)
            if hasMoved, pausesAtNextGate { try emit(.waiting(unit: ledger.unitsDone)) }
        }
        try emit(.resumed(unit: ledger.unitsDone))
    }

    /// Follows a command at a gate.
    ///
    /// - Returns: Whether the run may be at another unit now, or did other work meanwhile.
    private func follow(_ command: RunCommand, lab: QuantizationLab) throws -> Bool {
        switch command {
        case .pause, .step: pausesAtNextGate = true
        case .resume: pausesAtNextGate = false
        case .change(let unit, let changes, let sites): try change(changes, sites: sites, unit: unit)
        case .redo(let unit, let changes, let sites):
            return try redo(unit, changes: changes, sites: sites, lab: lab)
        case .redoStale: return try redoStale(lab)
        case .choose(let unit, let attempt): return try choose(unit: unit, attempt: attempt)
        case .rollBack(let unit): return try rollBack(to: unit)
        case .undo: return try undo()
        case .evaluate: try evaluate(lab)
        case .measureBaselines: baselines.isWanted = true
        case .inspectSite(let request): try inspect(request, lab: lab)
        case .inspectImages(let request): try inspect(request, lab: lab)
        case .sweep(let request): try sweep(request, lab: lab, hasGate: true)
        case .export(let format, let path): try export(format, to: path)
        case .finishUnit, .cancelAttempt, .stopSweep, .stop: break
        }
        return false
    }
}
