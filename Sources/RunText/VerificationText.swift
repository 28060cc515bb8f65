package import Runs

/// The comparison of an exported file as text.
package enum VerificationText: Sendable {
    /// The first comparison that fails, as a sentence; nil if the file is what it was compared with.
    package static func failure(_ report: VerificationReport) -> String? {
        guard let check = report.failure else { return nil }
        let place = check.place.map { " at \($0)" } ?? ""
        let reason =
            check.detail
            ?? "\(number(check.measured)) was found, at most \(number(check.bound)) is accepted"
        return "\(report.file) is not \(report.reference): \(check.name)\(place): \(reason)"
    }

    /// Everything that was found, line by line.
    package static func lines(_ report: VerificationReport) -> [String] {
        facts(report).map { "\(padded($0.name, 16))\($0.text)" } + [""] + table(report.checks)
            + report.omitted.map { "not checked: \($0.name): \($0.reason)" }
    }

    /// What was compared, by what, and what was measured besides, each under its name.
    package static func facts(_ report: VerificationReport) -> [(name: String, text: String)] {
        let ratio = Double(report.fullPrecisionBitOperations) / Double(max(1, report.bitOperations))
        var facts = [
            (
                "file",
                "\(report.file), \(QuantityText.bytes(report.bytes)), "
                    + "\(QuantityText.fixed(report.bitsPerParameter, decimals: 2)) bits a parameter"
            )
        ]
        if let bytes = report.fullPrecisionBytes {
            facts.append(("full precision", "the same graph has \(QuantityText.bytes(bytes))"))
        }
        facts.append(
            (
                "bit operations",
                "\(QuantityText.scientific(Double(report.bitOperations), decimals: 2)) an image, "
                    + "\(QuantityText.fixed(ratio, decimals: 1)) times fewer than at 16 bits"
            ))
        if let runtime = report.runtime {
            let products = runtime.integerProducts.map { ", \($0) integer products" } ?? ""
            facts.append(
                ("runtime", "\(runtime.name) \(runtime.version), Python \(runtime.python)\(products)"))
            if !runtime.settings.isEmpty {
                facts.append(("settings", runtime.settings.joined(separator: ", ")))
            }
            facts.append(("processor", "\(runtime.processor), \(runtime.hasVnni ? "with" : "without") VNNI"))
            facts.append(("images", "\(report.images), the codes of \(report.tracedImages)"))
        }
        if let floor = report.floor {
            facts.append(("noise floor", QuantityText.noiseFloor(floor)))
        }
        if let latency = report.latency { facts.append(("latency", sentence(latency))) }
        return facts
    }

    /// The time of an image in full precision and quantized.
    package static func sentence(_ latency: VerificationReport.Latency) -> String {
        let clock = latency.isProcessorTime ? "processor time" : "time"
        return "\(QuantityText.fixed(latency.fullPrecisionMilliseconds, decimals: 2)) → "
            + "\(QuantityText.fixed(latency.milliseconds, decimals: 2)) ms, "
            + "\(QuantityText.factor(latency.speedup)) as fast: \(clock) of an image on \(latency.threads) "
            + "\(latency.threads == 1 ? "thread" : "threads"), median of \(latency.pairs) pairs"
    }

    /// A comparison as cells: what, how many values, found, accepted, whether it holds, where it is worst.
    package static func cells(_ check: VerificationReport.Check) -> [String] {
        [
            check.name, check.compared.map { QuantityText.count($0) } ?? "–",
            check.measured.isFinite ? number(check.measured) : "–",
            number(check.bound), check.holds ? "ok" : "fails",
            check.place ?? (check.detail == nil ? "–" : ""),
        ]
    }

    /// The comparisons, one a line.
    private static func table(_ checks: [VerificationReport.Check]) -> [String] {
        let header = ["check", "compared", "found", "accepted", "", "worst at"]
        let rows = checks.map(cells)
        let widths = header.indices.map { column in
            ([header] + rows).map { $0[column].count }.max() ?? 0
        }
        return ([header] + rows).map { row in
            let cells = row.enumerated().map { column, cell in
                (1...3).contains(column)
                    ? String(repeating: " ", count: widths[column] - cell.count) + cell
                    : padded(cell, widths[column])
            }
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        } + checks.compactMap { check in check.detail.map { "\(check.name): \($0)" } }
    }

    /// A count as it is, another measure with three digits.
    private static func number(_ value: Double) -> String {
        Int(exactly: value).map { QuantityText.count($0) } ?? QuantityText.measure(value)
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
