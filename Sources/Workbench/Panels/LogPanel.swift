internal import RunText
internal import TerminalUI

/// The log of the run.
struct LogPanel: PanelContent {
    let name = "Log"
    let shortName = "Log"
    let context = KeyContext.log
    let action = Action.showLog

    var keys: [KeyBinding] {
        [
            KeyBinding(
                .filter, ["/"], [.log], "show only lines of the log that have some words", hint: "filter",
                rank: 5,
                .change {
                    $0.show(.log)
                    ($0.logFilter, $0.logOffset) = (ListSearch(panel: .log, origin: 0), 0)
                }),
            KeyBinding(
                .keepFilter, [.enter], [.filter], "keep the filter", hint: "keep", rank: 1,
                .change {
                    if $0.logFilter?.line.isEmpty == true { $0.logFilter = nil }
                    $0.logFilter?.isTyping = false
                }),
            KeyBinding(
                .dropFilter, [.escape], [.filter], "show every line", hint: "all lines", rank: 2,
                .change { $0.logFilter = nil }),
        ]
    }

    func edges(isVertical: Bool, in mode: Layout.Mode) -> [(PanelSplits.Split, isBefore: Bool)] {
        isVertical ? [(.columns, false)] : [(.log, false), (.tabbedLog, false)]
    }

    func notes(_ state: WorkbenchState) -> [String] {
        [state.logOffset > 0 ? "\(state.logOffset) below" : "follow"]
    }

    func words(_ state: WorkbenchState) -> (line: EditLine, isTyping: Bool)? {
        state.logFilter.map { ($0.line, $0.isTyping) }
    }

    func lines(_ state: WorkbenchState) -> [String] { state.shownLog.map(\.text) }

    func selection(_ state: WorkbenchState) -> Int { max(0, state.shownLog.count - 1 - state.logOffset) }

    func select(_ index: Int, in state: inout WorkbenchState) {
        state.logOffset = max(0, state.shownLog.count - 1 - index)
    }

    func copiedText(_ state: WorkbenchState) -> String? {
        let entries = state.shownLog
        return entries.isEmpty ? nil : entries[selection(state)].text
    }

    /// The latest lines at the bottom, wrapped; before the first page, the first ones at the top.
    func draw(in area: Rect, on canvas: inout Canvas) {
        let (state, glyphs) = (canvas.state, canvas.glyphs)
        let entries = state.shownLog
        guard !entries.isEmpty else {
            if let filter = state.logFilter, !filter.line.isEmpty {
                return canvas.explain("No line has “\(filter.line.text)”.", in: area)
            }
            return canvas.explain("The events of the run appear here.", in: area)
        }
        let indent = 8
        var lines: [(entry: LogRing.Entry, text: String, isFirst: Bool)] = []
        func rows(of entry: LogRing.Entry) -> [(entry: LogRing.Entry, text: String, isFirst: Bool)] {
            wrapped(canvas.sentence(entry.text), width: area.width - indent).enumerated().map {
                (entry, $0.element, $0.offset == 0)
            }
        }
        for entry in entries.dropLast(state.logOffset).reversed() where lines.count < area.height {
            lines += rows(of: entry).reversed()
        }
        for entry in entries.suffix(state.logOffset) where lines.count < area.height {
            lines = rows(of: entry).reversed().suffix(area.height - lines.count) + lines
        }
        for (index, line) in lines.prefix(area.height).reversed().enumerated() {
            let row = area.row(index)
            let (symbol, style) = look(line.entry.severity)
            if line.isFirst {
                canvas.write(QuantityText.clock(line.entry.seconds), in: row, style: .muted)
                if let symbol { canvas.write("\(glyphs.symbol(symbol))", in: row.dropping(6), style: style) }
            }
            canvas.write(line.text, in: row.dropping(indent), style: style)
        }
    }

    private func look(_ severity: LogRing.Severity) -> (Symbol?, Style) {
        switch severity {
        case .info: (nil, .text)
        case .success: (.done, Style(.ok))
        case .warning: (.warning, Style(.warn))
        case .error: (.failed, Style(.error))
        }
    }
}

extension WorkbenchState {
    /// The lines of the log that pass the filter.
    var shownLog: [LogRing.Entry] {
        guard let logFilter, !logFilter.line.isEmpty else { return log.entries }
        let words = SearchedWords(logFilter.line.text)
        return log.entries.filter { words.areAll(in: $0.text) }
    }
}
