/// The held-out images of a run and the evaluations on them before the first unit.
package struct HeldOutBaseline: Equatable, Codable, Sendable {
    /// Where the images come from.
    package enum Source: String, Codable, Sendable {
        /// Evaluation images.
        case evaluation
        /// Images of the calibration set that the run does not calibrate with.
        case calibration
    }

    /// Where the images come from.
    package var source: Source
    /// The checkpoint on these images.
    package var fullPrecision: Evaluation
    /// One evaluation per unit: the units through it calibrated at the plan's bits at the start, the suffix in full
    /// precision.
    package var calibrated: [Evaluation]
    /// The same with every weight rounded to the nearest code, which every other solver has to beat; nil if the plan's
    /// solver does just that.
    package var roundedToNearest: [Evaluation]?

    package init(
        source: Source, fullPrecision: Evaluation, calibrated: [Evaluation],
        roundedToNearest: [Evaluation]? = nil
    ) {
        self.source = source
        self.fullPrecision = fullPrecision
        self.calibrated = calibrated
        self.roundedToNearest = roundedToNearest
    }
}
