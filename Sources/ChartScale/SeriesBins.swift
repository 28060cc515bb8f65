/// A long series in constant memory: the lowest, mean and highest value of equal parts of its range.
///
/// When a value arrives beyond the range, neighbouring parts are merged and the range doubles. A part that
/// got a value that is not finite is a gap until finite ones arrive.
package struct SeriesBins: Hashable, Sendable {
    /// One part of the range.
    package struct Bin: Hashable, Sendable {
        /// How many finite values it got.
        package fileprivate(set) var count = 0
        /// The lowest of them.
        package fileprivate(set) var low = Double.infinity
        /// The highest of them.
        package fileprivate(set) var high = -Double.infinity
        /// Their mean; not a number without any.
        package fileprivate(set) var mean = Double.nan
        /// Whether a value was not finite.
        package fileprivate(set) var hasGap = false

        fileprivate mutating func add(_ value: Double) {
            guard value.isFinite else {
                hasGap = true
                return
            }
            count += 1
            low = min(low, value)
            high = max(high, value)
            mean = count == 1 ? value : mean + (value - mean) / Double(count)
        }

        fileprivate func merged(with other: Bin) -> Bin {
            guard count > 0, other.count > 0 else {
                var filled = count > 0 ? self : other
                filled.hasGap = hasGap || other.hasGap
                return filled
            }
            var result = Bin()
            result.count = count + other.count
            result.low = min(low, other.low)
            result.high = max(high, other.high)
            let weight = Double(other.count) / Double(result.count)
            result.mean = mean * (1 - weight) + other.mean * weight
            result.hasGap = hasGap || other.hasGap
            return result
        }
    }

    /// The parts, in order.
    package private(set) var bins: [Bin]
    /// The first value of x that belongs to the range.
    package let lowerBound: Double
    /// The extent of one part on x.
    package private(set) var binWidth: Double
    /// The value added last, finite or not; nil before the first.
    package private(set) var latest: ChartPoint?

    /// Makes an empty series.
    ///
    /// - Parameters:
    ///   - range: The values of x expected.
    ///   - capacity: The number of parts, made even; twice the columns of a panel is enough.
    package init(range: ClosedRange<Double>, capacity: Int = 512) {
        let count = max(2, capacity + capacity % 2)
        bins = Array(repeating: Bin(), count: count)
        lowerBound = range.lowerBound
        let extent = range.upperBound - range.lowerBound
        binWidth = (extent > 1e-200 && extent.isFinite ? extent : 1) / Double(count)
    }

    /// The first value of x beyond the range.
    package var upperBound: Double { lowerBound + binWidth * Double(bins.count) }

    /// Adds a value; one whose x is not finite or lies before the range is left out.
    package mutating func add(x: Double, y: Double) {
        guard x.isFinite, x >= lowerBound, x - lowerBound < 1e300 else { return }
        latest = ChartPoint(x: x, y: y)
        // The upper bound itself belongs to the last part.
        while x > upperBound { halve() }
        bins[min(bins.count - 1, Int((x - lowerBound) / binWidth))].add(y)
    }

    /// The part with values whose middle is nearest to a place; nil before the first value.
    package func bin(nearest x: Double) -> (x: Double, bin: Bin)? {
        occupied.filter { $0.bin.count > 0 }.min { abs($0.x - x) < abs($1.x - x) }
    }

    /// The means at the middle of each part that has values; a part with gaps only gives a gap.
    package var points: [ChartPoint] {
        occupied.map { ChartPoint(x: $0.x, y: $0.bin.mean) }
    }

    /// The lowest and highest values of each part that has any.
    package var band: [BandPoint] {
        occupied.filter { $0.bin.count > 0 }.map { BandPoint(x: $0.x, low: $0.bin.low, high: $0.bin.high) }
    }

    private var occupied: [(x: Double, bin: Bin)] {
        bins.enumerated().compactMap { index, bin in
            guard bin.count > 0 || bin.hasGap else { return nil }
            return (lowerBound + (Double(index) + 0.5) * binWidth, bin)
        }
    }

    private mutating func halve() {
        let half = bins.count / 2
        for index in 0..<half { bins[index] = bins[2 * index].merged(with: bins[2 * index + 1]) }
        for index in half..<bins.count { bins[index] = Bin() }
        binWidth *= 2
    }
}
