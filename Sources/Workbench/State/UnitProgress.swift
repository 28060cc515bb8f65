internal import RunText
package import Runs
package import Vocabulary

/// The state of a unit according to the run's events.
package struct UnitProgress: Equatable, Sendable {
    package enum Phase: Equatable, Sendable {
        case waiting
        /// Its ranges are being searched.
        case calibrating
        /// It is being reconstructed.
        case running
        case done
        /// It is finished and was reverted to its calibrated state.
        case reverted
    }

    /// The number of attempts whose curves are kept.
    static let keptCurves = 8

    package let name: String
    /// The number of weights and biases.
    package let parameters: Int
    package let siteNames: [String]
    package var phase = Phase.waiting
    /// The number of the current or chosen attempt; 0 before the first.
    package var attempt = 0
    /// The last measured step; 0 before the first.
    package var step = 0
    /// The number of steps of the attempt.
    package var steps = 0
    /// The block term at the last measured step.
    package var loss: Double?
    package var sites: [SiteReport] = []
    /// The block term of the current attempt over the calibration images, calibrated; nil while it is not known.
    var calibratedLoss: Double?
    package var report: AttemptReport?
    /// Whether an earlier unit has another attempt now than when this one was reconstructed.
    package var isStale = false
    /// The hyperparameters of the current or next attempt.
    package var hyperparameters: Hyperparameters
    /// The curves of the latest attempts, by their numbers.
    private(set) var curvesByAttempt: [Int: UnitCurves] = [:]

    init(_ summary: UnitSummary, hyperparameters: Hyperparameters) {
        name = summary.name
        parameters = summary.parameters
        siteNames = summary.sites
        self.hyperparameters = hyperparameters
    }

    /// The curves of the current or chosen attempt; nil before its first step.
    var curves: UnitCurves? { curvesByAttempt[attempt] }

    /// The curves of other attempts, the latest last.
    var otherCurves: [(attempt: Int, curves: UnitCurves)] {
        curvesByAttempt.filter { $0.key != attempt }.sorted { $0.key < $1.key }
            .map { (attempt: $0.key, curves: $0.value) }
    }

    var isInWork: Bool { phase == .calibrating || phase == .running }

    var isFinished: Bool { phase == .done || phase == .reverted }

    /// How much of it is done, from 0 through 1.
    var fraction: Double {
        if isFinished { return 1 }
        return phase == .running && steps > 0 ? Double(step) / Double(steps) : 0
    }

    mutating func begin(attempt: Int) {
        phase = .calibrating
        self.attempt = attempt
        (step, steps, loss, calibratedLoss) = (0, 0, nil, nil)
        curvesByAttempt[attempt] = nil
        forgetOldCurves()
    }

    mutating func take(_ sample: StepSample) {
        phase = .running
        attempt = sample.attempt
        (step, steps, loss) = (sample.step, sample.steps, sample.terms.block ?? sample.loss)
        let empty = UnitCurves(
            steps: sample.steps, hyperparameters: hyperparameters, isHead: isHead,
            calibratedLoss: calibratedLoss)
        curvesByAttempt[sample.attempt, default: empty].append(sample)
    }

    mutating func take(_ mark: RateMark, attempt: Int) { curvesByAttempt[attempt]?.append(mark) }

    /// Notes how much of what an attempt learned is kept.
    mutating func keep(_ share: Double, attempt: Int) { curvesByAttempt[attempt]?.keptShare = share }

    /// Whether it is the head: the block term of its steps is the KL of the logits.
    var isHead: Bool { name == "head" }

    /// The block loss divided by that of the calibrated unit: as kept at the end, or as far as learning has come.
    var ratio: Double? {
        guard let report, report.attempt == attempt else {
            return phase == .waiting ? nil : curves?.verdict?.ratio
        }
        guard report.calibratedLoss > 0 else { return nil }
        return report.finalLoss / report.calibratedLoss
    }

    /// Takes the report of the chosen attempt; nil if the unit is no longer quantized.
    mutating func settle(_ report: AttemptReport?) {
        self.report = report
        guard let report else {
            (phase, loss, step) = (.waiting, nil, 0)
            return
        }
        phase = report.reverted ? .reverted : .done
        (attempt, loss) = (report.attempt, report.finalLoss)
        // Journals of earlier versions tell it only now.
        curvesByAttempt[attempt]?.calibratedLoss = report.calibratedLoss
        curvesByAttempt[attempt]?.finalLoss = report.finalLoss
    }

    private mutating func forgetOldCurves() {
        let others = curvesByAttempt.keys.filter { $0 != attempt && $0 != report?.attempt }.sorted()
        for number in others.dropLast(Self.keptCurves - 2) { curvesByAttempt[number] = nil }
    }
}
