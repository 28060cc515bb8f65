internal import Runs

/// What a command at the border between two steps asks the optimisation to do.
enum StepBorder {
    /// Go on.
    case proceed
    /// End with what was learned.
    case finish
    /// Give the attempt up.
    case cancel
}

extension RunSession {
    /// Waits before the next unit if someone asked for it, and carries out what they ask for meanwhile.
    func gate(_ lab: QuantizationLab) throws {
        while let command = commands.next() {
            _ = try take(command, lab: lab)
        }
        guard pausesAtNextGate else { return }
        try emit(.waiting(unit: ledger.unitsDone))
        while pausesAtNextGate {
            switch commands.waitForNext() {
            case .step:
                try record?.append(.step, at: seconds)
                try emit(.resumed(unit: ledger.unitsDone))
                // The pause stays for the gate behind the unit.
                return
            case .pause:
                break
            case let command:
                let wasWork = try take(command, lab: lab)
                if wasWork, pausesAtNextGate { try emit(.waiting(unit: ledger.unitsDone)) }
            }
        }
        try emit(.resumed(unit: ledger.unitsDone))
    }

    /// Carries out a command at a gate.
    ///
    /// - Returns: Whether the run may stand elsewhere now, or did other work meanwhile.
    private func take(_ command: RunCommand, lab: QuantizationLab) throws -> Bool {
        if command.isRecorded { try record?.append(command, at: seconds) }
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
        case .inspectSite(let request): try inspect(request, lab: lab)
        case .inspectImages(let request): try inspect(request, lab: lab)
        case .sweep(let request): try sweep(request, lab: lab)
        case .export(let format, let path): try export(format, to: path)
        case .stop: throw Stopped()
        case .finishUnit, .cancelAttempt, .stopSweep:
            try emit(.warning("there is nothing to finish at a gate"))
        }
        return false
    }

    /// Carries out commands in the middle of a unit's optimisation.
    ///
    /// - Returns: What they ask the optimisation to do.
    func takeBetweenSteps() throws -> StepBorder {
        var border = StepBorder.proceed
        while let command = commands.next() {
            if command.isRecorded { try record?.append(command, at: seconds) }
            switch command {
            case .pause, .step:
                pausesAtNextGate = true
                try emit(.pauseQueued)
            case .resume:
                pausesAtNextGate = false
            case .finishUnit:
                border = .finish
            case .cancelAttempt:
                border = .cancel
            case .stop:
                throw Stopped()
            case .change, .redo, .redoStale, .choose, .rollBack, .undo, .evaluate, .inspectSite,
                .inspectImages, .sweep, .export:
                try emit(.warning("this can be done at a gate only: pause, and try again when the run waits"))
            case .stopSweep:
                try emit(.warning("there is no sweep to stop"))
            }
        }
        return border
    }

    /// Looks for a wish to end the run during work that has no other borders; keeps a pause for the gate.
    func checkForStop() throws {
        _ = try takeBetweenSteps()
    }
}
