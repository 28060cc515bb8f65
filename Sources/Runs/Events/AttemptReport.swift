/// How an attempt ended.
package enum AttemptEnding: String, Codable, Sendable {
    /// It did everything that its hyperparameters ask for.
    case complete
    /// It was ended by a command; it keeps what it had learned.
    case finishedEarly = "finished_early"
    /// It was discarded by a command; the unit keeps its former attempt, or is as calibrated without one.
    case cancelled
}

/// The result of one attempt.
package struct AttemptReport: Equatable, Codable, Sendable {
    /// The unit's index.
    package var unit: Int
    /// The unit's name.
    package var name: String
    /// The attempt's number, from 1.
    package var attempt: Int
    /// The hyperparameters that reproduce the attempt after the same prefix, as changes to the defaults.
    ///
    /// An attempt that was finished early has `stop_after`; one that was cancelled has 0 `steps`.
    package var hyperparameters: [HyperparameterChange]
    /// The sites whose bits differ from the hyperparameters', by name.
    package var sites: [SiteOverride]
    /// The chosen attempts of the units before when this one was made, in order.
    package var prefix: [Int]
    /// The block term over the calibration images, calibrated.
    package var calibratedLoss: Double
    /// The block term over the calibration images at the end, with hard roundings.
    package var finalLoss: Double
    /// The model's KL over the calibration images, calibrated, with the suffix in full precision, in nats.
    package var calibratedKl: Double
    /// The same KL at the end, in nats.
    package var finalKl: Double
    /// The model on the held-out images, with the units through this one quantized and the suffix in full precision;
    /// nil without held-out images.
    package var heldOut: Evaluation?
    /// KL(full ‖ quantized) of that model for every held-out image, in nats, which pairs attempts by image; nil
    /// without held-out images and in a run's report.
    package var heldOutKl: [Float]?
    /// How far the logits of that model move with the held-out images; nil where it was not measured, and in journals of
    /// earlier versions.
    package var heldOutNoiseFloor: NoiseFloor?
    /// Whether the guard put the unit back to its calibrated state.
    package var reverted: Bool
    /// Why, and what to try; nil of a unit that was not put back, and in journals of earlier versions.
    package var diagnosis: RevertDiagnosis?
    /// How it ended.
    package var ending: AttemptEnding
    /// Its duration, in seconds.
    package var seconds: Double
    /// The size of the exported unit, in bytes.
    package var bytes: Int
    /// The SHA-256 of the attempt's file; nil without a run directory.
    package var sha256: String?

    package init(
        unit: Int, name: String, attempt: Int, hyperparameters: [HyperparameterChange],
        sites: [SiteOverride] = [], prefix: [Int] = [], calibratedLoss: Double, finalLoss: Double,
        calibratedKl: Double, finalKl: Double, heldOut: Evaluation? = nil,
        heldOutKl: [Float]? = nil, heldOutNoiseFloor: NoiseFloor? = nil, reverted: Bool,
        diagnosis: RevertDiagnosis? = nil,
        ending: AttemptEnding = .complete, seconds: Double, bytes: Int, sha256: String? = nil
    ) {
        self.unit = unit
        self.name = name
        self.attempt = attempt
        self.hyperparameters = hyperparameters
        self.sites = sites
        self.prefix = prefix
        self.calibratedLoss = calibratedLoss
        self.finalLoss = finalLoss
        self.calibratedKl = calibratedKl
        self.finalKl = finalKl
        self.heldOut = heldOut
        self.heldOutKl = heldOutKl
        self.heldOutNoiseFloor = heldOutNoiseFloor
        self.reverted = reverted
        self.diagnosis = diagnosis
        self.ending = ending
        self.seconds = seconds
        self.bytes = bytes
        self.sha256 = sha256
    }

    /// The difference in KL on the held-out images from another attempt, in nats; nil unless both have measured it.
    package func heldOutDifference(from other: AttemptReport) -> PairedDifference? {
        guard let own = heldOutKl, let others = other.heldOutKl else { return nil }
        return PairedDifference([own.map(Double.init)], [others.map(Double.init)])
    }

    /// Whether the difference in KL on the held-out images from another attempt is less than the greater noise floor of
    /// the two; nil unless both have measured everything.
    package func heldOutDifferenceIsBelowNoiseFloor(from other: AttemptReport) -> Bool? {
        heldOutDifference(from: other).flatMap { $0.isBelow(heldOutNoiseFloor, other.heldOutNoiseFloor) }
    }
}
