internal import RunText
internal import TerminalUI

/// An overlay in which a path is typed and completed.
protocol PathOverlay: Overlay {
    var line: EditLine { get set }
    /// Its possible completions.
    var suggestions: [String] { get set }
    var problem: String? { get set }
}

extension PathOverlay {
    /// Extends the path by the common prefix of all completions, and suggests them.
    mutating func take(completions: [String]) {
        if let common = Self.commonPrefix(of: completions), common.count > line.text.count {
            line = EditLine(common)
        }
        problem = completions.isEmpty ? "nothing begins with “\(line.text)”" : nil
        suggestions = completions.count > 1 ? completions : []
    }

    private static func commonPrefix(of texts: [String]) -> String? {
        guard var result = texts.first else { return nil }
        for text in texts.dropFirst() {
            while !text.hasPrefix(result) { result.removeLast() }
        }
        return result
    }

    /// Draws the problem, or the last parts of the suggestions, as many as fit.
    func drawSuggestions(in area: Rect, on canvas: inout Canvas) {
        let names = suggestions.map { path -> String in
            let last = lastPart(of: path)
            return path.hasSuffix("/") ? last + "/" : last
        }
        let lines = wrapped(names.joined(separator: "   "), width: area.width)
        for (index, line) in lines.prefix(area.height).enumerated() {
            let isCut = index == area.height - 1 && lines.count > area.height
            let shown = isCut ? fitted(line + " \(canvas.glyphs.ellipsis)", width: area.width) : line
            canvas.write(shown, in: area.row(index), style: .muted)
        }
    }

    /// Draws why the last attempt failed.
    func drawProblem(_ problem: String, in area: Rect, on canvas: inout Canvas) {
        canvas.grid.writeWrapped(
            "\(canvas.glyphs.symbol(.failed)) \(problem)", in: area, style: Style(.error))
    }
}

extension WorkbenchState {
    /// Takes the completions of a path, if it has not changed since.
    mutating func take(completions: [String], of text: String) {
        withOverlay { overlay, _ in
            guard var dialog = overlay as? any PathOverlay, dialog.isTyping, dialog.line.text == text else {
                return []
            }
            dialog.take(completions: completions)
            overlay = dialog
            return []
        }
    }
}
