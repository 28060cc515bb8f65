/// A measure on held-out images.
package enum HeldOutMeasure: Equatable, Sendable {
    /// The top-1 accuracy in percent.
    case top1
    /// The KL divergence from full precision in nats.
    case kl
}

/// What the reconstruction panel shows.
package enum LossView: Equatable, Sendable {
    /// The block loss over the steps, divided by that of the calibrated unit.
    case ratio
    /// Every term as measured, over the steps.
    case terms
    /// A measure on held-out images, unit by unit.
    case heldOut(HeldOutMeasure)
}

/// What the contributions panel shows.
package enum ContributionView: CaseIterable, Equatable, Sendable {
    /// Each term's share of the gradient, over the steps.
    case gradient
    /// Each term as it enters the loss, over the steps.
    case losses
    /// Each term's share of the gradient in every unit.
    case units
}

/// How charts over steps are shown, the same for every unit.
///
/// Places are fractions of an attempt's steps, so that they apply to any number of steps.
package struct ChartView: Equatable, Sendable {
    /// Whether losses are shown on a logarithmic axis.
    package internal(set) var isLogarithmicY = true
    /// Whether steps are shown on a logarithmic axis.
    package internal(set) var isLogarithmicX = false
    /// How much curves are smoothed: an index into ``smoothings``.
    package internal(set) var smoothing = 2
    /// The place whose values are shown; nil shows the latest.
    package internal(set) var cursor: Double?
    /// The unit whose curve others are compared with.
    package internal(set) var compared: Int?
    private var zooms: [ClosedRange<Double>] = []

    /// How much curves can be smoothed: the weight of the past.
    package static let smoothings = [0, 0.6, 0.9, 0.98]

    /// The smallest part of the steps that is shown.
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

    mutating func zoomOut() { _ = zooms.popLast() }

    mutating func zoomReset() { zooms = [] }

    /// Moves the cursor by a share of the visible range; a new cursor begins at the opposite end.
    mutating func moveCursor(by part: Double) {
        let start = part < 0 ? shown.upperBound : shown.lowerBound
        place(cursor: cursor.map { $0 + part * extent } ?? start)
    }

    mutating func place(cursor place: Double) {
        cursor = min(max(place, shown.lowerBound), shown.upperBound)
    }

    private mutating func keepCursorInside() {
        if let cursor { place(cursor: cursor) }
    }
}
