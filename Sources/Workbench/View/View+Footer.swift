internal import TerminalUI

/// A hint in the footer.
struct FooterHint: Equatable {
    let frame: Rect
    let key: String
    let text: String
    let action: Action
}

/// What the footer shows: keys that do something now, as the key table has them.
enum Footer {
    /// The hints that fit, from the left.
    static func hints(_ state: WorkbenchState, in row: Rect) -> [FooterHint] {
        let bindings = state.settings.keys.bindings(in: state.contexts)
            .filter { $0.hint != nil && state.isAvailable($0.action) }
        let order = bindings.enumerated().sorted {
            ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset)
        }
        var x = row.x + 1
        var hints: [FooterHint] = []
        for (_, binding) in order {
            let text = hint(for: binding, state)
            let other = binding.partner.flatMap { partner in
                state.settings.keys.bindings.first {
                    $0.action == partner && !$0.contexts.filter(binding.contexts.contains).isEmpty
                }?.keys.first?.name
            }
            let key = (other.map { "\($0) " } ?? "") + binding.firstKeyText
            let width = cellWidth(key) + 1 + cellWidth(text)
            guard x + width < row.endX else { continue }
            hints.append(
                FooterHint(
                    frame: Rect(x: x, y: row.y, width: width, height: 1), key: key, text: text,
                    action: binding.action))
            x += width + 2
        }
        return hints
    }

    /// What an action would do now, where that depends.
    private static func hint(for binding: KeyBinding, _ state: WorkbenchState) -> String {
        switch binding.action {
        case .pause:
            if state.run?.report != nil { return "reopen" }
            if state.run?.hasEnded == true { return "go on" }
            if state.run?.gate != nil { return "go on" }
            return state.run?.isPauseQueued == true ? "don't pause" : "pause"
        case .sweep: return state.run?.isSweeping == true ? "stop sweep" : "sweep"
        case .back:
            if state.isFullScreen { return "back" }
            if state.chart.cursor != nil { return "latest values" }
            if state.focus == state.search?.panel { return "end search" }
            return state.logFilter != nil ? "all lines" : "result"
        case .heldOut:
            switch state.heldOutMeasure {
            case nil: return "held out"
            case .top1: return "held-out KL"
            case .kl: return "steps"
            }
        case .fullScreen: return state.isFullScreen ? "shrink" : "full"
        case .start: return state.startVerb
        case .mouse: return state.capturesMouse ? "mouse off" : "mouse on"
        case .pin: return state.chart.pinned == state.shownUnit ? "unpin" : "pin"
        default: return binding.hint ?? ""
        }
    }
}

extension Painter {
    mutating func drawFooter() {
        let row = layout.footer
        if let notice = state.notice {
            let (symbol, role): (Symbol, Role) =
                switch notice.severity {
                case .info: (.dot, .text)
                case .success: (.done, .ok)
                case .warning: (.warning, .warn)
                case .error: (.failed, .error)
                }
            let text = fitted(
                "\(glyphs.symbol(symbol)) \(sentence(notice.text))", width: row.width - 2,
                ellipsis: glyphs.ellipsis)
            grid.write(text, x: row.x + 1, y: row.y, style: Style(role), in: row)
            return
        }
        for hint in Footer.hints(state, in: row) {
            grid.write(
                [TextSpan(hint.key, Style(.keyHint)), TextSpan(" \(hint.text)", .text)], x: hint.frame.x,
                y: row.y, in: row)
        }
    }

    /// One line for a screen too small for anything else.
    mutating func drawSmall() {
        let least = Layout.least
        if state.overlay == .quit {
            grid.write(
                "stop and quit? \(state.settings.keys.text(of: .confirm, in: .quit)) \(state.settings.keys.text(of: .cancel, in: .quit))",
                x: 0, y: 0, style: Style(.warn))
            return
        }
        var spans = [TextSpan("\(state.size.width)x\(state.size.height)", Style(.warn))]
        spans.append(TextSpan(" needs \(least.width)x\(least.height)"))
        if let run = state.run {
            spans += [TextSpan("  "), status(run)]
            if run.isPauseQueued { spans.append(TextSpan(" PAUSE queued", Style(.warn))) }
            let pause = run.gate == nil ? "pause" : "go on"
            let space = run.hasEnded ? "" : "  \(state.key(.pause)) \(pause)"
            spans.append(TextSpan("\(space)  \(state.key(.quit)) quit", .muted))
        } else {
            spans.append(TextSpan("  \(state.key(.quit)) quit", .muted))
        }
        grid.write(spans, x: 0, y: 0)
    }
}
