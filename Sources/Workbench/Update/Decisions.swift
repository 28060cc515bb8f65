internal import Runs

/// Decisions at a gate about quantized units.
extension WorkbenchState {
    /// Why nothing can be decided now.
    var obstacleToDeciding: String? {
        guard let run else { return "no run is in progress" }
        if shownUnit == nil { return "the units are not known yet" }
        if run.hasEnded { return endedText }
        if run.isSweeping { return sweepingText }
        return run.gate == nil ? "this is done at a gate: \(key(.pause)) waits at the next one" : nil
    }

    /// Why the unit shown can be neither redone nor rolled back.
    var obstacleToRedoing: String? {
        if let obstacle = obstacleToDeciding { return obstacle }
        guard let run, let shownUnit, shownUnit >= run.ledger?.unitsDone ?? 0 else { return nil }
        return "\(run.units[shownUnit].name) is not quantized yet; select one that is"
    }

    var obstacleToRedoingStale: String? {
        obstacleToDeciding ?? (run?.units.contains(where: \.isStale) == true ? nil : "no unit is stale")
    }

    var obstacleToUndoing: String? {
        obstacleToDeciding ?? (run?.ledger?.undoable == nil ? "there is no decision to undo" : nil)
    }

    var obstacleToEvaluating: String? {
        obstacleToDeciding
            ?? (run?.summary?.evaluationImages == 0 ? "there are no evaluation images" : nil)
    }

    var obstacleToInspecting: String? {
        obstacleToDeciding
            ?? (shownUnit.flatMap { run?.units[$0].siteNames.isEmpty } == true
                ? "the unit has no site" : nil)
    }

    var obstacleToComparing: String? {
        guard let run else { return "no run is in progress" }
        guard let shownUnit else { return "the units are not known yet" }
        let hasAttempts = run.ledger.map { !$0.attempts[shownUnit].isEmpty } ?? false
        return hasAttempts ? nil : "\(run.units[shownUnit].name) has no attempt that has ended"
    }

    /// The hint of the key that redoes the unit shown, if the engine suggests a value for it.
    var suggestionHint: String? {
        let report = shownUnit.flatMap { run?.units[$0].report }
        return report?.diagnosis.map { "redo with \($0.suggested.key) \($0.suggested.value)" }
    }

    mutating func openRedo() {
        guard let shownUnit else { return }
        overlay = RedoDialog(
            unit: shownUnit, usesDraft: !editor.draft.isEmpty,
            suggestion: run?.units[shownUnit].report?.diagnosis)
    }

    mutating func openAttempts() {
        guard let shownUnit, let run else { return }
        overlay = AttemptsView(unit: shownUnit, attempt: run.units[shownUnit].attempt)
    }

    mutating func openRollBack() {
        if let shownUnit { overlay = RollBackDialog(unit: shownUnit) }
    }
}
