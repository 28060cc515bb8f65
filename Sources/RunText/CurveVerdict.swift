package import ChartScale
internal import Glibc

/// Where a curve of losses, relative to the calibrated unit, has come to and how it goes on.
///
/// One rule for titles, lists and documents. The level is the mean over the last eighth of the points. The trend is that of
/// a straight line through the logarithms of the last quarter: it counts if it changes the loss by at least 1 % and by more
/// than twice its standard error.
package struct CurveVerdict: Equatable, Sendable {
    /// How a curve goes on.
    package enum Trend: Equatable, Sendable {
        /// There are too few points to tell.
        case begun
        /// It falls.
        case improving
        /// It neither falls nor rises.
        case flat
        /// It rises, in the first half of the steps, where learning rates are high.
        case rising
        /// It rises above the calibrated unit in the second half of the steps, or is no longer finite.
        case diverging
    }

    /// The loss divided by that of the calibrated unit.
    package let ratio: Double
    /// How it goes on.
    package let trend: Trend

    /// How many points a trend needs.
    static let leastPoints = 12

    /// Judges a curve; nil without a point.
    ///
    /// - Parameters:
    ///   - points: Ratios over the steps so far, not smoothed.
    ///   - progress: The share of the attempt's steps that is done.
    package init?(_ points: [ChartPoint], progress: Double) {
        guard let last = points.last else { return nil }
        let known = points.map(\.y).filter { $0.isFinite && $0 > 0 }
        let level = known.suffix(max(1, min(known.count, max(3, known.count / 8))))
        ratio = level.isEmpty ? .nan : level.reduce(0, +) / Double(level.count)
        guard last.y.isFinite else {
            trend = .diverging
            return
        }
        guard known.count >= Self.leastPoints else {
            trend = .begun
            return
        }
        let (change, error) = Self.slope(known.suffix(max(Self.leastPoints, known.count / 4)).map { log($0) })
        guard change.magnitude > max(2 * error, 0.01) else {
            trend = .flat
            return
        }
        trend = change < 0 ? .improving : progress >= 0.5 && ratio > 1 ? .diverging : .rising
    }

    /// The change from the first to the last of some values along the line of least squares, and its standard error.
    private static func slope(_ values: [Double]) -> (change: Double, error: Double) {
        let count = Double(values.count)
        let (middle, mean) = ((count - 1) / 2, values.reduce(0, +) / count)
        let spread = values.indices.reduce(0) { $0 + (Double($1) - middle) * (Double($1) - middle) }
        let slope =
            values.enumerated().reduce(0) { $0 + (Double($1.offset) - middle) * ($1.element - mean) } / spread
        let rest = values.enumerated().reduce(0) { sum, value in
            let distance = value.element - mean - slope * (Double(value.offset) - middle)
            return sum + distance * distance
        }
        return (slope * (count - 1), sqrt(rest / (count - 2) / spread) * (count - 1))
    }

    /// The trend in words.
    package var words: String {
        switch trend {
        case .begun: "just begun"
        case .improving: "still improving"
        case .flat: "flat"
        case .rising: "rising"
        case .diverging: "diverging"
        }
    }

    /// The verdict while an attempt learns: `−11 %, still improving`.
    package var text: String { "\(QuantityText.change(ratio)), \(words)" }
}

/// The exponential mean of points, corrected for its start; gaps stay.
///
/// A weight is that of an attempt of 100 steps or more. A shorter one is smoothed over the same share of its steps; else
/// its curve would lag behind its values.
///
/// - Parameters:
///   - points: A curve over steps.
///   - weight: The weight of the past, from 0 (not smoothed) to below 1.
///   - steps: The number of steps of the attempt.
/// - Returns: As many points.
package func smoothed(_ points: [ChartPoint], weight: Double, steps: Int) -> [ChartPoint] {
    let past = pow(weight, max(1, 100 / Double(max(1, steps))))
    guard past > 0 else { return points }
    var (mean, total) = (0.0, 0.0)
    return points.map { point in
        guard point.y.isFinite else { return point }
        mean = past * mean + (1 - past) * point.y
        total = past * total + (1 - past)
        return ChartPoint(x: point.x, y: mean / total)
    }
}
