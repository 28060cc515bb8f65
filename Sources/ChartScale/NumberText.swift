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

    /// Numbers with the same count of significant digits, all written out or all with an exponent: `9.40e-3`.
    ///
    /// They are written out if every magnitude is 0 or lies between 0.1 and 10⁴, so that numbers which are compared
    /// never differ in notation.
    package static func comparable(_ values: [Double], digits: Int = 3) -> [String] {
        let sizes = values.filter { $0.isFinite && $0 != 0 }.map(\.magnitude)
        let isPlain = sizes.allSatisfy { $0 >= 0.1 && $0 < 9999.5 }
        return values.map { value in
            if let special = special(value) { return special }
            guard let (mantissa, exponent) = decompose(value, digits: digits) else { return "0" }
            let sign = value < 0 ? "-" : ""
            guard isPlain else {
                return sign + pointed(mantissa, decimals: max(0, digits - 1)) + "e\(exponent)"
            }
            let decimals = digits - 1 - exponent
            return decimals >= 0
                ? sign + pointed(mantissa, decimals: decimals)
                : sign + String(mantissa) + String(repeating: "0", count: -decimals)
        }
    }

    /// The labels of an axis, all in one notation: `0.90 0.95 1.00`, `1e-4 1e-3 1e-2`, `0 5k 10k`.
    ///
    /// - Parameters:
    ///   - values: The marked values, rising.
    ///   - spansDecades: Whether neighbours differ by factors, so that each label has the digits that it needs;
    ///     otherwise all have the same decimals.
    /// - Returns: One label for each value.
    package static func labels(_ values: [Double], spansDecades: Bool) -> [String] {
        let sizes = values.filter { $0.isFinite && $0 != 0 }.map(\.magnitude)
        guard let most = sizes.max(), let least = sizes.min() else {
            return values.map { special($0) ?? "0" }
        }
        let gaps = zip(values, values.dropFirst()).map { $1 - $0 }.filter { $0.isFinite && $0 > 0 }
        let step = gaps.min() ?? least
        let isExponential = least < 1e-3 || most >= 1e12
        guard !spansDecades else {
            return values.map { value in
                if isExponential { return exponential(value) }
                let (scale, letter) = unit(of: value.magnitude)
                return special(value) ?? significant(value / scale) + letter
            }
        }
        var (scale, letter) = unit(of: most)
        if isExponential, let (_, exponent) = decompose(most, digits: 15) {
            (scale, letter) = (powerOfTen(exponent), "e\(exponent)")
        }
        let decimals = decimals(of: values.map { $0 / scale }, step: step / scale)
        return values.map { value in
            special(value) ?? (value == 0 ? "0" : fixed(value / scale, decimals: decimals) + letter)
        }
    }

    /// A factor and its letter.
    private static func unit(of magnitude: Double) -> (scale: Double, letter: String) {
        switch magnitude {
        case ..<1e4: (1, "")
        case ..<1e6: (1e3, "k")
        case ..<1e9: (1e6, "M")
        default: (1e9, "G")
        }
    }

    /// A number with its exponent and as few digits as it needs: `2e-4`.
    private static func exponential(_ value: Double) -> String {
        if let special = special(value) { return special }
        guard let (mantissa, exponent) = decompose(value, digits: 3) else { return "0" }
        return (value < 0 ? "-" : "") + trimmed(pointed(mantissa, decimals: 2)) + "e\(exponent)"
    }

    /// The fewest decimals that write values to a thousandth of their step.
    private static func decimals(of values: [Double], step: Double) -> Int {
        (0...9).first { decimals in
            let scale = powerOfTen(decimals)
            return values.allSatisfy { value in
                !value.isFinite || abs((value * scale).rounded() / scale - value) <= 1e-3 * step
            }
        } ?? 9
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
