internal import RunText
internal import Runs
internal import TerminalUI

/// How a run ended.
struct ResultView {
    let run: RunProgress

    /// The rows that it takes at most: the table with its heading and a row around it, and lines above and below.
    static let height = 18

    func draw(in area: Rect, on canvas: inout Canvas) {
        let inner = area.inset(columns: 1, rows: area.height >= 12 ? 1 : 0)
        switch run.phase {
        case .finished(let report): draw(report, in: inner, on: &canvas)
        case .failed(let failure): drawEnd(failure.message, in: inner, on: &canvas)
        case .stopped(let units):
            drawEnd(
                "The run was stopped after \(units) of \(run.units.count) units.", in: inner, on: &canvas)
        default: break
        }
    }

    private func drawEnd(_ text: String, in area: Rect, on canvas: inout Canvas) {
        canvas.write([run.status(canvas.glyphs)], in: area)
        let rest = area.droppingRows(2)
        let count = canvas.grid.writeWrapped(text, in: rest)
        let resumes =
            canvas.state.obstacleToPausing == nil
            ? "\(canvas.key(.pause)) \(canvas.state.pauseHint)s the run, " : ""
        canvas.write(
            resumes + "\(canvas.key(.newRun)) goes to the start screen, \(canvas.key(.quit)) quits.",
            in: rest.droppingRows(count + 1), style: .muted)
    }

    private func draw(_ report: RunReport, in area: Rect, on canvas: inout Canvas) {
        let time = TextSpan(" in \(QuantityText.duration(report.seconds))")
        let waited = run.waited >= 1 ? ", \(QuantityText.duration(run.waited)) of it at gates" : ""
        canvas.write(
            [LinePiece([run.status(canvas.glyphs), time], rank: 0), LinePiece(waited, rank: 1)], in: area,
            gap: 0)
        let isNarrow = area.width < 62
        let calibrated = run.formerBitsLabel.map { "cal. \($0)" } ?? "calibrated"
        let rows = Self.rows(report)
        func column(_ title: String, _ width: Int) -> TableColumn {
            TableColumn(title, width: .fixed(width), alignment: .trailing)
        }
        canvas.draw(
            Table(
                columns: [
                    TableColumn("", width: .fixed(9)),
                    column(isNarrow ? "full prec." : "full precision", isNarrow ? 10 : 14),
                    column(calibrated, max(10, cellWidth(calibrated))), column("final", isNarrow ? 9 : 11),
                    TableColumn("", width: .share(1)),
                ], rows: rows.map { isNarrow ? Array($0.dropLast()) : $0 }), in: area.droppingRows(2))
        let lines = notes(on: report, canvas.glyphs)
        // An empty row, if notes and keys leave one.
        var rest = area.droppingRows(rows.count + (area.height > rows.count + lines.count + 4 ? 4 : 3))
        for line in lines where rest.height > 1 {
            canvas.write(line, in: rest, gap: 0)
            rest = rest.droppingRows(1)
        }
        let keys = [
            (canvas.key(.export), "export"), (canvas.key(.newRun), "new run"),
            ("\(canvas.key(.previousUnit)) \(canvas.key(.nextUnit))", "curves"),
        ]
        canvas.write(
            keys.flatMap { [TextSpan($0.0, Style(.keyHint)), TextSpan(" \($0.1)   ")] }, in: rest)
    }

    /// What a reader of the table has to know, the most important first.
    private func notes(on report: RunReport, _ glyphs: GlyphSet) -> [[LinePiece]] {
        var lines: [[LinePiece]] = []
        let reverted = report.units.count(where: \.reverted)
        if reverted > 0 {
            let units = reverted == 1 ? "1 unit was" : "\(reverted) units were"
            lines.append([LinePiece("\(units) put back to the calibrated state", Style(.warn), rank: 0)])
        }
        if let change = run.accuracyChange {
            let points = QuantityText.signed(change.mean, QuantityText.fixed(abs(change.mean), decimals: 2))
            let interval = QuantityText.fixed(change.halfWidth, decimals: 2)
            let verdict = change.verdict == .undecided ? ", not significant" : ", significant"
            lines.append([
                LinePiece("top-1 \(points) \(glyphs.plusMinus) \(interval) points vs full", rank: 0),
                LinePiece(verdict, .muted, rank: 1), LinePiece(" (95 % interval)", .muted, rank: 2),
            ])
        }
        if let images = report.final?.images {
            let others =
                run.heldOutImages.map { "; attempts are compared on \(QuantityText.count($0)) others" } ?? ""
            lines.append([
                LinePiece("on \(QuantityText.count(images)) evaluation images", .muted, rank: 0),
                LinePiece(others, .muted, rank: 1),
            ])
        }
        return lines
    }

    private static func rows(_ report: RunReport) -> [[TextSpan]] {
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
        let divergences = QuantityText.measures(stages.map { $0?.kl ?? 0 })
        rows.append([
            TextSpan("KL, nats", .muted), TextSpan(stages[0] == nil ? "–" : divergences[0]),
            TextSpan(stages[1] == nil ? "–" : divergences[1]),
            TextSpan(stages[2] == nil ? "–" : divergences[2], Style.text.bold),
            TextSpan(" \(klNote(report))", .muted),
        ])
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

    private static func accuracyNote(_ report: RunReport) -> String {
        guard let before = report.fullPrecision?.top1, let after = report.final?.top1 else { return "" }
        let change = after - before
        return QuantityText.signed(change, "\(QuantityText.fixed(abs(change), decimals: 2)) vs full")
    }

    /// By how much learning has changed the KL of the calibrated model.
    private static func klNote(_ report: RunReport) -> String {
        guard let before = report.calibrated?.kl, let after = report.final?.kl else { return "" }
        return QuantityText.change(from: before, to: after).map { "\($0) vs calib." } ?? ""
    }
}
