internal import RunText
internal import Runs
internal import Vocabulary

/// Other attempts, above all those without a term: what would happen is measured instead of guessed.
extension WorkbenchState {
    /// The terms that the unit shown could be tried without: those besides the block term that its attempt had.
    var trialTerms: [Term] {
        guard let unit = shownUnit.flatMap({ run?.units[$0] }), let report = unit.report else { return [] }
        // The engine used these values, so they are valid.
        guard let used = try? Hyperparameters(changes: report.hyperparameters), used.steps > 0 else {
            return []
        }
        // A unit may be of a kind without the term.
        let measured = unit.curves?.terms.latest
        return Term.allCases.filter { term in
            term != .block && used.isOn(term) && (measured.map { $0[term] != nil } ?? true)
        }
    }

    var trialHint: String {
        let terms = trialTerms
        return terms.count == 1 ? "try without the \(terms[0].rawValue) term" : "try without a term"
    }

    /// Why the unit shown cannot be tried without a term now.
    var obstacleToTrying: String? {
        if let run, run.hasEnded {
            guard run.report != nil else { return "the run is not finished: \(key(.pause)) continues it" }
            if let obstacle = obstacleToPausing { return obstacle }
            if chosenUnit == nil { return "select a unit first: this tries it without one of its terms" }
        } else if let obstacle = obstacleToDeciding {
            return obstacle
        }
        guard let unit = shownUnit.flatMap({ run?.units[$0] }) else { return "the units are not known yet" }
        guard unit.report != nil else { return "\(unit.name) is not quantized yet; select a unit that is" }
        return trialTerms.isEmpty ? "\(unit.name) has no global or local term that could be left out" : nil
    }

    mutating func openTrial() {
        guard let shownUnit, let term = trialTerms.first else { return }
        overlay = TrialDialog(unit: shownUnit, term: term)
    }

    /// Asks for the attempt; after the end of a run, once it waits at its last gate again.
    mutating func beginTrial(of unit: Int, without term: Term) -> [WorkbenchEffect] {
        guard let run, let report = run.units[unit].report else { return [] }
        let isOver = run.hasEnded
        trial = Trial(
            unit: unit, term: term, former: report.attempt, phase: isOver ? .reopening : .asked)
        return isOver ? resumeRun() : askForTrial()
    }

    /// Makes another attempt at a unit.
    mutating func redo(_ unit: Int, _ changes: [HyperparameterChange]) -> [WorkbenchEffect] {
        expectComparison(at: unit)
        return [.send(.redo(unit: unit, changes: changes))]
    }

    /// Makes another attempt at each stale unit, and compares those at the last one, which has the effect of all.
    mutating func redoStale() -> [WorkbenchEffect] {
        if let done = run?.ledger?.unitsDone, done > 0 { expectComparison(at: done - 1) }
        return [.send(.redoStale)]
    }

    private mutating func expectComparison(at unit: Int) {
        guard let report = run?.units[unit].report else { return }
        trial = Trial(unit: unit, term: nil, former: report.attempt, phase: .asked)
    }

    private func askForTrial() -> [WorkbenchEffect] {
        guard let trial, let term = trial.term else { return [] }
        let change = HyperparameterChange(key: "\(term.rawValue)_weight", value: "0")
        return [.send(.redo(unit: trial.unit, changes: [change]))]
    }

    /// Follows the attempt through the events of the run, and opens the comparison when it has ended.
    mutating func followTrial(_ event: RunEvent) -> [WorkbenchEffect] {
        guard var trial else { return [] }
        switch (trial.phase, event) {
        case (_, .finished), (_, .stopped), (_, .failed), (.asked, .warning):
            self.trial = nil
            return []
        case (.reopening, .waiting): trial.phase = .asked
        case (.asked, .redoStarted): trial.phase = .running
        case (.running, .unitFinished(let report)) where report.unit == trial.unit:
            guard report.ending != .cancelled else {
                self.trial = nil
                return []
            }
            trial.phase = .ended
        case (.ended, .waiting):
            self.trial = nil
            choose(unit: trial.unit)
            if overlay == nil {
                overlay = AttemptsView(unit: trial.unit, attempt: trial.former)
            } else {
                let which = trial.term.map { " without the \($0.rawValue) term" } ?? ""
                notify("the attempt\(which) is done: \(key(.attempts)) compares it")
            }
            return []
        default: return []
        }
        self.trial = trial
        return trial.phase == .asked ? askForTrial() : []
    }
}
