internal import Runs
internal import TerminalUI

/// Asks whether to stop the run in progress without leaving the program.
struct StopDialog: Overlay {
    static let keys: [KeyBinding] = [
        KeyBinding(
            .stopAndLeave, [.enter, "y"], [.stop], "stop the run and go to the start screen",
            hint: "stop, start screen", rank: 1, .perform { $0.stopRun(.leave) }),
        KeyBinding(
            .stopAndStay, ["s"], [.stop], "stop the run and look at what it has done",
            hint: "stop, stay here",
            rank: 2, .perform { $0.stopRun(.stay) }),
        KeyBinding(
            .doNotStop, [.escape, "n"], [.stop], "let the run continue", hint: "cancel", rank: 3, .close),
    ]

    var context: KeyContext { .stop }

    func draw(on canvas: inout Canvas) {
        guard let run = canvas.state.run else { return }
        let done = run.finishedUnits
        let kept = canvas.state.runDirectory.map {
            "\($0) keeps them, and \(canvas.key(.resumeRun)) on the start screen resumes the run."
        }
        let text =
            run.hasResults
            ? "Stop the run? \(done) of \(run.units.count) units are done. "
                + (kept ?? "The run keeps no folder, so they are lost.")
            : "Stop the run? No unit has been quantized, so that nothing is kept."
        canvas.drawQuestion(
            "Stop", text, keys: [.stopAndLeave, .stopAndStay, .doNotStop], width: 66, height: 8)
    }
}
