/// The images of a run that nothing is learned from, and what is known of them before the first unit.
package struct HeldOutBaseline: Equatable, Codable, Sendable {
    /// Where held-out images come from.
    package enum Source: String, Codable, Sendable {
        /// The first of the evaluation images.
        case evaluation
        /// Calibration images beyond those that the run calibrates with.
        case calibration
    }

    /// Where the images come from.
    package var source: Source
    /// The checkpoint on these images.
    package var fullPrecision: Evaluation
    /// One evaluation per unit: the units through this one calibrated at the plan's bits at the start, none
    /// reconstructed, those behind in full precision.
    package var calibrated: [Evaluation]
    /// The same with every weight rounded to the nearest code, which is what any other solver has to beat; nil where
    /// the plan asks for no other solver.
    package var roundedToNearest: [Evaluation]?

    /// Makes a baseline.
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
