internal import ChartScale
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
    func smoothed(_ points: [ChartPoint]) -> [ChartPoint] {
        let past = Self.smoothings[smoothing]
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
