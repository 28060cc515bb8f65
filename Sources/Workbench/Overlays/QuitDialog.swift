internal import Runs
internal import TerminalUI

/// Asks whether to end the run in progress.
struct QuitDialog: Overlay {
    static let keys: [KeyBinding] = [
        KeyBinding(
            .stopAndQuit, ["y", "q", .enter], [.quit], "stop the run and quit", hint: "stop and quit",
            rank: 1, .perform { $0.stopAndQuit() }),
        KeyBinding(.stay, ["n", .escape], [.quit], "stay", hint: "stay", rank: 2, .close),
    ]

    var context: KeyContext { .quit }

    func draw(on canvas: inout Canvas) {
        guard let run = canvas.state.run else { return }
        let done = run.finishedUnits
        let text =
            "The run is still in progress: \(done) of \(run.units.count) units are done. "
            + (run.summary?.directory.map { "Quitting stops it; \($0) keeps what is written so far." }
                ?? "Quitting stops it and discards it.")
        canvas.drawQuestion("Quit", text, keys: [.stopAndQuit, .stay], width: 62, height: 8)
    }
}

/// Asks whether to go back to the gate before a unit.
struct RollBackDialog: Overlay {
    let unit: Int

    static let keys: [KeyBinding] = [
        KeyBinding(
            .rollBackIt, [.enter, "y"], [.rollBack], "go back", hint: "go back", rank: 1,
            .on(Self.self) { dialog, state in
                state.overlay = nil
                return [.send(.rollBack(unit: dialog.unit))]
            }),
        KeyBinding(.doNotRollBack, [.escape, "n"], [.rollBack], "stay", hint: "stay", rank: 2, .close),
    ]

    var context: KeyContext { .rollBack }

    func draw(on canvas: inout Canvas) {
        guard let run = canvas.state.run, run.units.indices.contains(unit) else { return }
        let count = run.units[unit...].filter(\.isFinished).count
        let text =
            "Back to the gate before \(run.units[unit].name): "
            + "\(count == 1 ? "it returns" : "it and the \(count - 1) after it return") to full precision. "
            + "Every attempt is kept and can be chosen again; \(canvas.key(.undoDecision)) undoes this."
        canvas.drawQuestion("Roll back", text, keys: [.rollBackIt, .doNotRollBack], width: 64, height: 9)
    }
}
