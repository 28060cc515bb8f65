internal import RunText
internal import Runs
internal import TerminalUI
internal import Vocabulary

/// Asks whether to try a unit without one of its terms.
struct TrialDialog: Overlay {
    let unit: Int
    var term: Term

    static let keys: [KeyBinding] = [
        KeyBinding(
            .tryIt, [.enter], [.trial], "make the attempt", hint: "try it", rank: 1,
            .on(Self.self) { dialog, state in
                state.overlay = nil
                return state.beginTrial(of: dialog.unit, without: dialog.term)
            }),
        KeyBinding(
            .otherTerm, [.tab], [.trial], "without the other term", hint: "other term", rank: 2,
            liveHint: { state in
                (state.overlay as? Self).map { "without the \($0.other(state).rawValue) term" } ?? ""
            },
            .on(Self.self, unless: { $1.trialTerms.count < 2 ? "the unit has no other term" : nil }) {
                dialog, state in
                dialog.term = dialog.other(state)
                return []
            }),
        KeyBinding(.closeTrial, [.escape], [.trial], "close", hint: "cancel", rank: 3, .close),
    ]

    var context: KeyContext { .trial }

    /// The term after the one that is left out.
    private func other(_ state: WorkbenchState) -> Term {
        let terms = state.trialTerms
        guard let index = terms.firstIndex(of: term) else { return term }
        return terms[(index + 1) % terms.count]
    }

    func draw(on canvas: inout Canvas) {
        guard let run = canvas.state.run, run.units.indices.contains(unit),
            let report = run.units[unit].report
        else { return }
        let name = run.units[unit].name
        let body = canvas.drawDialog("Try \(name) without its \(term.rawValue) term", (72, 13))
            .rows([.share(1), .fixed(1)])
        let later = run.units[(unit + 1)...].filter(\.isFinished).count
        var sentences = [
            "Redoes \(name) with \(term.rawValue)_weight = 0. Everything else is as in attempt \(report.attempt).",
            "When it ends, both attempts are compared on the held-out images, with the significance of the difference. "
                + "The new attempt is then the chosen one; \(canvas.key(.chooseAttempt)) chooses the former again.",
        ]
        if later > 0 {
            let units = later == 1 ? "1 unit after it becomes" : "\(later) units after it become"
            sentences.append("\(units) stale, and current again with the former attempt.")
        }
        if run.hasEnded { sentences.append("The run is opened again at its last gate first.") }
        sentences.append("It takes at most about \(QuantityText.roughDuration(report.seconds)).")
        var rest = body[0]
        for sentence in sentences {
            rest = rest.droppingRows(canvas.grid.writeWrapped(sentence, in: rest))
        }
        let terms: [Action] = canvas.state.trialTerms.count > 1 ? [.otherTerm] : []
        canvas.writeKeys([.tryIt] + terms + [.closeTrial], in: body[1])
    }
}
