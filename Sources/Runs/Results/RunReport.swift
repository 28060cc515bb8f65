/// The result of a finished run.
package struct RunReport: Equatable, Codable, Sendable {
    /// The checkpoint's evaluation.
    package var fullPrecision: Evaluation?
    /// The calibrated model's evaluation.
    package var calibrated: Evaluation?
    /// The final model's evaluation.
    package var final: Evaluation?
    /// How far the final model's logits move with its images; nil where it was not measured.
    package var noiseFloor: NoiseFloor?
    /// The chosen attempts, one per unit.
    package var units: [AttemptReport]
    /// The units that are stale: reconstructed after other attempts than the chosen ones.
    ///
    /// The plan does not reproduce the integers of a run with stale units.
    package var stale: [Int]
    /// The held-out baseline; nil without held-out images.
    package var heldOut: HeldOutBaseline?
    /// The size of the full-precision weights in bytes.
    package var fullPrecisionBytes: Int
    /// The size of the exported weights, scales and zero points, in bytes.
    package var bytes: Int
    /// The duration of the run, in seconds.
    package var seconds: Double
    /// The processor time of the run, in seconds over all threads; nil where it was resumed.
    package var processorSeconds: Double?
    /// KL(full ‖ quantized) of the final model on at most 512 of the images that it was calibrated on, in nats.
    ///
    /// How far it lies below that of `final` says how far units are fitted to these images.
    package var calibrationKl: Double? { units.last?.finalKl }

    package init(
        fullPrecision: Evaluation?, calibrated: Evaluation?, final: Evaluation?,
        noiseFloor: NoiseFloor? = nil, units: [AttemptReport],
        stale: [Int] = [], heldOut: HeldOutBaseline? = nil, fullPrecisionBytes: Int, bytes: Int,
        seconds: Double, processorSeconds: Double? = nil
    ) {
        self.fullPrecision = fullPrecision
        self.calibrated = calibrated
        self.final = final
        self.noiseFloor = noiseFloor
        self.units = units
        self.stale = stale
        self.heldOut = heldOut
        self.fullPrecisionBytes = fullPrecisionBytes
        self.bytes = bytes
        self.seconds = seconds
        self.processorSeconds = processorSeconds
    }
}
