internal import TerminalUI

extension Painter {
    /// The latest lines at the bottom, longer ones broken.
    mutating func drawLog(in area: Rect) {
        let entries = state.shownLog
        guard !entries.isEmpty else {
            if let filter = state.logFilter, !filter.line.isEmpty {
                return explain("No line has “\(filter.line.text)”.", in: area)
            }
            return explain("What happens in the run appears here.", in: area)
        }
        let indent = 8
        var lines: [(time: String, text: String, severity: LogRing.Severity)] = []
        for entry in entries.dropLast(state.logOffset).reversed() {
            guard lines.count < area.height else { break }
            let text = wrapped(sentence(entry.text), width: area.width - indent)
            for (index, line) in text.enumerated().reversed() {
                lines.append((index == 0 ? QuantityText.clock(entry.seconds) : "", line, entry.severity))
            }
        }
        let shown = lines.prefix(area.height).reversed()
        for (index, line) in shown.enumerated() {
            let row = area.row(index)
            grid.write(line.time, x: row.x, y: row.y, style: .muted, in: row)
            if !line.time.isEmpty, let symbol = symbol(of: line.severity) {
                grid.put(
                    glyphs.symbol(symbol), x: row.x + 6, y: row.y, style: style(of: line.severity), in: row)
            }
            grid.write(line.text, x: row.x + indent, y: row.y, style: style(of: line.severity), in: row)
        }
    }

    private func symbol(of severity: LogRing.Severity) -> Symbol? {
        switch severity {
        case .info: nil
        case .success: .done
        case .warning: .warning
        case .error: .failed
        }
    }

    private func style(of severity: LogRing.Severity) -> Style {
        switch severity {
        case .info: .text
        case .success: Style(.ok)
        case .warning: Style(.warn)
        case .error: Style(.error)
        }
    }
}
