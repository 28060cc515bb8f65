internal import TerminalUI

/// A hint in the footer.
struct FooterHint: Equatable {
    let frame: Rect
    let key: String
    let text: String
    let action: Action
}

/// The last line: a notice, which takes as many lines as it has, or the keys that do something now.
enum Footer {
    /// The hints that fit: those of the panel with the focus from the left, then those of every panel.
    ///
    /// An empty hint is left out. Where room is short, keys that every situation needs come first, then those of the panel.
    static func hints(_ state: WorkbenchState, in row: Rect) -> [FooterHint] {
        let keys = state.settings.keys
        let panel = state.run != nil && state.overlay == nil ? state.focus.content.context : nil
        let bindings = keys.bindings(in: state.contexts)
            .filter { binding in
                binding.hint != nil && panel.map(binding.belongs) ?? true
                    && binding.behavior.obstacle(state) == nil && !binding.hint(in: state).isEmpty
            }
        func isOfPanel(_ binding: KeyBinding) -> Bool { panel != nil && binding.isOfPanel }
        /// Lower is dropped later.
        func priority(_ binding: KeyBinding) -> Int {
            if isOfPanel(binding) { return binding.rank - 28 }
            return needed.contains(binding.action) ? -100 : binding.rank
        }
        var room = row.width - 1
        var shown: [(isGlobal: Bool, rank: Int, key: String, text: String, action: Action)] = []
        for binding in bindings.enumerated().sorted(by: {
            (priority($0.element), $0.offset) < (priority($1.element), $1.offset)
        }).map(\.element) {
            let text = binding.hint(in: state)
            let other = binding.partner.flatMap { keys[$0]?.keys.first?.name }
            let key = (other.map { "\($0) " } ?? "") + binding.firstKeyText
            let width = cellWidth(key) + 1 + cellWidth(text)
            guard width < room else { continue }
            shown.append((!isOfPanel(binding), binding.rank, key, text, binding.action))
            room -= width + 2
        }
        let order = shown.enumerated().sorted {
            ($0.element.isGlobal ? 1 : 0, $0.element.rank, $0.offset)
                < ($1.element.isGlobal ? 1 : 0, $1.element.rank, $1.offset)
        }
        var x = row.x + 1
        return order.map { _, hint in
            let width = cellWidth(hint.key) + 1 + cellWidth(hint.text)
            defer { x += width + 2 }
            let frame = Rect(x: x, y: row.y, width: width, height: 1)
            return FooterHint(frame: frame, key: hint.key, text: hint.text, action: hint.action)
        }
    }

    /// The actions whose keys are never left out for those of a panel.
    private static let needed: Set<Action> = [.quit, .pause, .back, .help]

    static func draw(on canvas: inout Canvas) {
        let row = canvas.layout.footer
        guard let notice = canvas.state.notice else {
            for hint in hints(canvas.state, in: row) {
                canvas.write(
                    [TextSpan(hint.key, Style(.keyHint)), TextSpan(" \(hint.text)")], in: hint.frame)
            }
            return
        }
        let (symbol, role): (Symbol, Role) =
            switch notice.severity {
            case .info: (.dot, .text)
            case .success: (.done, .ok)
            case .warning: (.warning, .warn)
            case .error: (.failed, .error)
            }
        let text = "\(canvas.glyphs.symbol(symbol)) \(canvas.sentence(notice.text))"
        // A sentence says at its end what to do, so it is shown whole: on rows above the footer where it needs them.
        let lines = wrapped(text, width: row.width - 2).prefix(row.y)
        let area = Rect(x: row.x, y: row.y - lines.count + 1, width: row.width, height: lines.count)
        canvas.grid.fill(area)
        for (index, line) in lines.enumerated() {
            let part = Rect(x: area.x + 1, y: area.y + index, width: area.width - 2, height: 1)
            canvas.write(line, in: part, style: Style(role))
        }
    }

    /// One line for a screen too small for anything else.
    static func drawSmall(on canvas: inout Canvas) {
        let state = canvas.state
        let area = canvas.grid.bounds
        if state.overlay is QuitDialog {
            let keys = "\(canvas.key(.stopAndQuit)) \(canvas.key(.stay))"
            return canvas.write("stop and quit? \(keys)", in: area, style: Style(.warn))
        }
        let size = TextSpan(
            "Terminal too small (\(state.size.width)×\(state.size.height)); needs "
                + "\(Layout.least.width)×\(Layout.least.height)", Style(.warn))
        var spans: [TextSpan] = []
        var keys = "\(canvas.key(.quit)) quit"
        if let run = state.run {
            spans += [run.status(canvas.glyphs), TextSpan("  ")]
            if run.isPauseQueued { spans.append(TextSpan("PAUSE queued  ", Style(.warn))) }
            if !run.hasEnded {
                keys = "\(canvas.key(.pause)) \(run.gate == nil ? "pause" : "continue")  \(keys)"
            }
        }
        spans.append(TextSpan(keys, .muted))
        // The state and its keys count more than the size where there is one line only.
        guard area.height > 1 else { return canvas.write(spans, in: area) }
        canvas.write([size], in: area)
        canvas.write(spans, in: area.droppingRows(1))
    }
}
