/// What held-out images say of a model.
package enum HeldOutMeasure: Equatable, Sendable {
    /// How many of their labels are the most likely class, in percent.
    case top1
    /// How far the distribution of classes is from that of full precision, in nats.
    case kl
}

/// How charts over steps are shown; the same for every unit.
///
/// Places are fractions of an attempt's steps, so that they mean the same whatever the number of steps.
package struct ChartView: Equatable, Sendable {
    /// Whether losses are shown on a logarithmic axis.
    package internal(set) var isLogarithmicY = true
    /// Whether steps are shown on a logarithmic axis.
    package internal(set) var isLogarithmicX = false
    /// How much curves are smoothed: an index into ``smoothings``.
    package internal(set) var smoothing = 2
    /// The place whose values are told; nil tells the latest.
    package internal(set) var cursor: Double?
    /// The unit whose curve is kept for comparison.
    package internal(set) var pinned: Int?
    /// The parts that were zoomed into, one inside the other.
    private var zooms: [ClosedRange<Double>] = []

    /// How much curves can be smoothed: the weight of the past.
    package static let smoothings = [0, 0.6, 0.9, 0.98]

    /// Nothing smaller than this part of the steps is shown.
    private static let least = 1.0 / 256

    /// The part that is shown.
    var shown: ClosedRange<Double> { zooms.last ?? 0...1 }
    /// Whether less than everything is shown.
    var isZoomed: Bool { !zooms.isEmpty }
    /// Whether a smaller part can be shown.
    var canZoomIn: Bool { extent > Self.least }

    private var extent: Double { shown.upperBound - shown.lowerBound }

    /// Shows half as much, around the cursor or, without one, around a place.
    mutating func zoomIn(around place: Double? = nil) {
        guard canZoomIn else { return }
        let middle = min(max(place ?? cursor ?? 0.5, shown.lowerBound), shown.upperBound)
        let half = extent / 4
        let low = min(max(middle - half, shown.lowerBound), shown.upperBound - 2 * half)
        zooms.append(low...low + 2 * half)
        keepCursorInside()
    }

    /// Goes back to the part that was shown before.
    mutating func zoomOut() { _ = zooms.popLast() }

    /// Shows everything.
    mutating func zoomReset() { zooms = [] }

    /// Moves the cursor by a part of what is shown; it begins at the end that it comes from.
    mutating func moveCursor(by part: Double) {
        let start = part < 0 ? shown.upperBound : shown.lowerBound
        place(cursor: cursor.map { $0 + part * extent } ?? start)
    }

    /// Puts the cursor at a place.
    mutating func place(cursor place: Double) {
        cursor = min(max(place, shown.lowerBound), shown.upperBound)
    }

    private mutating func keepCursorInside() {
        if let cursor { place(cursor: cursor) }
    }
}
