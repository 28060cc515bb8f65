internal import Glibc

/// How an axis maps values to positions.
package enum AxisScale: String, CaseIterable, Hashable, Sendable {
    /// Equal differences take equal space.
    case linear
    /// Equal ratios take equal space; only positive values have a position.
    case log
}

/// An axis: a range of values and how it is divided.
package struct Axis: Hashable, Sendable {
    /// A labelled position.
    package struct Tick: Hashable, Sendable {
        /// The value marked.
        package let value: Double
        /// Its text, in the notation of the whole axis: written out, with k, M or G, or with an exponent.
        package let label: String
    }

    /// The lowest and highest value.
    package let range: ClosedRange<Double>
    /// How values are mapped.
    package let scale: AxisScale
    private let lower: Double
    private let upper: Double

    /// Values beyond this would overflow in differences.
    private static let limit = 1e300

    /// Makes an axis.
    ///
    /// A range without extent is widened. A logarithmic axis whose range is not positive becomes linear.
    package init(_ range: ClosedRange<Double>, scale: AxisScale = .linear) {
        var low = max(-Self.limit, min(Self.limit, range.lowerBound))
        var high = max(low, min(Self.limit, range.upperBound))
        self.scale = scale == .log && low > 1e-290 ? .log : .linear
        if !((high - low) > high.magnitude * 1e-12) {
            let pad = self.scale == .log ? 0 : max(0.5, high.magnitude * 0.1)
            low = self.scale == .log ? low / 2 : low - pad
            high = self.scale == .log ? high * 2 : high + pad
        }
        self.range = low...high
        lower = self.scale == .log ? log10(low) : low
        upper = self.scale == .log ? log10(high) : high
    }

    /// Makes the axis that shows all values, with bounds moved outwards to round numbers.
    ///
    /// Values that are not finite are left out. With a logarithmic scale, a value that is not positive makes
    /// the axis linear; see ``scale``.
    package init(fitting values: some Sequence<Double>, scale: AxisScale = .linear) {
        var low = Double.infinity
        var high = -Double.infinity
        for value in values where value.isFinite {
            low = min(low, value)
            high = max(high, value)
        }
        guard low <= high else {
            self.init(scale == .log ? 0.1...1 : 0...1, scale: scale)
            return
        }
        let base = Axis(low...high, scale: scale)
        if base.spansDecade {
            self.init(
                Self.roundedLog(
                    base.range.lowerBound, up: false)...Self.roundedLog(base.range.upperBound, up: true),
                scale: .log)
            return
        }
        let step = Self.step(base.range.upperBound - base.range.lowerBound, count: 5)
        let bottom = (base.range.lowerBound / step).rounded(.down) * step
        let top = (base.range.upperBound / step).rounded(.up) * step
        // Less than a decade is rounded as a linear axis is, but must stay positive.
        let isShort = base.scale == .log
        self.init(
            (isShort && bottom <= 0 ? low : min(bottom, low))...max(top, high), scale: base.scale)
    }

    /// Where a value lies: 0 at the lower bound, 1 at the upper; beyond these outside.
    ///
    /// Nil for gaps.
    package func position(_ value: Double) -> Double? {
        guard value.isFinite else { return nil }
        if scale == .linear { return (max(-Self.limit, min(Self.limit, value)) - lower) / (upper - lower) }
        guard value > 0 else { return nil }
        return (log10(value) - lower) / (upper - lower)
    }

    /// The value at a position of 0 to 1; positions outside are clamped.
    package func value(at position: Double) -> Double {
        let fraction = position.isFinite ? min(1, max(0, position)) : 0
        let place = lower + fraction * (upper - lower)
        return scale == .linear ? place : min(range.upperBound, max(range.lowerBound, pow(10, place)))
    }

    /// At most about `count` labelled positions inside the range, rising.
    package func ticks(count: Int) -> [Tick] {
        guard count > 0 else { return [] }
        let values = spansDecade ? logTicks(count) : linearTicks(count)
        let labels = NumberText.labels(values, spansDecades: spansDecade)
        return zip(values, labels).map { Tick(value: $0, label: $1) }
    }

    /// Whether the axis is logarithmic and so long that its ticks are powers of ten; a shorter one has equal steps.
    private var spansDecade: Bool { scale == .log && upper - lower >= Self.leastDecades }

    /// How many decades a logarithmic axis needs for ticks at 1, 2 and 5.
    private static let leastDecades = 1.0

    private func linearTicks(_ count: Int) -> [Double] {
        let (low, high) = (range.lowerBound, range.upperBound)
        let step = Self.step(high - low, count: count)
        guard step > 0, step.isFinite else { return [low] }
        let first = (low / step - 1e-9).rounded(.up)
        let last = (high / step + 1e-9).rounded(.down)
        guard last >= first, last - first < 1000 else { return [low] }
        return stride(from: first, through: last, by: 1).map { $0 == 0 ? 0 : $0 * step }
    }

    private func logTicks(_ count: Int) -> [Double] {
        let first = Int(lower.rounded(.down))
        let last = Int(upper.rounded(.up))
        func inside(_ mantissas: [Double], every: Int = 1) -> [Double] {
            let exponents = (first...last).filter { $0 % every == 0 }
            let values: [Double] = exponents.flatMap { exponent in mantissas.map { $0 * powerOfTen(exponent) }
            }
            let (low, high) = (range.lowerBound * (1 - 1e-9), range.upperBound * (1 + 1e-9))
            return values.filter { $0 >= low && $0 <= high }
        }
        // A range of little more than a decade may hold one power of ten.
        let (fine, coarse) = (inside([1, 2, 5]), inside([1]))
        let isFine = fine.count <= count + 2 || coarse.count < 2
        let ticks = isFine ? fine : inside([1], every: max(1, (coarse.count + count - 1) / count))
        return ticks.isEmpty ? [range.lowerBound] : ticks
    }

    /// The step of 1, 2 or 5 times a power of ten that divides `extent` into at most about `count` parts.
    private static func step(_ extent: Double, count: Int) -> Double {
        guard extent > 1e-290, extent.isFinite else { return 1 }
        let raw = extent / Double(max(1, count))
        guard raw > 1e-290 else { return extent }
        let power = powerOfTen(Int(log10(raw).rounded(.down)))
        for factor in [1.0, 2, 5, 10] where factor * power >= raw * (1 - 1e-9) { return factor * power }
        return 10 * power
    }

    private static func roundedLog(_ value: Double, up: Bool) -> Double {
        let power = powerOfTen(Int(log10(value).rounded(.down)))
        guard power > 1e-290, power < 1e299 else { return value }
        let steps = [1.0, 2, 5, 10].map { $0 * power }
        return up
            ? steps.first { $0 >= value * (1 - 1e-9) } ?? value
            : steps.last { $0 <= value * (1 + 1e-9) } ?? value
    }
}
