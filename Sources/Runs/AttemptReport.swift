/// How an attempt came to its end.
public enum AttemptEnding: String, Codable, Sendable {
    /// It did all that its hyperparameters ask for.
    case complete
    /// A person ended it; it keeps what it had learned until then.
    case finishedEarly = "finished_early"
    /// A person gave it up; the unit is what it was before, or as calibrated where there was nothing before.
    case cancelled
}

/// What became of one attempt.
public struct AttemptReport: Equatable, Codable, Sendable {
    /// The unit's index.
    public var unit: Int
    /// The unit's name.
    public var name: String
    /// The attempt's number, from 1.
    public var attempt: Int
    /// The hyperparameters it came out with, as changes of the defaults' fields.
    ///
    /// They give the same attempt again behind the same prefix: one that was finished early has `stop_after`, one
    /// that was cancelled 0 `steps`.
    public var hyperparameters: [HyperparameterChange]
    /// The sites whose bits differ from the hyperparameters', by name.
    public var sites: [SiteOverride]
    /// The attempts that were chosen for the units before when this one was made, in order.
    public var prefix: [Int]
    /// The block term over the calibration images when calibrated.
    public var calibratedLoss: Double
    /// The block term over the calibration images at the end, roundings hard.
    public var finalLoss: Double
    /// The model's KL over the calibration images when calibrated (units after this one in full precision), in nats.
    public var calibratedKl: Double
    /// The model's KL over the calibration images at the end, in nats.
    public var finalKl: Double
    /// The model with the units through this one quantized and those behind in full precision, on the held-out
    /// images; nil without any.
    public var heldOut: Evaluation?
    /// KL(full ‖ quantized) of that model at every held-out image, in nats, so that attempts can be compared image by
    /// image; nil without any, and in a run's report, which sums up.
    public var heldOutKl: [Float]?
    /// Whether the guard put the unit back to its calibrated state.
    public var reverted: Bool
    /// How it came to its end.
    public var ending: AttemptEnding
    /// How long it took, in seconds.
    public var seconds: Double
    /// The size of the unit as exported, in bytes.
    public var bytes: Int

    /// Makes a report.
    public init(
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
    public func heldOutDifference(from other: AttemptReport) -> PairedDifference? {
        guard let own = heldOutKl, let others = other.heldOutKl else { return nil }
        return PairedDifference([own.map(Double.init)], [others.map(Double.init)])
    }
}
