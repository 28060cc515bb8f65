internal import Foundation
package import Vocabulary

/// Why a unit was put back to its calibrated state, and what to try instead.
package struct RevertDiagnosis: Equatable, Codable, Sendable {
    /// What its loss did.
    package enum Cause: String, Codable, Sendable {
        /// It rose.
        case rose
        /// It neither rose nor fell by much.
        case flat
        /// It was not a finite number.
        case notFinite = "not_finite"
    }

    /// What the loss did.
    package var cause: Cause
    /// The step from which on it did so.
    package var step: Int
    /// The hyperparameter that is to blame, with its value.
    package var blamed: HyperparameterChange
    /// The value to try.
    package var suggested: HyperparameterChange
    /// How long the attempt with that value would take, in seconds.
    package var seconds: Double

    package init(
        cause: Cause, step: Int, blamed: HyperparameterChange, suggested: HyperparameterChange,
        seconds: Double
    ) {
        self.cause = cause
        self.step = step
        self.blamed = blamed
        self.suggested = suggested
        self.seconds = seconds
    }

    /// It in one sentence, without a full stop.
    package var sentence: String {
        let reason =
            switch cause {
            case .rose: "rose from step \(step) on: \(blamed.key) \(blamed.value) is too high here"
            case .flat: "flat: \(blamed.value) \(blamed.key) are too few here"
            case .notFinite: "not finite at step \(step): \(blamed.key) \(blamed.value) is too high here"
            }
        return "\(reason); try \(suggested.key) \(suggested.value), about \(Int(seconds.rounded(.up))) s"
    }
}

/// The course of a unit's loss over its steps, from which `RevertDiagnosis` is made.
package struct LossCourse: Sendable {
    /// The weight of a step in the smoothed loss.
    private static let weight = 0.1
    /// Above this multiple of the first loss the smoothed one has risen.
    private static let risen = 1.05

    private var first: Double?
    private var smoothed = 0.0
    private var least: (loss: Double, step: Int) = (.infinity, 0)
    /// The greatest smoothed loss, and the step of the least one before it.
    private var greatest: (loss: Double, since: Int) = (-.infinity, 0)
    /// The number of steps so far.
    package private(set) var steps = 0

    package init() {}

    /// Takes the block term of the next step.
    package mutating func add(_ loss: Double) {
        steps += 1
        smoothed = first == nil ? loss : smoothed + Self.weight * (loss - smoothed)
        if first == nil { first = loss }
        if smoothed < least.loss { least = (smoothed, steps) }
        if smoothed > greatest.loss { greatest = (smoothed, least.step) }
    }

    /// The diagnosis of a unit that was put back after these steps.
    ///
    /// - Parameters:
    ///   - hyperparameters: Those of the attempt.
    ///   - isFinite: Whether the loss stayed finite.
    ///   - secondsPerStep: How long a step took, in seconds.
    ///   - otherSeconds: How long the rest of the attempt took, in seconds.
    /// - Returns: The diagnosis.
    package func diagnosis(
        _ hyperparameters: Hyperparameters, isFinite: Bool, secondsPerStep: Double, otherSeconds: Double
    ) -> RevertDiagnosis {
        func seconds(_ steps: Int) -> Double { otherSeconds + Double(steps) * secondsPerStep }
        let hasRisen = !isFinite || !(greatest.loss <= Self.risen * (first ?? .infinity))
        guard hasRisen else {
            let more = min(1_000_000, 2 * hyperparameters.steps)
            return RevertDiagnosis(
                cause: .flat, step: 1,
                blamed: HyperparameterChange(key: "steps", value: "\(hyperparameters.steps)"),
                suggested: HyperparameterChange(key: "steps", value: "\(more)"), seconds: seconds(more))
        }
        let learnsWeights = hyperparameters.weightLearningRate > 0
        let rate = learnsWeights ? hyperparameters.weightLearningRate : hyperparameters.scaleLearningRate
        let key = learnsWeights ? "weight_learning_rate" : "scale_learning_rate"
        return RevertDiagnosis(
            cause: isFinite ? .rose : .notFinite, step: isFinite ? greatest.since + 1 : steps,
            blamed: HyperparameterChange(key: key, value: "\(rate)"),
            suggested: HyperparameterChange(key: key, value: Self.tenth(of: rate)),
            seconds: seconds(hyperparameters.lastStep))
    }

    /// A tenth with two digits, so that 0.03 gives 0.003.
    private static func tenth(of rate: Double) -> String {
        "\(Double(String(format: "%.1e", rate / 10)) ?? rate / 10)"
    }
}
