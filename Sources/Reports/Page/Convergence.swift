internal import ChartScale
internal import RunText
internal import Runs
internal import Vocabulary

/// The weight of the past in curves, as the workbench begins with.
private let smoothing = 0.9

extension ReportPage {
    /// The units with the attempts that are chosen.
    private var units: [(index: Int, name: String, attempt: ReportedRun.Attempt?)] {
        (run.summary?.units ?? []).enumerated().map {
            ($0.offset, $0.element.name, run.chosenAttempt(of: $0.offset))
        }
    }

    /// How the loss of every unit went, and what came of it.
    var convergence: Markup {
        guard !units.isEmpty, run.attempts.contains(where: { !$0.isEmpty }) else {
            return paragraph("The run has reconstructed no unit.")
        }
        let learned = units.filter { $0.attempt?.curves != nil }
        let multiples = learned.map { unit -> Markup in
            unit.attempt?.curves.map { multiple(unit.index, unit.name, $0, unit.attempt?.report) } ?? ""
        }
        var result: Markup = ""
        if learned.isEmpty {
            result += paragraph("Nothing was learned: the units are as calibrated.")
        } else {
            result += note(
                "The block loss of every step, divided by that of the calibrated unit: below 1.00 the unit is better than "
                    + "calibrated. The percentage is the change over at most 512 calibration images, with the final integers."
            )
            result += "<div class=\"multiples\">\(multiples)</div>\n"
        }
        result += heldOutCharts
        result += "<h3>Units</h3>\n\(unitTable)"
        for unit in units { result += unitDetails(unit.index, unit.name) }
        return result
    }

    private func multiple(
        _ index: Int, _ name: String, _ curves: UnitCurves, _ report: AttemptReport?
    ) -> Markup {
        var drawing = ratioDrawing(name, [(report?.attempt ?? 1, curves)], chosen: report?.attempt ?? 1)
        drawing.frame.width = 240
        drawing.frame.height = 120
        (drawing.frame.left, drawing.frame.top, drawing.frame.bottom, drawing.frame.right) = (34, 8, 20, 6)
        drawing.frame.ticks = (3, 3)
        (drawing.frame.xTitle, drawing.frame.yTitle) = ("", "")
        drawing.reference?.name = ""
        // On one line, so that charts beside one another begin at the same height.
        let verdicts = curves.verdicts(report)
        let verdict = verdicts.first { $0.count <= 28 } ?? verdicts.last ?? ""
        return """
            <a href="#unit-\(index)"><b>\(name)</b><span>\(verdict)</span>\(drawing.markup)</a>

            """
    }

    // MARK: - Charts of a unit

    /// The block loss of attempts, divided by that of the calibrated unit; as measured where there is none.
    private func ratioDrawing(
        _ name: String, _ attempts: [(number: Int, curves: UnitCurves)], chosen: Int
    ) -> LineDrawing {
        let ordered = attempts.filter { $0.number != chosen } + attempts.filter { $0.number == chosen }
        let lines = ordered.map { number, curves in
            LineDrawing.Line(
                name: "attempt \(number)\(number == chosen ? ", chosen" : "")",
                color: number == chosen ? "c0" : "other",
                points: smoothed(curves.ratios ?? [], weight: smoothing, steps: curves.steps),
                band: number == chosen ? curves.ratioBand : [], isSecondary: number != chosen)
        }
        let own = lines.last?.points ?? []
        let steps = Double(ordered.map(\.curves.steps).max() ?? 2)
        let range = UnitCurves.ratioRange(
            of: own
                + (lines.last?.band ?? []).flatMap {
                    [ChartPoint(x: $0.x, y: $0.low), ChartPoint(x: $0.x, y: $0.high)]
                }, others: lines.dropLast().map(\.points), within: 0...steps, scale: .log)
        let reference = ordered.last?.curves.reference
        return LineDrawing(
            title: "loss of \(name) relative to the calibrated unit, over the steps", lines: lines,
            frame: ChartFrame(
                x: Axis(0...steps), y: Axis(range, scale: .log), xTitle: "step",
                yTitle: "block loss ÷ \(reference?.name ?? "first step")"),
            reference: (1, reference?.name ?? "first step"))
    }

    private func termsDrawing(_ name: String, _ curves: UnitCurves) -> LineDrawing {
        let lines = Term.allCases.reversed().compactMap { term -> LineDrawing.Line? in
            let points = smoothed(curves.terms.points(of: term), weight: smoothing, steps: curves.steps)
            return points.isEmpty
                ? nil : LineDrawing.Line(name: term.rawValue, color: term.rawValue, points: points)
        }
        let values = lines.flatMap { $0.points.map(\.y) }.filter { $0 > 0 }
        return LineDrawing(
            title: "terms of \(name) as measured, over the steps", lines: lines,
            frame: ChartFrame(
                x: Axis(0...Double(curves.steps)), y: Axis(fitting: values, scale: .log), xTitle: "step",
                yTitle: "terms, as measured"))
    }

    private func sharesDrawing(_ name: String, _ curves: UnitCurves) -> LineDrawing? {
        guard let last = curves.gradients.latest else { return nil }
        let shares = curves.gradients.shares
        let lines = Term.allCases.reversed().compactMap { term -> LineDrawing.Line? in
            guard last[term] != nil else { return nil }
            let points = shares[term].map { ChartPoint(x: $0.x, y: $0.y * 100) }
            return LineDrawing.Line(name: term.rawValue, color: term.rawValue, points: points)
        }
        return LineDrawing(
            title: "share of each term in the gradient of \(name), over the steps", lines: lines,
            frame: ChartFrame(
                x: Axis(0...Double(curves.steps)), y: Axis(0...100), xTitle: "step",
                yTitle: "share of the gradient, %"))
    }

    private func operatorsDrawing(_ name: String, _ curves: UnitCurves) -> LineDrawing? {
        let colors = ["c0", "c1", "c2"]
        // The three operators that lose most; the others stand beside them.
        let means = curves.operators.map { series -> Double in
            let known = series.losses.points.map(\.y).filter(\.isFinite)
            return known.isEmpty ? 0 : known.reduce(0, +) / Double(known.count)
        }
        let ranked = means.indices.sorted { means[$0] > means[$1] }
        let lines = ranked.enumerated().reversed().map { rank, index in
            LineDrawing.Line(
                name: curves.operators[index].name, color: rank < 3 ? colors[rank] : "other",
                points: curves.operators[index].losses.points, isSecondary: rank >= 3)
        }
        guard !lines.isEmpty else { return nil }
        return LineDrawing(
            title: "local loss of the operators of \(name), over the steps", lines: lines,
            frame: ChartFrame(
                x: Axis(0...Double(curves.steps)),
                y: Axis(fitting: lines.flatMap { $0.points.map(\.y) }.filter { $0 > 0 }, scale: .log),
                xTitle: "step",
                yTitle: "local loss by operator"))
    }

    private func unitDetails(_ index: Int, _ name: String) -> Markup {
        let attempts = run.attempts.indices.contains(index) ? run.attempts[index] : []
        guard !attempts.isEmpty else { return "" }
        let chosen = run.chosenAttempt(of: index) ?? attempts[attempts.count - 1]
        var charts: [Markup] = []
        let curves = attempts.compactMap { attempt in attempt.curves.map { (attempt.series.attempt, $0) } }
        if !curves.isEmpty, chosen.curves != nil {
            var drawing = ratioDrawing(name, curves, chosen: chosen.series.attempt)
            drawing.marks = chosen.loweredAt.map { (Double($0), "rates lowered after step \($0)") }
            charts.append(drawing.markup)
        }
        if let own = chosen.curves {
            charts.append(termsDrawing(name, own).markup)
            if let shares = sharesDrawing(name, own) { charts.append(shares.markup) }
            if let operators = operatorsDrawing(name, own) { charts.append(operators.markup) }
        }
        let absent = Term.allCases.compactMap { term in
            chosen.curves?.absence(of: term).map { "\(term.rawValue) is off: \($0.long)" }
        }
        let verdict = chosen.curves?.verdicts(chosen.report).first ?? ""
        let content: Markup = """
            <div class="charts">\(charts)</div>
            \(absent.isEmpty ? Markup("") : note(absent.joined(separator: "; ") + "."))\(attemptTable(index, attempts))
            """
        return details("\(name)<span>\(verdict)</span>", anchor: "unit-\(index)", content)
    }

    // MARK: - Tables

    private func heldOutText(_ evaluation: Evaluation?) -> String {
        guard let evaluation else { return "–" }
        let top1 = evaluation.top1.map { "\(QuantityText.fixed($0, decimals: 2)) %, " } ?? ""
        return "\(top1)\(QuantityText.measure(evaluation.kl))"
    }

    private var unitTable: Markup {
        let rows = units.compactMap { index, name, attempt -> [Markup]? in
            guard let attempt, let report = attempt.report else { return nil }
            let used = attempt.hyperparameters
            return [
                "<a href=\"#unit-\(index)\">\(name)</a>",
                "\(BitsText.label(used.weightBits, used.activationBits))",
                "\(run.attempts[index].count)",
                "\(QuantityText.pair(report.calibratedLoss, report.finalLoss))",
                "\(QuantityText.pair(report.calibratedKl, report.finalKl))", "\(heldOutText(report.heldOut))",
                "\(QuantityText.bytes(report.bytes))", "\(QuantityText.duration(report.seconds))",
            ]
        }
        let held = run.heldOut.map { ", the model through the unit on \($0.imagesText)" } ?? ""
        return """
            \(MarkupTable(columns: [
                .init("unit"), .init("bits"), .init("attempts", .numbers), .init("block loss"),
                .init("KL through the unit, nats"), .init("held out"), .init("size", .numbers),
                .init("time", .numbers),
            ], rows: rows).markup)\(note("Before → after learning. Held out: top-1 and KL\(held)."))
            """
    }

    private func attemptTable(_ unit: Int, _ attempts: [ReportedRun.Attempt]) -> Markup {
        let chosen = run.chosenAttempt(of: unit)?.series.attempt
        let planned = run.planAtStart.flatMap { plan in
            try? plan.hyperparameters(of: attempts[0].series.unit)
        }
        let rows = attempts.map { attempt -> [Markup] in
            let changes = (planned ?? Hyperparameters()).changes(to: attempt.hyperparameters)
            let settings =
                changes.isEmpty
                ? "as planned" : changes.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
            let number = "\(attempt.series.attempt)\(attempt.series.attempt == chosen ? ", chosen" : "")"
            guard let report = attempt.report else {
                return ["\(number)", "–", "–", "–", "–", "\(settings)", "interrupted"]
            }
            var end =
                switch report.ending {
                case .complete: report.reverted ? "put back" : "complete"
                case .finishedEarly: "finished early"
                case .cancelled: "cancelled"
                }
            if let diagnosis = report.diagnosis { end += ": \(diagnosis.sentence)" }
            if !attempt.loweredAt.isEmpty {
                end +=
                    "; rates lowered after step \(attempt.loweredAt.map { "\($0)" }.joined(separator: ", "))"
            }
            return [
                "\(number)", "\(QuantityText.pair(report.calibratedLoss, report.finalLoss))",
                "\(QuantityText.pair(report.calibratedKl, report.finalKl))", "\(heldOutText(report.heldOut))",
                "\(QuantityText.duration(report.seconds))", "\(settings)", "\(end)",
            ]
        }
        return MarkupTable(
            columns: [
                .init("attempt"), .init("block loss"), .init("KL, nats"), .init("held out"),
                .init("time", .numbers), .init("settings", .sentences), .init("end", .sentences),
            ], rows: rows
        ).markup
    }

    // MARK: - Held-out images

    /// Both measures of the models through each unit on held-out images.
    private var heldOutCharts: Markup {
        guard let baseline = run.heldOut, units.count > 1 else { return "" }
        let own = units.map { $0.attempt?.report?.heldOut }
        func chart(_ name: String, scale: AxisScale, _ value: (Evaluation) -> Double?) -> Markup {
            func points(_ evaluations: [Evaluation?]) -> [ChartPoint] {
                evaluations.enumerated().map {
                    ChartPoint(x: Double($0.offset + 1), y: $0.element.flatMap(value) ?? .nan)
                }
            }
            var lines: [LineDrawing.Line] = []
            if let rounded = baseline.roundedToNearest {
                lines.append(
                    LineDrawing.Line(
                        name: "to nearest", color: "other", points: points(rounded), isSecondary: true))
            }
            let calibrated = baseline.roundedToNearest == nil ? "calibrated, to nearest" : "calibrated"
            lines.append(
                LineDrawing.Line(
                    name: calibrated, color: "c1", points: points(baseline.calibrated), hasDots: true))
            lines.append(LineDrawing.Line(name: "this run", color: "c0", points: points(own), hasDots: true))
            let values = lines.flatMap { $0.points.map(\.y) }
            guard values.contains(where: \.isFinite) else { return "" }
            let frame = ChartFrame(
                x: Axis(1...Double(units.count)), y: Axis(fitting: values, scale: scale),
                xTitle: "units quantized",
                yTitle: name)
            var drawing = LineDrawing(
                title: "\(name) on held-out images, unit by unit", lines: lines, frame: frame)
            if scale == .linear, let full = value(baseline.fullPrecision) {
                drawing.reference = (full, "full precision")
            }
            return drawing.markup
        }
        let charts = [
            chart("KL, nats", scale: .log) { $0.kl }, chart("top-1, %", scale: .linear) { $0.top1 },
        ]
        return """
            <h3>On held-out images</h3>
            \(note("The units so far quantized, the rest in full precision, on \(baseline.imagesText)."))\
            <div class="charts">\(charts)</div>

            """
    }
}
