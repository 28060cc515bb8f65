/// How an attempt came to its end.
package enum AttemptEnding: String, Codable, Sendable {
    /// It did all that its hyperparameters ask for.
    case complete
    /// A person ended it; it keeps what it had learned until then.
    case finishedEarly = "finished_early"
    /// A person gave it up; the unit is what it was before, or as calibrated where there was nothing before.
    case cancelled
}

/// What became of one attempt.
package struct AttemptReport: Equatable, Codable, Sendable {
    /// The unit's index.
    package var unit: Int
    /// The unit's name.
    package var name: String
    /// The attempt's number, from 1.
    package var attempt: Int
    /// The hyperparameters it came out with, as changes of the defaults' fields.
    ///
    /// They give the same attempt again behind the same prefix: one that was finished early has `stop_after`, one
    /// that was cancelled 0 `steps`.
    package var hyperparameters: [HyperparameterChange]
    /// The sites whose bits differ from the hyperparameters', by name.
    package var sites: [SiteOverride]
    /// The attempts that were chosen for the units before when this one was made, in order.
    package var prefix: [Int]
    /// The block term over the calibration images when calibrated.
    package var calibratedLoss: Double
    /// The block term over the calibration images at the end, roundings hard.
    package var finalLoss: Double
    /// The model's KL over the calibration images when calibrated (units after this one in full precision), in nats.
    package var calibratedKl: Double
    /// The model's KL over the calibration images at the end, in nats.
    package var finalKl: Double
    /// The model with the units through this one quantized and those behind in full precision, on the held-out
    /// images; nil without any.
    package var heldOut: Evaluation?
    /// KL(full ‖ quantized) of that model at every held-out image, in nats, so that attempts can be compared image by
    /// image; nil without any, and in a run's report, which sums up.
    package var heldOutKl: [Float]?
    /// Whether the guard put the unit back to its calibrated state.
    package var reverted: Bool
    /// How it came to its end.
    package var ending: AttemptEnding
    /// How long it took, in seconds.
    package var seconds: Double
    /// The size of the unit as exported, in bytes.
    package var bytes: Int

    /// Makes a report.
    package init(
        unit: Int, name: String, attempt: Int, hyperparameters: [HyperparameterChange],
        sites: [SiteOverride] = [], prefix: [Int] = [], calibratedLoss: Double, finalLoss: Double,
        calibratedKl: Double, finalKl: Double, heldOut: Evaluation? = nil,
        heldOutKl: [Float]? = nil, reverted: Bool, ending: AttemptEnding = .complete, seconds: Double,
        bytes: Int
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
        self.reverted = reverted
        self.ending = ending
        self.seconds = seconds
        self.bytes = bytes
    }

    /// How far the divergence at held-out images is from another attempt's, in nats; nil where it is not known of
    /// both.
    package func heldOutDifference(from other: AttemptReport) -> PairedDifference? {
        guard let own = heldOutKl, let others = other.heldOutKl else { return nil }
        return PairedDifference([own.map(Double.init)], [others.map(Double.init)])
    }
}
