/// What a finished run has to say.
package struct RunReport: Equatable, Codable, Sendable {
    /// The checkpoint's evaluation.
    package var fullPrecision: Evaluation?
    /// The calibrated model's evaluation.
    package var calibrated: Evaluation?
    /// The final model's evaluation.
    package var final: Evaluation?
    /// The chosen attempts, one per unit.
    package var units: [AttemptReport]
    /// The units that are stale: reconstructed behind other attempts than the chosen ones.
    ///
    /// With any, the plan does not lead to the same integers again.
    package var stale: [Int]
    /// What attempts were compared on; nil without held-out images.
    package var heldOut: HeldOutBaseline?
    /// The size of the full-precision weights in bytes.
    package var fullPrecisionBytes: Int
    /// The size of the exported weights, scales and zero points, in bytes.
    package var bytes: Int
    /// How long the run took, in seconds.
    package var seconds: Double

    /// Makes a report.
    package init(
        fullPrecision: Evaluation?, calibrated: Evaluation?, final: Evaluation?, units: [AttemptReport],
        stale: [Int] = [], heldOut: HeldOutBaseline? = nil, fullPrecisionBytes: Int, bytes: Int,
        seconds: Double
    ) {
        self.fullPrecision = fullPrecision
        self.calibrated = calibrated
        self.final = final
        self.units = units
        self.stale = stale
        self.heldOut = heldOut
        self.fullPrecisionBytes = fullPrecisionBytes
        self.bytes = bytes
        self.seconds = seconds
    }
}
