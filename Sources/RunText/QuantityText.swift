package import Runs
internal import ChartScale

/// Numbers as short text, the same in every locale.
package enum QuantityText: Sendable {
    /// A number with a fixed count of decimals, such as `91.20`; `–` where it is not finite.
    package static func fixed(_ value: Double, decimals: Int) -> String {
        value.isFinite ? withMinus(NumberText.fixed(value, decimals: decimals)) : "–"
    }

    /// A number with one decimal and a power of ten, such as `3.1e-4`; `–` where it is not finite.
    package static func scientific(_ value: Double, decimals: Int = 1) -> String {
        guard value.isFinite else { return "–" }
        guard value != 0 else { return "0" }
        var exponent = 0
        var mantissa = abs(value)
        while mantissa >= 10 {
            mantissa /= 10
            exponent += 1
        }
        while mantissa < 1 {
            mantissa *= 10
            exponent -= 1
        }
        var text = fixed(mantissa, decimals: decimals)
        if text.hasPrefix("10") {
            exponent += 1
            text = fixed(1, decimals: decimals)
        }
        return "\(value < 0 ? "−" : "")\(text)e\(exponent)"
    }

    /// The size of a number, as text, after its sign: `+0.25`, `−0.25`.
    package static func signed(_ value: Double, _ size: String) -> String {
        (value < 0 ? "−" : "+") + size
    }

    /// A number with a minus sign in the place of a hyphen before it.
    private static func withMinus(_ text: String) -> String {
        text.hasPrefix("-") ? "−" + text.dropFirst() : text
    }

    /// A fraction without its zero: `.6`, `.98`.
    package static func decimals(_ fraction: Double) -> String {
        let text = fixed(fraction, decimals: 2)
        let short = text.hasSuffix("0") ? String(text.dropLast()) : text
        return short.hasPrefix("0.") ? String(short.dropFirst()) : short
    }

    /// A measure such as a loss, with three significant digits: from 0.1 to 10⁴ written out, else with a power of ten.
    ///
    /// The same value reads the same in the log, in a column and beside a curve.
    package static func measure(_ value: Double) -> String { measures([value])[0] }

    /// Measures that are compared: as ``measure(_:)``, but all in one notation.
    package static func measures(_ values: [Double]) -> [String] {
        let texts = NumberText.comparable(values)
        return zip(values, texts).map { $0.isFinite ? withMinus($1) : "–" }
    }

    /// A measure before and after, and by how much it has changed: `1.06e-2 → 9.40e-3 (−11 %)`.
    package static func pair(_ before: Double, _ after: Double, unit: String = "") -> String {
        let texts = measures([before, after])
        let change = change(from: before, to: after).map { " (\($0))" } ?? ""
        return "\(texts[0]) → \(texts[1])\(unit.isEmpty ? "" : " \(unit)")\(change)"
    }

    /// How far a positive value is from another one: `−11 %`, `+0.4 %`, `×12`; nil if there is no such share.
    package static func change(from before: Double, to after: Double) -> String? {
        guard before > 0, before.isFinite, after >= 0, after.isFinite else { return nil }
        return change(after / before)
    }

    /// A ratio as a change: `−11 %` for 0.89; from 10 on `×12`.
    package static func change(_ ratio: Double) -> String {
        guard ratio.isFinite else { return "–" }
        guard ratio < 9.95 else { return factor(ratio) }
        let percent = (ratio - 1) * 100
        let text = fixed(percent.magnitude, decimals: percent.magnitude < 0.95 ? 1 : 0)
        return text == "0.0" ? "0 %" : signed(percent, "\(text) %")
    }

    /// A share from 0 to 1: `25 %`.
    package static func share(_ share: Double) -> String { fixed(100 * share, decimals: 0) + " %" }

    /// A ratio as a factor: `×0.89`, `×1.9`, `×12`.
    package static func factor(_ ratio: Double) -> String {
        guard ratio.isFinite else { return "–" }
        if ratio >= 9999.5 { return "×" + scientific(ratio) }
        return "×" + fixed(ratio, decimals: ratio < 1.995 ? 2 : ratio < 9.95 ? 1 : 0)
    }

    /// A size in bytes, with the unit: `812 B`, `98.2 kB`, `4.31 MB`, `1.20 GB`.
    package static func bytes(_ count: Int) -> String {
        switch count {
        case ..<1000: "\(count) B"
        case ..<1_000_000: fixed(Double(count) / 1e3, decimals: 1) + " kB"
        case ..<1_000_000_000: fixed(Double(count) / 1e6, decimals: 2) + " MB"
        default: fixed(Double(count) / 1e9, decimals: 2) + " GB"
        }
    }

    /// A size that was estimated, in two significant digits: `98 kB`, `310 MB`, `2.2 GB`.
    package static func roughBytes(_ count: Int) -> String {
        var (value, unit) = (twoSignificantDigits(Double(max(count, 0))), "B")
        for larger in ["kB", "MB", "GB", "TB"] where value >= 1000 {
            (value, unit) = (value / 1000, larger)
        }
        return "\(fixed(value, decimals: value < 10 && unit != "B" ? 1 : 0)) \(unit)"
    }

    /// A span of time that was estimated: `0.4 s`, `59 s`, `4 min 10 s`, `28 min`, `2 h 05 min`.
    package static func roughDuration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "–" }
        if seconds < 9.95 { return fixed(max(seconds, 0), decimals: 1) + " s" }
        if seconds < 99.5 { return fixed(seconds, decimals: 0) + " s" }
        if seconds < 600 {
            let tens = Int((seconds / 10).rounded())
            return "\(tens / 6) min \(twoDigits(tens % 6 * 10)) s"
        }
        let minutes = Int((seconds / 60).rounded())
        return minutes < 60 ? "\(minutes) min" : "\(minutes / 60) h \(twoDigits(minutes % 60)) min"
    }

    private static func twoSignificantDigits(_ value: Double) -> Double {
        var scale = 1.0
        while value / scale >= 100 {
            scale *= 10
        }
        return (value / scale).rounded() * scale
    }

    /// A count with spaces between thousands: `1 234 567`.
    package static func count(_ value: Int) -> String {
        let digits = Array(String(value.magnitude))
        var text = value < 0 ? "−" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 {
                text += " "
            }
            text.append(digit)
        }
        return text
    }

    /// The result of reading an exported file back.
    package static func verification(_ result: ExportVerification) -> String {
        guard result.codes > 0 || result.images > 0 else {
            return "verified: it reads back as it was written"
        }
        guard result.images > 0 else {
            return "read back: the same bytes, \(count(result.codes)) integers"
        }
        return
            "verified: read back, \(count(result.codes)) integers and the logits of \(count(result.images)) "
            + "images are the same"
    }

    /// The same, and how to compare what an ONNX file computes, or the second file of one for PyTorch.
    ///
    /// - Parameters:
    ///   - result: What was compared.
    ///   - format: The file's format.
    ///   - path: The file.
    ///   - run: The run directory; nil where nothing is to be said of it.
    /// - Returns: One sentence, or two parts of one.
    package static func verification(
        _ result: ExportVerification, of format: ExportFormat, at path: String, run: String?
    ) -> String {
        if format == .torch { return verification(result) + "; mgrq_torch.py beside it runs them" }
        guard format.isGraph, let run else { return verification(result) }
        return verification(result) + "; mgrq verify \(path) --against \(run) compares what it computes"
    }

    /// How far logits move with the least noise on the pixels.
    package static func noiseFloor(_ floor: NoiseFloor) -> String {
        "KL \(scientific(floor.kl)) nats, \(fixed(floor.changed, decimals: 2)) % other answers"
    }

    /// A time on the clock: `07:31`, from an hour on `1:07:31`; `–` where it is not finite.
    package static func clock(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "–" }
        let whole = Int(max(seconds, 0).rounded(.down))
        let (minutes, rest) = ((whole / 60) % 60, whole % 60)
        let tail = "\(twoDigits(minutes)):\(twoDigits(rest))"
        return whole >= 3600 ? "\(whole / 3600):\(tail)" : tail
    }

    /// A span of time with its unit: `0.42 s`, `12.3 s`, `4 min 05 s`.
    package static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite else { return "–" }
        let seconds = max(seconds, 0)
        if seconds < 10 {
            return fixed(seconds, decimals: 2) + " s"
        }
        if seconds < 99.95 {
            return fixed(seconds, decimals: 1) + " s"
        }
        guard seconds < 1e9 else { return "–" }
        let whole = Int(seconds.rounded())
        return whole < 3600
            ? "\(whole / 60) min \(twoDigits(whole % 60)) s"
            : "\(whole / 3600) h \(twoDigits((whole / 60) % 60)) min"
    }

    private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }
}
