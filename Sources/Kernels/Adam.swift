internal import CKernels
package import TensorCore

/// How one step of Adam (arXiv 1412.6980) is made.
package struct AdamSettings: Sendable, Hashable {
    /// The length of a step.
    package var learningRate: Float
    /// How much of the first moment is kept.
    package var beta1: Float
    /// How much of the second moment is kept.
    package var beta2: Float
    /// Added to the deviation.
    package var epsilon: Float
    /// The number of this step, counted from 1, for the correction of the moments' bias.
    package var step: Int

    /// Makes settings.
    ///
    /// - Parameters:
    ///   - learningRate: The length of a step.
    ///   - beta1: How much of the first moment is kept.
    ///   - beta2: How much of the second moment is kept.
    ///   - epsilon: Added to the deviation.
    ///   - step: The number of this step, counted from 1.
    package init(
        learningRate: Float, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8, step: Int
    ) {
        precondition(step >= 1, "steps of Adam are counted from 1, not \(step)")
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.step = step
    }

    var view: ck_adam {
        ck_adam(
            learning_rate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon,
            correction1: correction(beta1), correction2: correction(beta2))
    }

    /// 1 / (1 − beta^step), by squaring, so that it is the same on every system.
    private func correction(_ beta: Float) -> Float {
        var power = 1.0
        var factor = Double(beta)
        var exponent = step
        while exponent > 0 {
            if exponent & 1 == 1 {
                power *= factor
            }
            factor *= factor
            exponent >>= 1
        }
        return Float(1 / (1 - power))
    }
}

/// Makes one step of Adam: `parameters −= rate · m̂ / (√v̂ + epsilon)` after both moments took up the gradient.
///
/// - Parameters:
///   - parameters: `[rows, columns]`, updated.
///   - gradients: `[rows, columns]`.
///   - firstMoments: `[rows, columns]`, updated; zeros before the first step.
///   - secondMoments: `[rows, columns]`, updated; zeros before the first step.
///   - settings: How to step.
package func adamStep(
    parameters: Matrix, gradients: Matrix, firstMoments: Matrix, secondMoments: Matrix, settings: AdamSettings
) {
    gradients.require(like: parameters, "gradients")
    firstMoments.require(like: parameters, "firstMoments")
    secondMoments.require(like: parameters, "secondMoments")
    unsafe kernels.adam(
        parameters.view, gradients.view, firstMoments.view, secondMoments.view, settings.view)
}
