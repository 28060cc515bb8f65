public import Runs

/// A unit, as far as the engine has told of it.
public struct UnitProgress: Equatable, Sendable {
    /// What a unit is doing.
    public enum Phase: Equatable, Sendable {
        /// Its turn has not come.
        case waiting
        /// Its ranges are searched.
        case calibrating
        /// It is reconstructed.
        case running
        /// It is finished.
        case done
        /// It is finished and was put back to its calibrated state.
        case reverted
    }

    /// The unit's name.
    public let name: String
    /// The number of weights and biases.
    public let parameters: Int
    /// What it is doing.
    public var phase = Phase.waiting
    /// The attempt's number; 0 before the first.
    public var attempt = 0
    /// The last measured step; 0 before the first.
    public var step = 0
    /// The number of steps of the attempt.
    public var steps = 0
    /// The block term at the last measured step.
    public var loss: Double?
    /// What the quantizers said of their sites.
    public var sites: [SiteReport] = []
    /// What became of the last attempt.
    public var report: AttemptReport?
    /// What the next attempt, or the one in work, uses.
    public var hyperparameters: Hyperparameters
    /// What was measured at the steps of the last attempt; nil before its first step.
    public var curves: UnitCurves?

    init(_ summary: UnitSummary, hyperparameters: Hyperparameters) {
        name = summary.name
        parameters = summary.parameters
        self.hyperparameters = hyperparameters
    }

    /// Whether it is in work.
    var isInWork: Bool { phase == .calibrating || phase == .running }

    /// Whether it is finished.
    var isFinished: Bool { phase == .done || phase == .reverted }

    /// How much of it is done, from 0 through 1.
    var fraction: Double {
        if isFinished { return 1 }
        return phase == .running && steps > 0 ? Double(step) / Double(steps) : 0
    }

    mutating func begin(attempt: Int) {
        phase = .calibrating
        self.attempt = attempt
        (step, steps, loss) = (0, 0, nil)
        curves = nil
    }

    mutating func take(_ sample: StepSample) {
        phase = .running
        (step, steps, loss) = (sample.step, sample.steps, sample.terms.block ?? sample.loss)
        var curves = curves ?? UnitCurves(steps: sample.steps)
        self.curves = nil
        curves.append(sample)
        self.curves = curves
    }

    mutating func finish(_ report: AttemptReport) {
        phase = report.reverted ? .reverted : .done
        loss = report.finalLoss
        self.report = report
    }
}
