package import Runs
package import Vocabulary

/// A unit, as far as the engine has told of it.
package struct UnitProgress: Equatable, Sendable {
    /// What a unit is doing.
    package enum Phase: Equatable, Sendable {
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

    /// How many attempts have their curves kept.
    static let keptCurves = 8

    /// The unit's name.
    package let name: String
    /// The number of weights and biases.
    package let parameters: Int
    /// The names of its sites.
    package let siteNames: [String]
    /// What it is doing.
    package var phase = Phase.waiting
    /// The number of the attempt that is in work or chosen; 0 before the first.
    package var attempt = 0
    /// The last measured step; 0 before the first.
    package var step = 0
    /// The number of steps of the attempt.
    package var steps = 0
    /// The block term at the last measured step.
    package var loss: Double?
    /// What the quantizers said of their sites.
    package var sites: [SiteReport] = []
    /// What became of the chosen attempt.
    package var report: AttemptReport?
    /// Whether a unit before it has another attempt now than when it was reconstructed.
    package var isStale = false
    /// What the next attempt, or the one in work, uses.
    package var hyperparameters: Hyperparameters
    /// What was measured at the steps of the latest attempts, by their numbers.
    private(set) var curvesByAttempt: [Int: UnitCurves] = [:]

    init(_ summary: UnitSummary, hyperparameters: Hyperparameters) {
        name = summary.name
        parameters = summary.parameters
        siteNames = summary.sites
        self.hyperparameters = hyperparameters
    }

    /// What was measured at the steps of the attempt in work or chosen; nil before its first step.
    var curves: UnitCurves? { curvesByAttempt[attempt] }

    /// The curves of other attempts, the latest last.
    var otherCurves: [(attempt: Int, curves: UnitCurves)] {
        curvesByAttempt.filter { $0.key != attempt }.sorted { $0.key < $1.key }
            .map { (attempt: $0.key, curves: $0.value) }
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
        curvesByAttempt[attempt] = nil
        forgetOldCurves()
    }

    mutating func take(_ sample: StepSample) {
        phase = .running
        attempt = sample.attempt
        (step, steps, loss) = (sample.step, sample.steps, sample.terms.block ?? sample.loss)
        curvesByAttempt[sample.attempt, default: UnitCurves(steps: sample.steps)].append(sample)
    }

    /// Takes what became of the attempt that is the chosen one now; nil where the unit is not quantized any more.
    mutating func settle(_ report: AttemptReport?) {
        self.report = report
        guard let report else {
            (phase, loss, step) = (.waiting, nil, 0)
            return
        }
        phase = report.reverted ? .reverted : .done
        (attempt, loss) = (report.attempt, report.finalLoss)
    }

    private mutating func forgetOldCurves() {
        let others = curvesByAttempt.keys.filter { $0 != attempt && $0 != report?.attempt }.sorted()
        for number in others.dropLast(Self.keptCurves - 2) { curvesByAttempt[number] = nil }
    }
}
