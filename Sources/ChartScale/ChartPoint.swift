/// A point of a chart.
package struct ChartPoint: Hashable, Sendable {
    /// The value on the horizontal axis.
    package let x: Double
    /// The value on the vertical axis; one that is not finite is a gap.
    package let y: Double

    package init(x: Double, y: Double) {
        (self.x, self.y) = (x, y)
    }
}

/// The range of values at one place of a curve.
package struct BandPoint: Hashable, Sendable {
    /// The value on the horizontal axis.
    package let x: Double
    /// The lowest value.
    package let low: Double
    /// The highest value.
    package let high: Double

    package init(x: Double, low: Double, high: Double) {
        (self.x, self.low, self.high) = (x, low, high)
    }
}
