internal import RunText
internal import Runs
internal import TerminalUI
internal import Vocabulary

/// Every run that is remembered, with what its folder says now.
struct RunsView: Overlay {
    /// How many runs can be shown side by side.
    static let greatestCount = 6

    var selected = 0
    /// The folders of the runs to compare, in the order in which they were marked.
    var marked: [String] = []

    static let keys: [KeyBinding] = [
        KeyBinding(
            .openListed, [.enter], [.runs], "open the run", hint: "open", rank: 1,
            .on(Self.self, unless: { $0.obstacleToOpening($1) }) { view, state in
                guard let run = view.run(state) else { return [] }
                (state.overlay, state.start.opening) = (nil, run.directory)
                return state.ask(for: OpenRequest(model: run.directory))
            }),
        KeyBinding(
            .resumeListed, ["r"], [.runs], "resume the run where it was interrupted", hint: "resume", rank: 2,
            .on(Self.self, unless: { $0.obstacleToOpening($1) }) { view, state in
                guard let run = view.run(state) else { return [] }
                state.overlay = nil
                return state.resume(run.directory)
            }),
        KeyBinding(
            .markRun, [" "], [.runs], "mark the run for a comparison, or unmark it", hint: "mark", rank: 3,
            .on(Self.self, unless: { $0.obstacleToOpening($1) }) { view, state in
                view.mark(state)
                return []
            }),
        KeyBinding(
            .compareRuns, ["c"], [.runs], "show the marked runs side by side", hint: "compare", rank: 4,
            .on(
                Self.self,
                unless: { view, state in
                    view.marked.count > 1 ? nil : "\(state.key(.markRun)) marks two or more runs first"
                }
            ) { view, state in
                [.compareRuns(view.marked)] + state.say("reading \(view.marked.count) runs")
            }),
        KeyBinding(
            .forgetListed, ["x"], [.runs], "leave the run out of the list; its folder stays", hint: "forget",
            rank: 6,
            .on(Self.self, unless: { $0.run($1) == nil ? "there is no run" : nil }) { view, state in
                guard let run = view.run(state) else { return [] }
                state.memory.forget(run: run.directory)
                view.marked.removeAll { $0 == run.directory }
                view.selected = min(view.selected, max(0, state.memory.runs.count - 1))
                return [.remember(state.memory)]
            }),
        KeyBinding(.closeRuns, [.escape, "q"], [.runs], "close", hint: "close", rank: 7, .close),
    ]

    var context: KeyContext { .runs }
    var followsWheel: Bool { true }

    func run(_ state: WorkbenchState) -> RecentRun? {
        state.memory.runs.indices.contains(selected) ? state.memory.runs[selected] : nil
    }

    private func obstacleToOpening(_ state: WorkbenchState) -> String? {
        guard let run = run(state) else { return "there is no run" }
        switch state.folders[run.directory] {
        case .missing:
            return "\(run.directory) is gone or was moved; \(state.key(.open)) opens it at another place"
        case .unreadable(let reason): return reason
        case .run(let facts) where facts.isInUse:
            return "another process works on \(run.directory); it can be opened when that ends"
        case .run, nil: return nil
        }
    }

    private mutating func mark(_ state: WorkbenchState) {
        guard let run = run(state) else { return }
        if let index = marked.firstIndex(of: run.directory) {
            marked.remove(at: index)
        } else if marked.count < Self.greatestCount {
            marked.append(run.directory)
        }
        selected = min(selected + 1, max(0, state.memory.runs.count - 1))
    }

    mutating func move(_ move: Move, in state: inout WorkbenchState) -> [WorkbenchEffect] {
        let page = max(1, area(Layout(state))[0].height - 1)
        selected = move.target(from: selected, count: state.memory.runs.count, page: page)
        return []
    }

    func list(in state: WorkbenchState) -> OverlayList? {
        OverlayList(
            area: area(Layout(state))[0].droppingRows(1), selected: selected, count: state.memory.runs.count,
            action: .openListed)
    }

    mutating func select(_ row: Int, in state: inout WorkbenchState) { selected = row }

    // MARK: - Drawing

    private func area(_ layout: Layout) -> [Rect] {
        layout.screen.inset().inset(columns: 1, rows: 0).rows([.share(1), .fixed(1), .fixed(1)])
    }

    func draw(on canvas: inout Canvas) {
        let state = canvas.state
        let runs = state.memory.runs
        canvas.grid.drawBox(
            canvas.layout.screen, title: "Runs", trailing: "\(runs.count)", focused: true,
            glyphs: canvas.glyphs)
        let parts = area(canvas.layout)
        canvas.writeKeys(
            [.openListed, .resumeListed, .markRun, .compareRuns, .forgetListed, .closeRuns], in: parts[2])
        guard !runs.isEmpty else { return canvas.explain("No run is remembered.", in: parts[0]) }
        let isWide = parts[0].width >= 100
        // Folders take what they need where there is so much.
        let longest = runs.map { cellWidth($0.directory) }.max() ?? 0
        let folder: Length = parts[0].width >= longest + 100 ? .fixed(longest) : .share(1.4)
        var columns = [
            TableColumn("", width: .fixed(2)), TableColumn("folder", width: folder, cut: .start),
            TableColumn("preset", width: .fixed(9)), TableColumn("bits", width: .fixed(6)),
            TableColumn("top-1", width: .fixed(8), alignment: .trailing),
            TableColumn("KL", width: .fixed(8), alignment: .trailing),
        ]
        if isWide {
            columns += [
                TableColumn("size", width: .fixed(10), alignment: .trailing),
                TableColumn("time", width: .fixed(11), alignment: .trailing),
            ]
        }
        columns.append(TableColumn("state", width: .share(1)))
        let rows = runs.map { row($0, state, isWide: isWide, canvas.glyphs) }
        canvas.draw(
            Table(columns: columns, rows: rows, selected: min(selected, runs.count - 1)), in: parts[0])
    }

    private func row(
        _ run: RecentRun, _ state: WorkbenchState, isWide: Bool, _ glyphs: GlyphSet
    ) -> [TextSpan] {
        let place = marked.firstIndex(of: run.directory)
        let mark = TextSpan(place.map { "\($0 + 1)" } ?? "", Style(.keyHint))
        guard case .run(let facts)? = state.folders[run.directory] else {
            let (note, style): (String, Style) =
                switch state.folders[run.directory] {
                case .missing: ("gone or moved: \(run.label)", Style(.warn))
                case .unreadable(let reason): (reason, Style(.error))
                case .run, nil: (run.label, .muted)
                }
            return [mark, TextSpan(run.directory, .muted)]
                + Array(repeating: TextSpan(""), count: isWide ? 6 : 4) + [TextSpan(note, style)]
        }
        let final = facts.report?.final
        let bits = facts.plan.hyperparameters
        var row = [
            mark, TextSpan(run.directory), TextSpan(facts.plan.preset.rawValue),
            TextSpan(BitsText.label(bits.weightBits, bits.activationBits)),
            TextSpan(final?.top1.map { QuantityText.fixed($0, decimals: 2) + " %" } ?? "–"),
            TextSpan(final.map { QuantityText.measure($0.kl) } ?? "–"),
        ]
        if isWide {
            row += [
                TextSpan(facts.report.map { QuantityText.bytes($0.bytes) } ?? "–"),
                TextSpan(facts.report.map { QuantityText.duration($0.seconds) } ?? "–"),
            ]
        }
        let (word, style): (String, Style) =
            facts.isInUse
            ? ("in another process", Style(.running))
            : facts.report == nil ? ("not finished", Style(.warn)) : ("done", Style(.ok))
        return row + [TextSpan(word, style)]
    }
}

extension WorkbenchState {
    /// Shows all runs, and looks at their folders.
    mutating func openRuns() -> [WorkbenchEffect] {
        overlay = RunsView()
        return checkRuns()
    }

    /// Looks at the folders of all remembered runs.
    package mutating func checkRuns() -> [WorkbenchEffect] {
        memory.runs.isEmpty ? [] : [.checkRuns(memory.runs.map(\.directory))]
    }

    /// Whether the folder of a run is not where it was.
    func isMissing(_ run: RecentRun) -> Bool { folders[run.directory] == .missing }

    /// What is to be said about a run's folder: that it is gone, or that another process works on it.
    func folderNote(_ run: RecentRun) -> String {
        switch folders[run.directory] {
        case .missing: "gone or moved: "
        case .unreadable: "cannot be read: "
        case .run(let facts) where facts.isInUse: "another process works on it: "
        case .run, nil: ""
        }
    }

    /// Shows runs side by side.
    mutating func take(_ runs: [ComparedRun]) {
        (overlay, notice) = (RunComparisonView(runs: runs, list: overlay as? RunsView), nil)
    }
}
