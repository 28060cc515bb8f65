package import Runs
internal import ChartScale

/// Numbers as short text, the same in every locale.
package enum QuantityText: Sendable {
    /// A number with a fixed count of decimals, such as `91.20`; `–` where it is not finite.
    package static func fixed(_ value: Double, decimals: Int) -> String {
        value.isFinite ? NumberText.fixed(value, decimals: decimals) : "–"
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
        return "\(value < 0 ? "-" : "")\(text)e\(exponent)"
    }

    /// A fraction without its zero: `.6`, `.98`.
    package static func decimals(_ fraction: Double) -> String {
        let text = fixed(fraction, decimals: 2)
        let short = text.hasSuffix("0") ? String(text.dropLast()) : text
        return short.hasPrefix("0.") ? String(short.dropFirst()) : short
    }

    /// A measure such as a loss: plain if that is short, else with a power of ten.
    ///
    /// The same value reads the same in the log, in a column and beside a curve.
    package static func measure(_ value: Double) -> String {
        let size = abs(value)
        guard value.isFinite, size != 0 else { return value.isFinite ? "0" : "–" }
        switch size {
        case 0.01..<1: return fixed(value, decimals: 4)
        case 1..<100: return fixed(value, decimals: 2)
        case 100..<10_000: return fixed(value, decimals: 1)
        default: return scientific(value)
        }
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
        var text = value < 0 ? "-" : ""
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
        guard result.codes > 0 || result.images > 0 else { return "verified: it reads back as the same plan" }
        return
            "verified: read back, \(count(result.codes)) integers and the logits of \(count(result.images)) "
            + "images are the same"
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
