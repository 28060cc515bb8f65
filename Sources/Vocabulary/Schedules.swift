internal import Glibc

extension WeightSchedule {
    /// The factor at a share of the steps.
    package func factor(at progress: Double) -> Double {
        switch self {
        case .constant: 1
        case .ramp: min(1, progress / 0.2)
        case .decay: halfCosine(at: progress)
        }
    }
}

extension LearningRateSchedule {
    /// The factor at a share of the steps.
    package func factor(at progress: Double) -> Double {
        switch self {
        case .constant: 1
        case .cosine: halfCosine(at: progress)
        }
    }
}

extension Hyperparameters {
    /// The steps between probes of gradient norms: the first step is one, and about twenty more are.
    package var stepsBetweenProbes: Int { max(1, steps / 20) }

    /// The steps between evaluations of the validation images: ten of them in all.
    package var stepsBetweenValidations: Int { max(1, steps / 10) }

    /// The factor on learning rates at a share of the steps: warm-up, then the schedule over what is left.
    package func learningRateFactor(at progress: Double) -> Double {
        if progress < warmUp { return progress / warmUp }
        return learningRateSchedule.factor(at: warmUp < 1 ? (progress - warmUp) / (1 - warmUp) : 1)
    }
}

/// From 1 down to 0 in half a period.
package func halfCosine(at progress: Double) -> Double { 0.5 * (1 + cos(Double.pi * progress)) }
