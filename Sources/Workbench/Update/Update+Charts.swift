internal import Runs
internal import TerminalUI

extension WorkbenchState {
    mutating func changeChart(_ action: Action) {
        switch action {
        case .logY: chart.isLogarithmicY.toggle()
        case .logX: chart.isLogarithmicX.toggle()
        case .smoothing: chart.smoothing = (chart.smoothing + 1) % Self.smoothings.count
        case .pin: chart.pinned = chart.pinned == shownUnit ? nil : shownUnit
        case .zoomIn: chart.zoomIn()
        case .zoomOut: chart.zoomOut()
        case .zoomReset: chart.zoomReset()
        case .cursorLeft, .cursorRight: moveCursor(by: action == .cursorLeft ? -1 : 1)
        default: break
        }
    }

    /// One column of the chart further.
    private mutating func moveCursor(by columns: Double) {
        let width = Layout(self).content(of: focus).width
        chart.moveCursor(by: columns / Double(max(16, width - 10)))
    }

    // MARK: - The log

    /// The lines of the log that pass the filter.
    var shownLog: [LogRing.Entry] {
        guard let logFilter, !logFilter.line.isEmpty else { return log.entries }
        let words = SearchedWords(logFilter.line.text)
        return log.entries.filter { words.areAll(in: $0.text) }
    }

    mutating func changeFilter(_ action: Action) {
        switch action {
        case .findNext: logOffset = max(0, logOffset - 1)
        case .findPrevious: logOffset = min(logOffset + 1, max(0, shownLog.count - 1))
        default:
            show(.log)
            logFilter = LogFilter()
            logOffset = 0
        }
    }

    // MARK: - The clipboard

    /// Copies what the focus is on.
    mutating func copy() -> [WorkbenchEffect] {
        guard let text = copiedText else { return say("there is nothing here to copy", .warning) }
        notify("copied “\(text.count > 40 ? text.prefix(40) + "…" : text)”", .success)
        return [.copy(text)]
    }

    private var copiedText: String? {
        guard let run else { return nil }
        switch focus {
        case .units, .reconstruction, .contributions:
            guard let unit = shownUnit.map({ run.units[$0] }) else { return nil }
            let report = unit.report.map {
                " loss \($0.finalLoss) KL \($0.finalKl) \($0.bytes) bytes \($0.seconds) s"
            }
            let bits = BitsText.label([unit.hyperparameters])
            return "\(unit.name) \(bits)" + (report ?? unit.loss.map { " loss \($0)" } ?? "")
        case .sweep:
            return shownPoint.map { point in
                let top1 = point.evaluation.top1.map { " top-1 \($0)" } ?? ""
                return "\(BitsText.label(point.weightBits, point.activationBits)) \(point.bytes) bytes\(top1)"
                    + " KL \(point.evaluation.kl)"
            }
        case .parameters:
            return editor.field.map { "\($0.key)=\($0.value(in: editor.applied(to: draftBase)))" }
        case .log:
            let entries = shownLog
            return entries.isEmpty ? nil : entries[max(0, entries.count - 1 - logOffset)].text
        }
    }
}
