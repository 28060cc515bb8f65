internal import Runs
internal import TerminalUI

extension Painter {
    /// What became of the run, once it has ended.
    mutating func drawResult(_ run: RunProgress, in area: Rect) {
        let inner = area.inset(columns: 1, rows: area.height >= 12 ? 1 : 0)
        switch run.phase {
        case .finished(let report): drawReport(report, run, in: inner)
        case .failed(let failure):
            drawEnd(
                run, failure.message,
                "\(state.key(.newRun)) goes to the start screen, \(state.key(.quit)) quits.", in: inner)
        case .stopped(let units):
            let text = "The run was stopped after \(units) of \(run.units.count) units."
            drawEnd(
                run, text, "\(state.key(.newRun)) goes to the start screen, \(state.key(.quit)) quits.",
                in: inner)
        default: break
        }
    }

    private mutating func drawEnd(_ run: RunProgress, _ text: String, _ next: String, in area: Rect) {
        grid.write([status(run)], x: area.x, y: area.y, in: area)
        let rest = Rect(x: area.x, y: area.y + 2, width: area.width, height: area.height - 2)
        let count = grid.writeWrapped(text, in: rest)
        let line = Rect(x: area.x, y: rest.y + count + 1, width: area.width, height: 1).intersection(area)
        grid.write(next, x: line.x, y: line.y, style: .muted, in: line)
    }

    private mutating func drawReport(_ report: RunReport, _ run: RunProgress, in area: Rect) {
        let pieces = [
            LinePiece([status(run), TextSpan(" in \(QuantityText.duration(report.seconds))")], rank: 0),
            LinePiece(", \(QuantityText.duration(run.waited)) of it at gates", rank: 1),
        ]
        var x = area.x
        for piece in LinePiece.fitting(run.waited >= 1 ? pieces : [pieces[0]], width: area.width, gap: 0) {
            x += grid.write(piece.spans, x: x, y: area.y, in: area)
        }
        let body = Rect(x: area.x, y: area.y + 2, width: area.width, height: area.height - 2)
        let isNarrow = area.width < 62
        let calibrated = run.formerBitsLabel.map { "cal. \($0)" } ?? "calibrated"
        let rows = reportRows(report)
        Table(
            columns: [
                TableColumn("", width: .fixed(9)),
                TableColumn(
                    isNarrow ? "full prec." : "full precision", width: .fixed(isNarrow ? 10 : 14),
                    alignment: .trailing),
                TableColumn(
                    calibrated, width: .fixed(max(10, cellWidth(calibrated))), alignment: .trailing),
                TableColumn("final", width: .fixed(isNarrow ? 9 : 11), alignment: .trailing),
                TableColumn("", width: .share(1)),
            ], rows: rows.map { isNarrow ? Array($0.dropLast()) : $0 }
        ).draw(into: &grid, in: body, glyphs: glyphs)
        let top = body.y + rows.count + 2
        drawReportNotes(report, in: Rect(x: area.x, y: top, width: area.width, height: area.endY - top))
    }

    private mutating func drawReportNotes(_ report: RunReport, in area: Rect) {
        let reverted = report.units.filter(\.reverted).count
        var row = 0
        if reverted > 0, area.height > 1 {
            let units = reverted == 1 ? "1 unit was" : "\(reverted) units were"
            grid.write(
                "\(units) put back to the calibrated state", x: area.x, y: area.y, style: Style(.warn),
                in: area)
            row = 1
        }
        grid.write(
            [
                TextSpan(state.key(.export), Style(.keyHint)), TextSpan(" export   "),
                TextSpan(state.key(.newRun), Style(.keyHint)), TextSpan(" new run   "),
                TextSpan("\(state.key(.previousUnit)) \(state.key(.nextUnit))", Style(.keyHint)),
                TextSpan(" curves"),
            ], x: area.x, y: area.y + row, in: area)
    }

    private func reportRows(_ report: RunReport) -> [[TextSpan]] {
        let stages = [report.fullPrecision, report.calibrated, report.final]
        func row(_ name: String, _ note: String, _ value: (Evaluation) -> String?) -> [TextSpan] {
            let values = stages.map { $0.flatMap(value) ?? "–" }
            return [
                TextSpan(name, .muted), TextSpan(values[0]), TextSpan(values[1]),
                TextSpan(values[2], Style.text.bold), TextSpan(" \(note)", .muted),
            ]
        }
        func percent(_ value: Double) -> String { QuantityText.fixed(value, decimals: 2) + " %" }
        var rows: [[TextSpan]] = []
        if stages.contains(where: { $0?.top1 != nil }) {
            rows.append(row("top-1", accuracyNote(report)) { $0.top1.map(percent) })
            rows.append(row("top-5", "") { $0.top5.map(percent) })
        }
        rows.append(row("agreement", "") { percent($0.agreement) })
        rows.append(row("KL", "nats") { QuantityText.measure($0.kl) })
        rows.append(
            row("SQNR", "of the logits") { $0.sqnrDb.map { QuantityText.fixed($0, decimals: 1) + " dB" } })
        let smaller = Double(report.fullPrecisionBytes) / Double(max(report.bytes, 1))
        rows.append([
            TextSpan("size", .muted), TextSpan(QuantityText.bytes(report.fullPrecisionBytes)), TextSpan("–"),
            TextSpan(QuantityText.bytes(report.bytes), Style.text.bold),
            TextSpan(" \(QuantityText.fixed(smaller, decimals: 1)) times smaller", .muted),
        ])
        return rows
    }

    private func accuracyNote(_ report: RunReport) -> String {
        guard let before = report.fullPrecision?.top1, let after = report.final?.top1 else { return "" }
        let change = after - before
        return "\(change < 0 ? "" : "+")\(QuantityText.fixed(change, decimals: 2)) points"
    }
}
