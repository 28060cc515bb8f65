internal import Runs

/// What the engine is doing when a command arrives; it decides which commands can be followed.
enum CommandContext: Equatable {
    /// Between units.
    case gate
    /// Between two steps of a unit's optimisation.
    case optimisation
    /// In other work of a run: calibration, the refit of MLPs, a replay of the quantized prefix.
    case preparation
    /// Between two units of a sweep, at a gate of a run or by itself.
    case sweep(hasGate: Bool)

    /// Why a command cannot be followed; nil if it can.
    func refusal(of command: RunCommand) -> String? {
        switch command {
        case .stop: nil
        case .pause, .step, .resume:
            self == .sweep(hasGate: false) ? "a sweep by itself has no gate to wait at" : nil
        case .finishUnit, .cancelAttempt:
            self == .optimisation
                ? nil : "no unit is being optimised, so there is nothing to finish or cancel"
        case .measureBaselines:
            self == .sweep(hasGate: false) ? "a sweep by itself has no baselines to measure" : nil
        case .stopSweep: isSweep ? nil : "there is no sweep to stop"
        case .change, .redo, .redoStale, .choose, .rollBack, .undo, .evaluate, .inspectSite, .inspectImages,
            .sweep, .export:
            if self == .gate {
                nil
            } else if isSweep {
                "a sweep is running; stop it first"
            } else {
                "this can be done at a gate only: pause, and try again when the run waits"
            }
        }
    }

    private var isSweep: Bool { if case .sweep = self { true } else { false } }
}

/// Takes the oldest command from a queue; nil if there is none.
private func oldest(_ commands: inout [RunCommand]) -> RunCommand? {
    commands.isEmpty ? nil : commands.removeFirst()
}

extension RunSession {
    /// Takes the oldest command that can be followed.
    ///
    /// The only place where commands are taken: it writes each to the journal, and answers one that cannot be followed
    /// with a warning.
    ///
    /// - Parameters:
    ///   - context: What the engine is doing.
    ///   - waits: Whether to wait for a command.
    /// - Returns: The command; nil if there is none and it does not wait.
    /// - Throws: `Stopped` for `.stop`.
    func nextCommand(in context: CommandContext, waits: Bool = false) throws -> RunCommand? {
        while let command = waits ? commands.wait(for: oldest) : commands.update(oldest) {
            if command.isRecorded { try record?.append(command, at: seconds) }
            if let refusal = context.refusal(of: command) {
                try emit(.warning(refusal))
                continue
            }
            guard command != .stop else { throw Stopped() }
            return command
        }
        return nil
    }

    /// Takes every command that arrived during work; keeps a pause for the next gate.
    ///
    /// - Returns: The last command that concerns the work itself: to finish, to cancel or to stop it.
    /// - Throws: `Stopped` for `.stop`.
    @discardableResult
    func takeCommands(during context: CommandContext) throws -> RunCommand? {
        var request: RunCommand?
        while let command = try nextCommand(in: context) {
            switch command {
            case .pause, .step:
                if !pausesAtNextGate { try emit(.pauseQueued) }
                pausesAtNextGate = true
            case .resume:
                pausesAtNextGate = false
            case .measureBaselines: baselines.isWanted = true
            default:
                request = command
            }
        }
        return request
    }
}
