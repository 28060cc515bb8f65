internal import RunText
internal import Runs

/// A mean over images with its 95 % interval.
private struct ImageMean {
    let mean: Double
    let halfWidth: Double

    /// The mean of one value per image; nil with fewer than two.
    init?(_ values: [Double]) {
        guard let whole = PairedDifference([values], [values.map { _ in 0 }]) else { return nil }
        (mean, halfWidth) = (whole.mean, whole.halfWidth)
    }

    /// The share of images, in percent.
    init?(_ answers: [Bool]) { self.init(answers.map { $0 ? 100 : 0 }) }
}

extension ReportPage {
    private var predictions: Predictions? { run.predictions }

    /// What was lost, in four numbers, a table and a sentence.
    var result: Markup {
        let stages = [
            ("full precision", run.evaluation(.fullPrecision)), ("calibrated", run.evaluation(.calibrated)),
            ("final", run.evaluation(.final)),
        ]
        guard let final = stages[2].1 ?? stages[1].1 else {
            let before = run.evaluation(.fullPrecision)?.top1.map {
                " Full precision: top-1 \(percent($0)) %."
            }
            let sentence = run.isSweep ? "This is a sweep." : "The run has evaluated no quantized model."
            return paragraph(sentence + (before ?? ""))
        }
        let tiles = [accuracyTile(final), agreementTile(final), klTile(final), sizeTile].compactMap(\.self)
        return
            "<div class=\"tiles\">\(tiles)</div>\n\(conclusion)\(table(stages))\(intervalNote)\(noiseFloorNote)"
    }

    /// A number with its unit, its interval, and what it is compared with.
    private func tile(_ label: String, _ value: String, _ unit: String, _ details: [String]) -> Markup {
        let lines = details.filter { !$0.isEmpty }.map { detail -> Markup in
            "<div class=\"detail\">\(detail)</div>"
        }
        return """
            <div class="tile"><div class="label">\(label)</div><div class="value">\(value) <small>\(unit)</small></div>\
            \(lines)</div>

            """
    }

    private func percent(_ value: Double) -> String { QuantityText.fixed(value, decimals: 2) }

    private func accuracyTile(_ final: Evaluation) -> Markup? {
        guard let top1 = final.top1 else { return nil }
        let interval =
            predictions?.right.flatMap { ImageMean($0) }.map { "± \(percent($0.halfWidth)) points" } ?? ""
        let before = run.evaluation(.fullPrecision)?.top1.map { "full precision \(percent($0)) %" } ?? ""
        return tile("Top-1", percent(top1), "%", [interval, before, change(final) ?? ""])
    }

    /// The change of the top-1 accuracy, with its interval where images can be paired.
    private func change(_ final: Evaluation) -> String? {
        if let difference = predictions?.accuracyChange {
            return "change \(signed(difference.mean)) ± \(percent(difference.halfWidth)) points"
        }
        guard let before = run.evaluation(.fullPrecision)?.top1, let after = final.top1 else { return nil }
        return "change \(signed(after - before)) points"
    }

    private func signed(_ value: Double) -> String {
        let text = percent(abs(value))
        return text == "0.00" ? text : QuantityText.signed(value, text)
    }

    private func agreementTile(_ final: Evaluation) -> Markup {
        let interval =
            predictions.flatMap { ImageMean($0.agreeing) }.map { "± \(percent($0.halfWidth)) points" } ?? ""
        return tile(
            "Agreement", percent(final.agreement), "%",
            [interval, "with full precision", "on \(QuantityText.count(final.images)) images"])
    }

    private func klTile(_ final: Evaluation) -> Markup {
        let mean = predictions?.kl.flatMap { ImageMean($0.map(Double.init)) }
        let texts = QuantityText.measures([final.kl, mean?.halfWidth ?? 0])
        let calibrated = run.evaluation(.calibrated).map { before -> String in
            let change = QuantityText.change(from: before.kl, to: final.kl).map { ", \($0)" } ?? ""
            return "calibrated \(QuantityText.measure(before.kl))\(change)"
        }
        return tile(
            "KL from full precision", texts[0], "nats",
            [mean == nil ? "" : "± \(texts[1]) nats", calibrated ?? "", noiseFloorDetail])
    }

    /// The noise floor beside KL, or how it is measured.
    private var noiseFloorDetail: String {
        guard let floor = run.noiseFloor else {
            return "noise floor not measured: mgrq evaluate RUN --noise-floor"
        }
        return "noise floor \(QuantityText.scientific(floor.kl))"
    }

    /// What the noise floor says.
    private var noiseFloorNote: Markup {
        guard let floor = run.noiseFloor else { return "" }
        return note(
            "Noise of 10⁻⁷ on the pixels, about their last bit, moves the logits by \(QuantityText.noiseFloor(floor)): "
                + "differences below that mean nothing, and no other program can agree better.")
    }

    private var sizeTile: Markup? {
        guard let report = run.report, report.bytes > 0 else { return nil }
        let parts = QuantityText.bytes(report.bytes).split(separator: " ").map(String.init)
        let smaller = Double(report.fullPrecisionBytes) / Double(report.bytes)
        return tile(
            "Size", parts.first ?? "", parts.last ?? "",
            [
                "full precision \(QuantityText.bytes(report.fullPrecisionBytes))",
                "\(QuantityText.fixed(smaller, decimals: 1)) times smaller",
            ])
    }

    /// What the interval of the change says.
    private var conclusion: Markup {
        guard let difference = predictions?.accuracyChange else { return "" }
        let sentence =
            switch difference.verdict {
            case .undecided:
                "These images do not show that accuracy has changed: the 95 % interval of the change contains 0."
            case .worse: "Accuracy was lost: the whole 95 % interval of the change is below 0."
            case .better: "Accuracy has risen: the whole 95 % interval of the change is above 0."
            }
        return paragraph(sentence)
    }

    private var intervalNote: Markup {
        guard predictions != nil else { return "" }
        return note(
            "Intervals are those of 95 % over images. The change of top-1 is paired: both models saw the same images."
        )
    }

    private func table(_ stages: [(String, Evaluation?)]) -> Markup {
        func cells(_ name: String, _ value: (Evaluation) -> String?) -> [Markup] {
            ["\(name)"] + stages.map { "\($0.1.flatMap(value) ?? "–")" }
        }
        let divergences = QuantityText.measures(stages.map { $0.1?.kl ?? .nan })
        var rows = [
            cells("top-1") { $0.top1.map { "\(percent($0)) %" } },
            cells("top-5") { $0.top5.map { "\(percent($0)) %" } },
            cells("agreement") { "\(percent($0.agreement)) %" },
            ["KL, nats"] + divergences.map { "\($0)" },
            cells("SQNR of the logits") { $0.sqnrDb.map { "\(QuantityText.fixed($0, decimals: 1)) dB" } },
            cells("images") { QuantityText.count($0.images) },
        ]
        if stages.allSatisfy({ $0.1?.top1 == nil }) { rows.removeFirst(2) }
        let table = MarkupTable(
            columns: [.init("")] + stages.map { .init($0.0, .numbers) }, rows: rows)
        return "<div class=\"result\">\(table.markup)</div>"
    }

    /// The times of an image in exported files, or how they are measured.
    private var latencies: [(String, String)] {
        let measured = (run.measurements?.verifications ?? []).compactMap { verification in
            verification.report.latency.map { latency in
                let runtime = verification.report.runtime.map { " in \($0.name) \($0.version)" } ?? ""
                let processor = verification.report.runtime.map { ", \($0.processor)" } ?? ""
                return (
                    "latency",
                    "\(VerificationText.sentence(latency)): \(lastPart(of: verification.report.file))\(runtime)\(processor)"
                )
            }
        }
        return measured.isEmpty ? [("latency", "not measured: \(Self.verifying)")] : measured
    }

    /// The command that verifies an exported file and times it.
    static let verifying = "mgrq export RUN --format onnx --output FILE.onnx --verify"

    /// What the model takes, and what the run took.
    var size: Markup {
        var facts: [(String, String)] = []
        if let report = run.report {
            facts.append(("full precision", QuantityText.bytes(report.fullPrecisionBytes)))
            if report.bytes > 0 {
                facts.append(
                    (
                        "quantized",
                        "\(QuantityText.bytes(report.bytes)): integers, scales, what stays in full precision"
                    ))
                let parameters = run.summary.map { $0.units.reduce(0) { $0 + $1.parameters } } ?? 0
                if parameters > 0 {
                    let bits = Double(report.bytes) * 8 / Double(parameters)
                    facts.append(
                        (
                            "a parameter",
                            "\(QuantityText.fixed(bits, decimals: 2)) bits on average of \(QuantityText.count(parameters))"
                        ))
                }
            }
            facts += latencies
            facts.append(("run", QuantityText.duration(report.seconds)))
        } else {
            facts.append(("run so far", QuantityText.duration(run.seconds)))
        }
        let learning = run.attempts.joined().reduce(0) { $0 + ($1.report?.seconds ?? 0) }
        facts.append(("units", "\(QuantityText.duration(learning)), all attempts"))
        if let threads = run.summary?.threads { facts.append(("threads", "\(threads)")) }
        let items = facts.map { name, value -> Markup in "<dt>\(name)</dt><dd>\(value)</dd>" }
        return "<dl>\(items)</dl>\n"
    }
}
