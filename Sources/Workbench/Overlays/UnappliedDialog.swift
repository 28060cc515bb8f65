internal import Runs
internal import TerminalUI

/// Asks what becomes of edits of parameters that are not applied when the run leaves a gate.
struct UnappliedDialog: Overlay {
    /// Whether the run does one unit and waits again.
    let steps: Bool

    static let keys: [KeyBinding] = [
        KeyBinding(
            .applyAndContinue, [.enter], [.unapplied], "apply the edits and continue",
            hint: "apply and continue", rank: 1,
            .on(Self.self) { dialog, state in state.applyDraft() + dialog.leave(&state) }),
        KeyBinding(
            .continueWithout, ["c"], [.unapplied], "continue with the applied values; the edits are kept",
            hint: "continue without", rank: 2, .on(Self.self) { dialog, state in dialog.leave(&state) }),
        KeyBinding(.keepEditing, [.escape], [.unapplied], "stay at the gate", hint: "stay", rank: 3, .close),
    ]

    var context: KeyContext { .unapplied }

    private func leave(_ state: inout WorkbenchState) -> [WorkbenchEffect] {
        state.overlay = nil
        if steps { state.run?.isPauseQueued = true }
        return [.send(steps ? .step : .resume)]
    }

    func draw(on canvas: inout Canvas) {
        let state = canvas.state
        let changes = state.unapplied
        let edits = changes.map { change in
            let applied = HyperparameterField.named(change.key)?.value(in: state.draftBase) ?? "–"
            return "\(change.key) \(change.value) (applied: \(applied))"
        }.joined(separator: ", ")
        let count = changes.count == 1 ? "1 edit is" : "\(changes.count) edits are"
        let scope = state.draftUnit.flatMap { state.run?.units[$0].name }.map { ", for \($0) alone" } ?? ""
        canvas.drawQuestion(
            "Continue", "\(count) not applied\(scope): \(edits).",
            keys: [.applyAndContinue, .continueWithout, .keepEditing], width: 72, height: 9)
    }
}
