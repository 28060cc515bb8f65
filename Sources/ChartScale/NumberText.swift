internal import Glibc

/// Numbers as short texts.
package enum NumberText: Sendable {
    /// A number with `decimals` digits after the point: `79.1`.
    ///
    /// Numbers that are not finite become `nan`, `inf` and `-inf`; from 10¹⁵ on ``significant(_:digits:)``
    /// takes over.
    package static func fixed(_ value: Double, decimals: Int) -> String {
        guard let special = special(value) else {
            let places = min(9, max(0, decimals))
            let scale = powerOfTen(places)
            let scaled = (value.magnitude * scale).rounded()
            guard scaled < 1e15 else { return significant(value) }
            let sign = value < 0 && scaled > 0 ? "-" : ""
            return sign + pointed(Int(scaled), decimals: places)
        }
        return special
    }

    /// A number with so many significant digits: `0.0022`, `1240`, `3.1e-5`.
    ///
    /// Magnitudes of 10⁻³ to 10⁵ are written out, others with an exponent.
    package static func significant(_ value: Double, digits: Int = 3) -> String {
        if let special = special(value) { return special }
        guard let (mantissa, exponent) = decompose(value, digits: digits) else { return "0" }
        let sign = value < 0 ? "-" : ""
        let count = min(15, max(1, digits))
        guard exponent < -3 || exponent > 5 else {
            let decimals = count - 1 - exponent
            if decimals >= 0 { return sign + trimmed(pointed(mantissa, decimals: decimals)) }
            return sign + String(mantissa) + String(repeating: "0", count: -decimals)
        }
        return sign + trimmed(pointed(mantissa, decimals: count - 1)) + "e\(exponent)"
    }

    /// A number for an axis: `0`, `2500`, `10k`, `1.5M`, `0.05`, `1e-4`.
    package static func axis(_ value: Double) -> String {
        if let special = special(value) { return special }
        guard let (_, exponent) = decompose(value, digits: 3) else { return "0" }
        switch exponent {
        case 9...11: return significant(value / 1e9) + "G"
        case 6...8: return significant(value / 1e6) + "M"
        case 4...5: return significant(value / 1e3) + "k"
        case -2...3: return significant(value, digits: 4)
        default:
            guard let (mantissa, exponent) = decompose(value, digits: 3) else { return "0" }
            return (value < 0 ? "-" : "") + trimmed(pointed(mantissa, decimals: 2)) + "e\(exponent)"
        }
    }

    private static func special(_ value: Double) -> String? {
        if value.isNaN { return "nan" }
        return value.isInfinite ? (value < 0 ? "-inf" : "inf") : nil
    }

    /// The magnitude as an integer of `digits` digits and the exponent of its first; nil for 0.
    private static func decompose(_ value: Double, digits: Int) -> (mantissa: Int, exponent: Int)? {
        let magnitude = value.magnitude
        guard magnitude > 1e-290 else { return nil }
        let count = min(15, max(1, digits))
        var exponent = Int(log10(magnitude).rounded(.down))
        let limit = powerOfTen(count)
        func scaled() -> Double {
            (magnitude / powerOfTen(exponent) * powerOfTen(count - 1)).rounded()
        }
        if scaled() >= limit { exponent += 1 }
        if scaled() < limit / 10 { exponent -= 1 }
        return (Int(min(scaled(), limit - 1)), exponent)
    }

    /// `12345` with two decimals is `123.45`.
    private static func pointed(_ digits: Int, decimals: Int) -> String {
        guard decimals > 0 else { return String(digits) }
        let text = String(digits)
        let padded = String(repeating: "0", count: max(0, decimals + 1 - text.count)) + text
        return padded.dropLast(decimals) + "." + padded.suffix(decimals)
    }

    /// Without zeros at the end of the decimals.
    private static func trimmed(_ text: String) -> String {
        guard text.contains(".") else { return text }
        var kept = Substring(text)
        while kept.last == "0" { kept = kept.dropLast() }
        if kept.last == "." { kept = kept.dropLast() }
        return String(kept)
    }
}

/// A whole power of ten, correctly rounded.
func powerOfTen(_ exponent: Int) -> Double {
    Double("1e\(exponent)") ?? (exponent < 0 ? 0 : .infinity)
}
