internal import RunText
internal import Runs

/// Results as lines for people.
enum Results {
    /// The results of a run: every evaluation, the size, the run directory.
    static func lines(of report: RunReport, directory: String) -> [String] {
        let stages: [(String, Evaluation?)] = [
            ("full precision", report.fullPrecision), ("calibrated", report.calibrated),
            ("final", report.final),
        ]
        var lines = stages.compactMap { name, evaluation in
            evaluation.map { "\(pad(name, 16))\(sentence(of: $0))" }
        }
        if let floor = report.noiseFloor {
            lines.append("\(pad("noise floor", 16))\(QuantityText.noiseFloor(floor))")
        }
        if let heldOut = report.heldOut { lines.append("\(pad("held out", 16))\(heldOut.imagesText)") }
        let ratio = Double(report.fullPrecisionBytes) / Double(max(1, report.bytes))
        lines.append(
            "\(pad("size", 16))\(megabytes(report.fullPrecisionBytes)) → \(megabytes(report.bytes)), "
                + "\(QuantityText.fixed(ratio, decimals: 1)) times smaller")
        lines.append("\(pad("run directory", 16))\(directory)")
        return lines
    }

    /// The estimated time and memory of a run, rounded.
    static func lines(of estimate: RunEstimate) -> [String] {
        let units = estimate.unitSeconds.reduce(0, +)
        let stages = [
            ("time", estimate.seconds), ("  preparation", estimate.preparationSeconds), ("  units", units),
            ("  comparison", estimate.baselineSeconds), ("  evaluation", estimate.evaluationSeconds),
        ]
        let memory =
            [("memory", estimate.bytes)] + estimate.memory.map { ("  \($0.purpose)", $0.bytes) }
        return stages.map { "\(pad($0, 34))\(QuantityText.roughDuration($1))" }
            + memory.map { "\(pad($0, 34))\(QuantityText.roughBytes($1))" }
    }

    /// A sweep as a table, one line for each point.
    static func lines(of points: [SweepPoint]) -> [String] {
        let header = "bits      size        top-1   agreement  KL (nats)"
        return [header]
            + points.map { point in
                pad("W\(point.weightBits)A\(point.activationBits)", 10) + pad(megabytes(point.bytes), 12)
                    + pad(
                        point.evaluation.top1.map { "\(QuantityText.fixed($0, decimals: 2)) %" } ?? "–", 8 + 1
                    )
                    + pad("\(QuantityText.fixed(point.evaluation.agreement, decimals: 2)) %", 10)
                    + QuantityText.fixed(point.evaluation.kl, decimals: 5)
            }
    }

    /// A comparison as one or two tables in Markdown.
    static func lines(of comparison: Comparison) -> [String] {
        let second = table(of: comparison.differences)
        return table(of: comparison.rows) + (second.isEmpty ? [] : [""]) + second
    }

    /// The rows of a comparison as a table in Markdown.
    private static func table(of rows: [ComparisonRow]) -> [String] {
        let header = [
            "bits", "recipe", "seeds", "top-1 %", "lost points", "KL, nats", "KL, calibration", "agreement %",
            "size, MB", "time, s", "processor, s",
        ]
        func cells(_ cells: [String]) -> String { "| \(cells.joined(separator: " | ")) |" }
        func text(_ spread: Spread?, _ decimals: Int) -> String {
            guard let spread else { return "–" }
            let mean = QuantityText.fixed(spread.mean, decimals: decimals)
            return spread.deviation.map { "\(mean) ± \(QuantityText.fixed($0, decimals: decimals))" } ?? mean
        }
        return [cells(header), cells(header.map { _ in "---" })]
            + rows.map { row in
                let lost = row.top1.flatMap { top1 in row.fullPrecisionTop1.map { $0 - top1.mean } }
                return cells([
                    "W\(row.weightBits)A\(row.activationBits)", row.name, "\(row.seeds.count)",
                    text(row.top1, 2), lost.map { QuantityText.fixed($0, decimals: 2) } ?? "–",
                    text(row.kl, klDecimals(row.kl?.mean ?? 1))
                        + (row.noiseFloor.map { " (floor \(QuantityText.scientific($0.mean)))" } ?? ""),
                    text(row.calibrationKl, klDecimals(row.calibrationKl?.mean ?? 1)), text(row.agreement, 2),
                    QuantityText.fixed(Double(row.bytes) / 1e6, decimals: 2), text(row.seconds, 0),
                    text(row.processorSeconds, 0),
                ])
            }
    }

    /// The decimals of a divergence in nats: at 8 bits, four leave one digit or none.
    private static func klDecimals(_ nats: Double) -> Int { nats < 1e-3 ? 6 : 4 }

    /// Differences as a table in Markdown; nothing without any.
    private static func table(of differences: [ComparisonDifference]) -> [String] {
        guard !differences.isEmpty else { return [] }
        func text(
            _ difference: PairedDifference?, decimals: Int,
            _ verdict: (PairedDifference) -> PairedDifference.Verdict
        ) -> String {
            guard let difference else { return "–" }
            let sign = difference.mean > 0 ? "+" : ""
            let interval = QuantityText.fixed(difference.halfWidth, decimals: decimals)
            return
                "\(sign)\(QuantityText.fixed(difference.mean, decimals: decimals)) ± \(interval) \(verdict(difference).rawValue)"
        }
        func points(_ difference: PairedDifference?) -> String { text(difference, decimals: 2, \.verdict) }
        return [
            "| bits | recipe | against | top-1, points | agreement, points | KL, nats |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
            + differences.map { difference in
                let greatest = difference.kl.map { max(abs($0.mean), $0.halfWidth) } ?? 1
                let kl =
                    text(difference.kl, decimals: klDecimals(greatest), \.verdictOfLess)
                    + (difference.klIsBelowNoiseFloor == true ? ", below the noise floor" : "")
                return "| W\(difference.weightBits)A\(difference.activationBits) | \(difference.name) "
                    + "| \(difference.against) | \(points(difference.top1)) "
                    + "| \(points(difference.agreement)) | \(kl) |"
            }
    }

    /// An evaluation in a line.
    static func sentence(of evaluation: Evaluation) -> String {
        sentence(
            images: evaluation.images, top1: evaluation.top1, top5: evaluation.top5,
            agreement: evaluation.agreement, kl: evaluation.kl, sqnrDb: evaluation.sqnrDb)
    }

    /// An evaluation in a line, without unknown values.
    static func sentence(
        images: Int, top1: Double?, top5: Double?, agreement: Double?, kl: Double?, sqnrDb: Double?,
        noiseFloor: NoiseFloor? = nil
    ) -> String {
        var parts: [String] = []
        if let top1 { parts.append("top-1 \(QuantityText.fixed(top1, decimals: 2)) %") }
        if let top5 { parts.append("top-5 \(QuantityText.fixed(top5, decimals: 2)) %") }
        if let agreement { parts.append("agreement \(QuantityText.fixed(agreement, decimals: 2)) %") }
        if let kl { parts.append("KL \(QuantityText.fixed(kl, decimals: 5)) nats") }
        if let sqnrDb { parts.append("SQNR \(QuantityText.fixed(sqnrDb, decimals: 2)) dB") }
        if let noiseFloor { parts.append("noise floor \(QuantityText.noiseFloor(noiseFloor))") }
        parts.append("\(images) \(images == 1 ? "image" : "images")")
        return parts.joined(separator: ", ")
    }

    /// A number of bytes in MB of 10⁶ bytes.
    static func megabytes(_ bytes: Int) -> String {
        "\(QuantityText.fixed(Double(bytes) / 1e6, decimals: 3)) MB"
    }

    /// A text filled up with spaces, at least one.
    static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}
