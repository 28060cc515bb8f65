internal import ChartScale
internal import Glibc
internal import TerminalUI

extension ChartView {
    func stepRange(_ steps: Int) -> ClosedRange<Double> {
        let first = max(shown.lowerBound * Double(steps), isLogarithmicX ? 1 : 0)
        return first...max(first + 1, shown.upperBound * Double(steps))
    }

    var stepScale: AxisScale { isLogarithmicX ? .log : .linear }
    var lossScale: AxisScale { isLogarithmicY ? .log : .linear }

    func cursorStep(_ steps: Int) -> Double? { cursor.map { max(1, $0 * Double(steps)) } }

    /// The exponential mean of points, corrected for its start; gaps stay.
    ///
    /// The weight of the past is that of an attempt of 100 steps or more. A shorter one is smoothed over the same share of
    /// its steps; else its curve would lag behind its values.
    func smoothed(_ points: [ChartPoint], steps: Int) -> [ChartPoint] {
        let past = pow(Self.smoothings[smoothing], max(1, 100 / Double(max(1, steps))))
        guard past > 0 else { return points }
        var (mean, weight) = (0.0, 0.0)
        return points.map { point in
            guard point.y.isFinite else { return point }
            mean = past * mean + (1 - past) * point.y
            weight = past * weight + (1 - past)
            return ChartPoint(x: point.x, y: mean / weight)
        }
    }
}
