internal import RunText
internal import Runs
internal import TerminalUI
internal import Vocabulary

/// Asks whether to make another attempt at a unit.
struct RedoDialog: Overlay {
    let unit: Int
    /// Whether the drafted parameters are used; otherwise those of the chosen attempt.
    var usesDraft: Bool
    /// Why the unit was put back, and the value to try, which is used without a draft; nil if it was not.
    var suggestion: RevertDiagnosis?

    static let keys: [KeyBinding] = [
        KeyBinding(
            .redoIt, [.enter], [.redo], "make the attempt", hint: "redo it", rank: 1,
            .on(Self.self, unless: { $0.obstacleToRepeating($1) }) { dialog, state in
                state.overlay = nil
                return state.redo(dialog.unit, dialog.changes(state))
            }),
        KeyBinding(
            .redoWithDraft, [.tab], [.redo], "use or ignore the edited parameters",
            hint: "use/ignore my edits", rank: 2,
            liveHint: {
                ($0.overlay as? Self)?.usesDraft == true ? "ignore my edits" : "use my edits"
            },
            .on(Self.self, unless: { $1.editor.draft.isEmpty ? "nothing is edited" : nil }) { dialog, _ in
                dialog.usesDraft.toggle()
                return []
            }),
        KeyBinding(
            .editForRedo, ["e"], [.redo], "edit values in the parameters first", hint: "edit values", rank: 2,
            .change(unless: \.obstacleToDrafting) {
                $0.overlay = nil
                $0.show(.parameters)
                $0.notify(
                    "edit values, then \($0.key(.redo)) redoes the unit with them; there is no need to apply them"
                )
            }),
        KeyBinding(.closeRedo, [.escape], [.redo], "close", hint: "cancel", rank: 3, .close),
    ]

    var context: KeyContext { .redo }

    /// The attempt's changes from the chosen one.
    private func changes(_ state: WorkbenchState) -> [HyperparameterChange] {
        guard let run = state.run, run.units.indices.contains(unit) else { return [] }
        let used = run.units[unit].hyperparameters
        let chosen =
            usesDraft
            ? used.changes(to: state.editor.applied(to: used)) : [suggestion?.suggested].compactMap(\.self)
        return chosen
            + stepsAnew(run).filter { change in !chosen.contains { $0.key == change.key } }
    }

    /// What gives another attempt all its steps where the chosen one was ended by hand.
    private func stepsAnew(_ run: RunProgress) -> [HyperparameterChange] {
        switch run.units[unit].report?.ending {
        case .finishedEarly: return [HyperparameterChange(key: "stop_after", value: "0")]
        case .cancelled:
            guard let planned = try? run.ledger?.plan.hyperparameters(of: run.units[unit].name) else {
                return []
            }
            return [HyperparameterChange(key: "steps", value: String(planned.steps))]
        case .complete, nil: return []
        }
    }

    /// The attempt that has the same settings after the same prefix, whose result another one would repeat.
    private func sameAttempt(_ state: WorkbenchState) -> AttemptReport? {
        guard let run = state.run, let ledger = run.ledger, let chosen = ledger.chosenAttempt(of: unit) else {
            return nil
        }
        var wanted = run.units[unit].hyperparameters
        guard (try? wanted.apply(changes(state))) != nil else { return nil }
        let prefix = Array(ledger.chosen.prefix(unit))
        return ledger.attempts[unit].first { attempt in
            attempt.ending == .complete && attempt.prefix == prefix && attempt.sites == chosen.sites
                && (try? Hyperparameters(changes: attempt.hyperparameters)) == wanted
        }
    }

    private func obstacleToRepeating(_ state: WorkbenchState) -> String? {
        sameAttempt(state).map {
            "Same settings as attempt \($0.attempt): the result will be identical. "
                + "Edit values in \(Panel.parameters.rawValue) \(Panel.parameters.content.name) first."
        }
    }

    func draw(on canvas: inout Canvas) {
        guard let run = canvas.state.run, run.units.indices.contains(unit) else { return }
        let unit = run.units[unit]
        let body = canvas.drawDialog("Redo \(unit.name)", (72, 12)).rows([.share(1), .fixed(1)])
        let changes = changes(canvas.state)
        let later = run.units[(self.unit + 1)...].filter(\.isFinished).count
        let again = stepsAnew(run).map(\.key)
        let changed = changes.filter { !again.contains($0.key) }.map { "\($0.key) = \($0.value)" }
            .joined(separator: ", ")
        var sentences = suggestion.map { ["\(unit.name) \($0.sentence)."] } ?? []
        if !changed.isEmpty { sentences.append("Another attempt with \(changed).") }
        if !again.isEmpty {
            sentences.append("It takes all its steps; attempt \(unit.attempt) was ended early.")
        }
        if let obstacle = obstacleToRepeating(canvas.state) {
            sentences.append(obstacle)
        } else {
            if changes.isEmpty {
                sentences.append(
                    "Another attempt with the settings of attempt \(unit.attempt) after other units.")
            }
            sentences.append(
                "When it ends, it is the chosen one, and both are compared; attempt \(unit.attempt) can be chosen again."
            )
            if later > 0 {
                let units = later == 1 ? "1 unit after it becomes" : "\(later) units after it become"
                sentences.append("\(units) stale and can be redone with \(canvas.key(.redoStale)).")
            }
            if let seconds = seconds(unit, changes) {
                sentences.append("It will take about \(QuantityText.roughDuration(seconds)).")
            }
        }
        var rest = body[0]
        for sentence in sentences {
            rest = rest.droppingRows(canvas.grid.writeWrapped(sentence, in: rest))
        }
        let draft: [Action] = canvas.state.editor.draft.isEmpty ? [] : [.redoWithDraft]
        let redo: [Action] = obstacleToRepeating(canvas.state) == nil ? [.redoIt] : []
        let edit: [Action] = canvas.state.obstacleToDrafting == nil ? [.editForRedo] : []
        canvas.writeKeys(redo + draft + edit + [.closeRedo], in: body[1])
    }

    /// The duration of another attempt, proportional to that of the chosen one in steps × batch.
    private func seconds(_ unit: UnitProgress, _ changes: [HyperparameterChange]) -> Double? {
        guard let report = unit.report, report.ending == .complete else { return nil }
        let used = unit.hyperparameters
        var other = used
        guard (try? other.apply(changes)) != nil, used.steps > 0, used.batch > 0 else { return nil }
        // A step of all units takes as long as many of the head's own.
        guard !unit.isHead || used.jointSteps == 0 && other.jointSteps == 0 else { return nil }
        return report.seconds * Double(other.steps * other.batch) / Double(used.steps * used.batch)
    }
}
