internal import ChartScale
internal import RunText

extension ChartView {
    func stepRange(_ steps: Int) -> ClosedRange<Double> {
        let first = max(shown.lowerBound * Double(steps), isLogarithmicX ? 1 : 0)
        return first...max(first + 1, shown.upperBound * Double(steps))
    }

    var stepScale: AxisScale { isLogarithmicX ? .log : .linear }
    var lossScale: AxisScale { isLogarithmicY ? .log : .linear }

    func cursorStep(_ steps: Int) -> Double? { cursor.map { max(1, $0 * Double(steps)) } }

    /// Points, smoothed as the view asks for.
    func smoothed(_ points: [ChartPoint], steps: Int) -> [ChartPoint] {
        RunText.smoothed(points, weight: Self.smoothings[smoothing], steps: steps)
    }
}
